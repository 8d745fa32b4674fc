import httpx
import pytest

from replicate_gateway.aiohttp_transport import AiohttpTransport

PHASES = {"connect": 1.0, "read": 0.1, "write": 1.0, "pool": 1.0}


@pytest.fixture
async def client(api):
    transport = AiohttpTransport(max_connections=2, keepalive_s=5)
    timeout = httpx.Timeout(**PHASES)
    async with httpx.AsyncClient(transport=transport, base_url=api.url, timeout=timeout) as client:
        yield client


async def test_method_query_headers_and_body_arrive_as_they_are(client, api, reply):
    api.on("POST /a b", reply({"ok": True}, status=201, headers={"X-Odd": "1"}))
    response = await client.post("/a%20b?q=%2B1&r=a%20b", json={"ü": 1}, headers={"X-One": "1"})
    assert (response.status_code, response.json(), response.headers["x-odd"]) == (201, {"ok": True}, "1")
    (asked,) = api.asked
    assert (asked.query, asked.json, asked.headers["x-one"]) == ({"q": "+1", "r": "a b"}, {"ü": 1}, "1")
    assert asked.headers["content-type"] == "application/json"


async def test_a_form_with_a_file_is_sent_with_its_length(client, api, reply):
    api.on("POST /files", reply({}))
    content = bytes(range(256)) * 1_000
    await client.post("/files", files={"content": ("a.bin", content, "image/png")})
    assert content in api.asked[0].body
    assert int(api.asked[0].headers["content-length"]) == len(api.asked[0].body)
    assert "transfer-encoding" not in api.asked[0].headers


async def test_cookies_and_redirects_are_left_alone(client, api, foreign_api, reply):
    api.on("GET /", reply({}, status=302, headers={"Location": foreign_api.url, "Set-Cookie": "a=b"}))
    assert (await client.get("/")).status_code == 302
    assert foreign_api.asked == []


@pytest.mark.parametrize(
    ("fault", "expected"), [({"hang": True}, httpx.ReadTimeout), ({"drop": True}, httpx.RemoteProtocolError)]
)
async def test_no_answer_is_told_apart_from_not_sent(client, api, reply, fault, expected):
    api.on("POST /", reply(**fault))
    with pytest.raises(expected):
        await client.post("/")
    assert len(api.asked) == 1


async def test_an_answer_cut_in_the_middle_is_no_answer(client, api, reply):
    api.on("GET /", reply(b"short", headers={"Content-Length": "500"}))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadTimeout)):
        await client.get("/")


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://nobody.invalid/", "https://127.0.0.1:{api}/"])
async def test_no_connection_name_or_tls_is_not_sent(client, api, unused_tcp_port, url):
    with pytest.raises(httpx.ConnectError):
        await client.get(url.format(port=unused_tcp_port, api=api.url.rpartition(":")[2]))


async def test_a_closed_transport_sends_nothing(client, api):
    transport = AiohttpTransport(max_connections=1, keepalive_s=1)
    await transport.aclose()
    request = httpx.Request("GET", api.url, extensions={"timeout": PHASES})
    with pytest.raises(httpx.ConnectError):
        await transport.handle_async_request(request)
    assert api.asked == []
