"""Fetching outputs: untrusted URLs, so an allow-list on every hop, a bound on size, and no URL in any error."""

import base64
import gzip
import io
import traceback

import aiohttp
import pytest
from aiohttp import web

from replicate_gateway.errors import GatewayUnavailableError, OutputRefusedError
from replicate_gateway.outputs import OutputFetcher
from tests.support.aioresponses_shim import MockedResponses
from tests.support.web_servers import answering, listening

SECRET = "bearer-part-of-the-link"
URL = f"https://replicate.delivery/x/{SECRET}/out.png"
LIMIT = 100_000


def allows(url):
    return url.startswith("https://replicate.delivery/")


def everything_said(error):
    """All that a log could show of an error."""
    said = traceback.format_exception(error)
    while error:
        said += [str(error), repr(error), *map(str, error.args)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(said)


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def fetcher(http):
    return OutputFetcher(http, allows)


async def refused(fetcher, url=URL, error=OutputRefusedError):
    """The refusal; whatever it was, nothing may be left in the file."""
    into = io.BytesIO()
    with pytest.raises(error) as raised:
        await fetcher.fetch(url, into, max_bytes=LIMIT)
    assert into.getvalue() == b""
    assert into.tell() == 0
    assert SECRET not in everything_said(raised.value)
    return raised.value


async def test_the_output_comes_whole_and_its_size_is_told(fetcher):
    into = io.BytesIO()
    with MockedResponses() as replicate:
        replicate.get(URL, body=b"x" * LIMIT)
        assert await fetcher.fetch(URL, into, max_bytes=LIMIT) == LIMIT
    assert into.getvalue() == b"x" * LIMIT


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_an_output_that_is_gone_is_gone(fetcher, status):
    with MockedResponses() as replicate:
        replicate.get(URL, status=status)
        error = await refused(fetcher)
    assert (error.code, error.status) == ("output_gone", status)


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 416])
async def test_an_answer_that_is_no_output_is_refused(fetcher, status):
    with MockedResponses() as replicate:
        replicate.get(URL, status=status)
        assert (await refused(fetcher)).code == "output_refused"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_where_time_helps_it_says_so(fetcher, status):
    with MockedResponses() as replicate:
        replicate.get(URL, status=status)
        assert (await refused(fetcher, error=GatewayUnavailableError)).status == status


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientConnectionError(URL),
        aiohttp.ServerDisconnectedError(URL),
        aiohttp.ClientPayloadError(URL),
        aiohttp.ClientResponseError(None, (), status=0, message=URL),
        TimeoutError(URL),
        OSError(5, URL),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_broken_line_is_worth_another_try_and_never_names_the_url(fetcher, error):
    with MockedResponses() as replicate:
        replicate.get(URL, exception=error)
        await refused(fetcher, error=GatewayUnavailableError)


async def test_a_size_that_is_announced_as_too_large_is_refused_before_anything_is_read(fetcher):
    with MockedResponses() as replicate:
        replicate.get(URL, body=b"x", headers={"Content-Length": str(LIMIT + 1)})
        assert (await refused(fetcher)).code == "output_too_large"


async def test_one_byte_above_the_limit_is_too_large_whatever_was_announced(fetcher):
    with MockedResponses() as replicate:
        replicate.get(URL, body=b"x" * (LIMIT + 1), headers={"Content-Length": "1"})
        assert (await refused(fetcher)).code == "output_too_large"


@pytest.mark.parametrize(
    "url", [f"https://evil.example/{SECRET}", "ftp://replicate.delivery/x", "file:///etc/passwd", ""]
)
async def test_a_host_that_is_not_listed_is_never_asked(fetcher, url):
    with MockedResponses() as replicate:
        assert (await refused(fetcher, url)).code == "output_host"
        replicate.assert_not_called()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_within_the_list_is_followed(fetcher, status):
    into = io.BytesIO()
    with MockedResponses() as replicate:
        replicate.get(URL, status=status, headers={"Location": "/elsewhere"})
        replicate.get("https://replicate.delivery/elsewhere", body=b"here")
        assert await fetcher.fetch(URL, into, max_bytes=LIMIT) == 4


@pytest.mark.parametrize(
    "location",
    [
        f"https://evil.example/{SECRET}",
        "//evil.example/x",
        "http://replicate.delivery/x",
        "http://169.254.169.254/latest",
    ],
)
async def test_a_redirect_off_the_list_is_not_followed(fetcher, location):
    with MockedResponses() as replicate:
        replicate.get(URL, status=302, headers={"Location": location})
        assert (await refused(fetcher)).code == "output_host"
        assert len(replicate.requests) == 1


async def test_redirects_come_to_an_end(fetcher):
    with MockedResponses() as replicate:
        replicate.get(URL, status=302, headers={"Location": URL}, repeat=True)
        assert (await refused(fetcher)).code == "output_redirected"
        (calls,) = replicate.requests.values()
    assert len(calls) == 4


async def test_a_redirect_to_nowhere_is_refused(fetcher):
    with MockedResponses() as replicate:
        replicate.get(URL, status=302)
        assert (await refused(fetcher)).code == "output_refused"


def data_url(body, head="data:image/png;base64"):
    return f"{head},{base64.b64encode(body).decode()}"


async def test_a_data_url_is_decoded_without_asking_anybody(fetcher):
    into = io.BytesIO()
    assert await fetcher.fetch(data_url(b"\x89PNG"), into, max_bytes=LIMIT) == 4
    assert into.getvalue() == b"\x89PNG"
    into = io.BytesIO()
    assert await fetcher.fetch("data:text/plain,a%20b", into, max_bytes=LIMIT) == 3
    assert into.getvalue() == b"a b"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (data_url(b"x" * (LIMIT + 1)), "output_too_large"),
        ("data:text/plain," + "x" * (LIMIT + 1), "output_too_large"),
        ("data:text/plain," + "x" * (3 * LIMIT + 1), "output_too_large"),
        ("data:image/png;base64", "output_refused"),
        ("data:image/png;base64,%%%", "output_refused"),
        ("data:image/png;base64,AAA", "output_refused"),
        ("data:image/png;base64,ключ", "output_refused"),
    ],
    ids=["large", "large text", "huge", "no comma", "signs", "padding", "no ascii"],
)
async def test_a_data_url_that_cannot_be_an_output_is_refused(fetcher, url, code):
    assert (await refused(fetcher, url)).code == code


class Delivery:
    """A real delivery host; `serve` decides what it does."""

    def __init__(self, url):
        self.url, self.serve, self.sent, self.headers = url, None, 0, None


@pytest.fixture
async def delivery():
    async def handle(request):
        host.headers = request.headers
        return await host.serve(request)

    async with listening(answering(handle)) as url:
        host = Delivery(url)
        yield host


@pytest.fixture
def real(http, delivery):
    return OutputFetcher(http, lambda url: url.startswith(delivery.url))


async def test_a_real_stream_arrives_and_no_credentials_go_out(real, delivery):
    async def stream(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(10):
            await answer.write(b"0123456789")
        return answer

    delivery.serve = stream
    into = io.BytesIO()
    assert await real.fetch(f"{delivery.url}/a", into, max_bytes=LIMIT) == 100
    assert into.getvalue() == b"0123456789" * 10
    assert not {"Authorization", "Cookie"} & set(delivery.headers)


async def test_a_real_stream_without_an_end_is_cut_off_at_the_limit(real, delivery):
    async def endless(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65_536)
            delivery.sent += 65_536

    delivery.serve = endless
    assert (await refused(real, f"{delivery.url}/{SECRET}")).code == "output_too_large"
    assert delivery.sent < 50_000_000


async def test_what_unpacks_to_more_than_the_limit_is_too_large(real, delivery):
    async def bomb(request):
        return web.Response(body=gzip.compress(b"0" * 20_000_000), headers={"Content-Encoding": "gzip"})

    delivery.serve = bomb
    assert (await refused(real, f"{delivery.url}/{SECRET}")).code == "output_too_large"


async def test_a_stream_that_breaks_off_leaves_nothing_and_is_worth_another_try(real, delivery):
    async def broken(request):
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"x" * 10)
        request.transport.close()
        return answer

    delivery.serve = broken
    await refused(real, f"{delivery.url}/{SECRET}", GatewayUnavailableError)


async def test_a_real_redirect_off_the_list_is_not_followed(real, delivery):
    asked = []

    async def elsewhere(request):
        asked.append(request.path)
        raise web.HTTPFound("http://localhost:1/metadata")

    delivery.serve = elsewhere
    assert (await refused(real, f"{delivery.url}/{SECRET}")).code == "output_host"
    assert len(asked) == 1


async def test_a_host_that_is_not_there_is_worth_another_try(http, unused_tcp_port):
    fetcher = OutputFetcher(http, lambda _: True)
    await refused(fetcher, f"http://127.0.0.1:{unused_tcp_port}/{SECRET}", GatewayUnavailableError)


async def test_one_patience_for_an_output_and_all_its_redirects(http, delivery, loop_clock):
    asked = []

    async def slowly(request):
        asked.append(request.path)
        await loop_clock.put_forward(20)
        raise web.HTTPFound(request.url)

    delivery.serve = slowly
    await refused(OutputFetcher(http, lambda _: True, fetch_s=30), f"{delivery.url}/a", GatewayUnavailableError)
    assert len(asked) <= 2  # of four, each of which comes in time
