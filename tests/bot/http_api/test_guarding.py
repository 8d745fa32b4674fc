"""At the door of the API: who may come in, how fast, from which web page, and how every refusal looks."""

import asyncio

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from yarl import URL

from bot.http_api.keys import ApiKeys, RateLimit
from bot.http_api.problems import KINDS
from tests.support.api import KEY, OTHER_KEY, open_api
from tests.support.fakes import World

PAGE = "https://shop.example"


@pytest.fixture
async def api():
    async with open_api(World().start()) as api:
        yield api


# ---------------------------------------------------------------- keys


async def test_either_header_carries_the_key(api):
    stranger = api.with_key(None)
    for headers in ({"Authorization": f"Bearer {KEY}"}, {"Authorization": f"bearer  {KEY}"}, {"X-API-Key": KEY}):
        assert (await stranger.call("GET", "/tasks", headers=headers)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Authorization": f"Bearer {KEY}x"},
        {"X-API-Key": "ключ"},
        {"X-API-Key": "x" * 5000},
    ],
)
async def test_without_a_valid_key_there_is_nothing_to_see(api, headers):
    with capture_logs() as lines:
        reply = await api.with_key(None).call("GET", "/tasks", headers=headers)
    assert (reply.status, reply.code) == (401, "unauthorized")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert [(line["event"], line["reason"]) for line in lines] == [("request_refused", "api_key")]
    assert KEY[:-1] not in str(lines)


async def test_a_header_of_raw_bytes_is_refused_like_any_other(api):
    reader, writer = await asyncio.open_connection(api.client.host, api.client.port)
    writer.write(b"GET /api/v1/tasks HTTP/1.1\r\nHost: x\r\nX-API-Key: \xff\xfe\x80\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 401")


async def test_without_configured_keys_the_api_is_off():
    async with open_api(World().start(), api_keys=()) as api:
        for path in ("/tasks", "/tasks/x"):
            reply = await api.call("GET", path)
            assert (reply.status, reply.code) == (403, "api_off")


@given(
    st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16), min_size=1, max_size=5),
    st.text(),
)
def test_only_a_configured_key_is_a_key(configured, given_key):
    keys = ApiKeys(configured)
    assert (keys.user(given_key) is not None) == (given_key in configured)
    users = {keys.user(key) for key in configured}
    assert len(users) == len(set(configured))
    assert not [key for key in configured for user in users if key in user]


def test_the_table_of_keys_holds_none():
    assert KEY not in repr(ApiKeys([KEY]).__dict__)


# ---------------------------------------------------------------- rate


def test_a_bucket_gives_a_burst_and_then_its_rate():
    now = [0.0]
    limit = RateLimit(2, lambda: now[0])
    assert [limit.wait_s("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    assert limit.wait_s("b") == 0
    now[0] += 0.5
    assert [limit.wait_s("a"), limit.wait_s("a")] == [0, 1]
    now[0] += 1000
    assert [limit.wait_s("a") for _ in range(5)] == [0, 0, 0, 0, 1]


def test_less_than_one_request_a_second_is_possible():
    now = [0.0]
    limit = RateLimit(0.1, lambda: now[0])
    assert [limit.wait_s("a"), limit.wait_s("a")] == [0, 10]


async def test_a_key_that_calls_too_fast_is_told_when_to_come_back():
    async with open_api(World().start(), api_rate_limit=1) as api:
        replies = [await api.call("GET", "/tasks") for _ in range(4)]
        assert [reply.status for reply in replies[:2]] == [200, 200]
        assert (replies[-1].status, replies[-1].code, replies[-1].headers["Retry-After"]) == (429, "rate_limited", "1")
        assert (await api.with_key(OTHER_KEY).call("GET", "/tasks")).status == 200


# ---------------------------------------------------------------- web pages


async def test_a_page_that_may_call_can_read_every_answer():
    async with open_api(World().start(), api_allowed_origins=(PAGE,)) as api:
        for key in (KEY, None):
            reply = await api.with_key(key).call("GET", "/tasks", headers={"Origin": PAGE})
            assert reply.headers["Access-Control-Allow-Origin"] == PAGE
            assert {"ETag", "Retry-After"} <= set(reply.headers["Access-Control-Expose-Headers"].split(", "))
            assert "Origin" in reply.headers["Vary"]


async def test_a_page_that_may_call_is_told_how_before_it_does():
    async with open_api(World().start(), api_allowed_origins=(PAGE,)) as api:
        headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
        reply = await api.with_key(None).call("OPTIONS", "/tasks", documented=False, headers=headers)
    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == PAGE
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Idempotency-Key"} <= set(reply.headers["Access-Control-Allow-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize("allowed", [(), (PAGE,)])
async def test_another_page_is_not_let_in(allowed):
    async with open_api(World().start(), api_allowed_origins=allowed) as api:
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        reply = await api.call("OPTIONS", "/tasks", documented=False, headers=headers)
        assert (reply.status, reply.code) == (403, "origin_refused")
        answer = await api.call("GET", "/tasks", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in {**reply.headers, **answer.headers}


async def test_any_page_may_call_where_that_is_wanted():
    async with open_api(World().start(), api_allowed_origins=("*",)) as api:
        reply = await api.call("GET", "/tasks", headers={"Origin": "https://any.example"})
    assert reply.headers["Access-Control-Allow-Origin"] == "https://any.example"


# ---------------------------------------------------------------- problems


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "no_such_route"),
        ("GET", "", 404, "no_such_route"),
        ("GET", "/tasks/a/b/c", 404, "no_such_route"),
        ("DELETE", "/tasks", 405, "method_not_allowed"),
        ("GET", "/worker", 405, "method_not_allowed"),
    ],
)
async def test_what_there_is_not_is_a_problem_too(api, method, path, status, code):
    reply = await api.call(method, path, documented=False)
    assert (reply.status, reply.code) == (status, code)
    assert (status == 405) == ("Allow" in reply.headers)


async def test_what_the_bot_refuses_before_the_door_is_a_problem_too(api):
    async def stalled():
        yield b"{"
        await asyncio.Event().wait()

    json_body = {"Content-Type": "application/json"}
    slow = await api.call("POST", "/tasks", data=stalled(), headers=json_body)
    packed = await api.call("POST", "/tasks", data=b"\x1f\x8b", headers={**json_body, "Content-Encoding": "gzip"})
    assert [(reply.status, reply.code) for reply in (slow, packed)] == [
        (408, "too_slow"),
        (415, "unsupported_media_type"),
    ]


async def test_the_type_of_a_problem_leads_to_its_explanation(api):
    reply = await api.call("GET", "/tasks/x")
    problem = reply.json
    assert problem["title"] == KINDS["no_such_task"].title
    page, _, anchor = problem["type"].partition("#")
    async with aiohttp.ClientSession() as session, session.get(api.client.make_url("/").join(URL(page))) as answer:
        assert f'id="{anchor}"' in await answer.text()


async def test_the_documentation_is_open_and_needs_nothing_from_elsewhere(api):
    stranger = api.with_key(None)
    reply = await stranger.call("GET", "/docs", documented=False)
    text = reply.body.decode()
    assert reply.status == 200
    assert not [word for word in ("http://", "https://", "<script", "src=") if word in text.partition("<h2>Schemas")[0]]
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    openapi = (await stranger.call("GET", "/openapi.json", documented=False)).json
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            assert f"</span> /api/v1{path}" in text
            assert operation["operationId"] in text
            assert method.upper() in text
    assert all(f'id="{code}"' in text for code in KINDS)
