import httpx
import pytest

from replicate_gateway.transport import (
    EXCHANGE,
    AnswerRefusedError,
    AnswerUnreadableError,
    Exchange,
    ForeignAddressError,
    GuardedTransport,
)

TOKEN = "r8_secretsecretsecretsecret"
TIMEOUTS = httpx.Timeout(connect=1, read=2, write=3, pool=4)


class Network(httpx.AsyncBaseTransport):
    """Answers every request in the same way and remembers them."""

    def __init__(self, status=200, content=b"{}", headers=None):
        self.asked = []
        self.closed = False
        self._answer = (status, content, headers or {})

    async def handle_async_request(self, request):
        self.asked.append(request)
        status, content, headers = self._answer
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))

    async def aclose(self):
        self.closed = True


def guarded(network, max_answer_bytes=1_000):
    base_url = httpx.URL("https://api.example")
    return GuardedTransport(network, base_url=base_url, timeouts=TIMEOUTS, max_answer_bytes=max_answer_bytes)


def a_request(url="https://api.example/v1/x", timeout=None, method="POST"):
    extensions = {"timeout": timeout} if timeout else {}
    return httpx.Request(method, url, headers={"Authorization": f"Bearer {TOKEN}"}, extensions=extensions)


@pytest.fixture
def exchange():
    current = Exchange({"Cancel-After": "60s"})
    before = EXCHANGE.set(current)
    yield current
    EXCHANGE.reset(before)


async def test_the_answer_is_given_to_the_client_and_kept(exchange):
    network = Network(201, b'{"a": 1}', {"ratelimit-remaining": "599"})
    response = await guarded(network).handle_async_request(a_request())
    assert (response.status_code, response.json()) == (201, {"a": 1})
    assert (exchange.answer.status, exchange.answer.body) == (201, b'{"a": 1}')
    assert exchange.answer.headers["RateLimit-Remaining"] == "599"
    assert network.asked[0].headers["cancel-after"] == "60s"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, {"connect": 1, "read": 2, "write": 3, "pool": 4}),
        (dict.fromkeys(("connect", "read", "write", "pool")), {"connect": 1, "read": 2, "write": 3, "pool": 4}),
        ({"connect": 9, "read": 60.5, "write": None, "pool": 0}, {"connect": 9, "read": 60.5, "write": 3, "pool": 0}),
    ],
)
async def test_missing_time_outs_are_filled_in_and_given_ones_kept(exchange, given, expected):
    network = Network()
    await guarded(network).handle_async_request(a_request(timeout=given))
    assert network.asked[0].extensions["timeout"] == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/x",
        "http://api.example/v1/x",
        "https://api.example:8443/v1/x",
        "https://api.example.evil.example/v1/x",
        "https://api.example@evil.example/v1/x",
    ],
)
async def test_nothing_is_sent_to_another_origin(exchange, url):
    network = Network()
    with pytest.raises(ForeignAddressError):
        await guarded(network).handle_async_request(a_request(url))
    assert network.asked == []
    assert not exchange.handed_over


@pytest.mark.parametrize("status", [302, 404, 429, 503, 504])
async def test_a_refusal_never_reaches_the_clients_own_retries(exchange, status):
    network = Network(status, f'{{"detail": "{TOKEN} is wrong"}}'.encode(), {"Retry-After": "3600"})
    with pytest.raises(AnswerRefusedError) as caught:
        await guarded(network).handle_async_request(a_request(method="GET"))
    assert caught.value.answer.status == status
    assert caught.value.answer.headers["retry-after"] == "3600"
    assert caught.value.answer.body == b'{"detail": "*** is wrong"}'
    assert exchange.answer is None


async def test_an_answer_of_exactly_the_allowed_size_is_read(exchange):
    await guarded(Network(content=b"x" * 1_000)).handle_async_request(a_request())
    assert len(exchange.answer.body) == 1_000


@pytest.mark.parametrize("status", [200, 500])
async def test_a_larger_answer_is_not_read_on(exchange, status):
    with pytest.raises(AnswerUnreadableError):
        await guarded(Network(status, b"x" * 1_001)).handle_async_request(a_request())


async def test_compressed_answers_are_refused_for_they_may_grow(exchange):
    packed = {"Content-Encoding": "gzip"}
    with pytest.raises(AnswerUnreadableError):
        await guarded(Network(200, b"\x1f\x8b", packed)).handle_async_request(a_request())
    with pytest.raises(AnswerRefusedError) as caught:
        await guarded(Network(502, b"\x1f\x8b", packed)).handle_async_request(a_request())
    assert caught.value.answer.body == b""


async def test_closing_closes_the_network():
    network = Network()
    await guarded(network).aclose()
    assert network.closed
