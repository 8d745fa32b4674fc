"""A prediction's events over HTTP: lost connections, foreign hosts, servers that do not end."""

from contextlib import aclosing
from dataclasses import replace

import httpx
import pytest

from replicate_gateway import errors
from replicate_gateway.protocol import StreamEvent, StreamEventKind
from replicate_gateway.streaming import PredictionStreams, StreamLimits

TOKEN = "r8_secretsecretsecretsecret"
API = httpx.URL("https://api.replicate.com")
URL = "https://stream.replicate.com/v1/files/abc"
SSE = {"content-type": "text/event-stream; charset=utf-8"}
HELLO = b"event: output\nid: 1:0\ndata: Hello\n\n"
WORLD = b"event: output\nid: 2:0\ndata:  world\n\n"
DONE = b"event: done\nid: 3:0\ndata: {}\n\n"
LIMITS = StreamLimits(total_s=60, max_event_bytes=1000, max_bytes=2000, attempts=3)


class Body(httpx.AsyncByteStream):
    def __init__(self, *parts):
        self.parts, self.closed = parts, False

    async def __aiter__(self):
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part

    async def aclose(self):
        self.closed = True


def streamed(*parts, status=200, headers=SSE):
    return httpx.Response(status, headers=headers, stream=Body(*parts))


class Network(httpx.AsyncBaseTransport):
    """Gives its answers in order, the last one for ever."""

    def __init__(self, *answers):
        self.answers, self.asked, self.waits = list(answers), [], []

    async def handle_async_request(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds):
        self.waits.append(seconds)


async def read(network, url=URL, **limits):
    streams = PredictionStreams(
        network,
        base_url=API,
        api_token=TOKEN,
        limits=replace(LIMITS, **limits),
        sleep=network.sleep,
        jitter=lambda: 1.0,
    )
    return [event async for event in streams.events(url)]


def pieces(events):
    return [event.data for event in events if event.kind is StreamEventKind.OUTPUT]


async def test_the_events_come_in_order_up_to_the_last():
    answer = streamed(
        b": hi\n\n" + HELLO, WORLD + b"event: news\nid: 9\ndata: ?\n\n", DONE, b"event: output\ndata: !\n\n"
    )
    assert await read(Network(answer)) == [
        StreamEvent(StreamEventKind.OUTPUT, "Hello", "1:0"),
        StreamEvent(StreamEventKind.OUTPUT, " world", "2:0"),
        StreamEvent(StreamEventKind.DONE, "{}", "3:0"),
    ]
    assert answer.stream.closed


async def test_an_error_is_the_last_event():
    events = await read(Network(streamed(HELLO, b"event: error\ndata: CUDA\n\n", DONE)))
    assert events[-1] == StreamEvent(StreamEventKind.ERROR, "CUDA", "1:0")


@pytest.mark.parametrize("cut", [httpx.RemoteProtocolError("cut"), OSError("cut"), httpx.ReadTimeout("silent"), b""])
async def test_a_lost_connection_is_made_again_where_the_stream_was_lost(cut):
    first, second = streamed(HELLO, b"event: output\nid: 2:0\nda", cut), streamed(WORLD + DONE)
    network = Network(first, second)
    assert pieces(await read(network)) == ["Hello", " world"]
    assert [request.headers.get("last-event-id") for request in network.asked] == [None, "1:0"]
    assert first.stream.closed
    assert second.stream.closed


async def test_a_stream_that_is_lost_again_and_again_is_given_up_with_growing_pauses():
    network = Network(httpx.RemoteProtocolError("no"))
    with pytest.raises(errors.GatewayUnavailableError):
        await read(network)
    assert network.waits == [0.25, 0.5]


async def test_a_stream_that_cannot_be_reached_is_given_up_as_such():
    with pytest.raises(errors.GatewayUnreachableError):
        await read(Network(httpx.ConnectError("no")))


async def test_a_stream_that_says_so_is_left_alone_for_as_long_as_it_wishes():
    network = Network(streamed(b"retry: 7000\n\n"), streamed(status=429, headers={"retry-after": "9"}), streamed(DONE))
    await read(network)
    assert network.waits == [7.25, 9.5]


async def test_events_that_come_make_earlier_failures_good():
    cut = [streamed(HELLO, OSError("cut")) for _ in range(5)]
    assert len(pieces(await read(Network(*cut, streamed(DONE))))) == 5


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (streamed(status=404), errors.PredictionNotFoundError),
        (streamed(status=401), errors.CredentialsRefusedError),
        (streamed(status=302, headers={"location": "https://evil.example"}), errors.GatewayProtocolError),
        (streamed(HELLO, headers={"content-type": "text/html"}), errors.GatewayProtocolError),
        (streamed(HELLO, headers={**SSE, "content-encoding": "gzip"}), errors.GatewayProtocolError),
        (streamed(b"data: " + b"x" * 1001), errors.GatewayProtocolError),
        (streamed(*[HELLO] * 500), errors.GatewayProtocolError),
    ],
)
async def test_what_is_no_stream_of_ours_is_refused_at_once(answer, error):
    network = Network(answer)
    with pytest.raises(error):
        await read(network)
    assert len(network.asked) == 1
    assert answer.stream.closed


async def test_a_stream_ends_with_its_time_whatever_comes():
    with pytest.raises(errors.GatewayProtocolError, match="end"):
        await read(Network(streamed(HELLO, WORLD)), total_s=-1)
    with pytest.raises(errors.GatewayUnavailableError, match="silent"):
        await read(Network(streamed(httpx.ReadTimeout("silent"))), total_s=0)


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("https://api.replicate.com/v1/stream", f"Bearer {TOKEN}"),
        ("https://stream.replicate.com/v1/files/abc", None),
        ("https://streaming.api.replicate.com/abc", None),
    ],
)
async def test_the_token_goes_to_the_api_only(url, token):
    network = Network(streamed(DONE))
    await read(network, url)
    assert network.asked[0].headers.get("authorization") == token


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/s",
        "https://notreplicate.com/s",
        "http://stream.replicate.com/s",
        "https://api.replicate.com.evil.example/s",
        "file:///etc/passwd",
        "no url",
        "https://[",
    ],
)
async def test_a_foreign_host_is_not_connected_to(url):
    network = Network(streamed(DONE))
    with pytest.raises(errors.GatewayProtocolError):
        await read(network, url)
    assert network.asked == []


async def test_who_has_read_enough_closes_the_connection():
    answer = streamed(HELLO, WORLD, DONE)
    streams = PredictionStreams(Network(answer), base_url=API, api_token=TOKEN, limits=LIMITS)
    async with aclosing(streams.events(URL)) as events:
        assert (await anext(events)).data == "Hello"
    assert answer.stream.closed


async def test_the_gateway_streams_from_its_own_origin_over_real_http(api, gateway, reply, api_token):
    kind = {"Content-Type": "text/event-stream"}
    api.on("GET /v1/stream", reply(HELLO, headers=kind), reply(WORLD + DONE, headers=kind))
    assert pieces([event async for event in gateway.stream(f"{api.url}/v1/stream")]) == ["Hello", " world"]
    assert [asked.headers["authorization"] for asked in api.asked] == [f"Bearer {api_token}"] * 2
    assert [asked.headers.get("last-event-id") for asked in api.asked] == [None, "1:0"]
