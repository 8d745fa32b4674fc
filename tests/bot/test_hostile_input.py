"""Whatever comes in at whatever route: no crash, no 5xx, no traceback, nothing that hangs, nothing that is recorded.

The routes are found from the app itself, so a new one is covered by being there.
"""

import asyncio
import gc
import gzip
import json
import logging
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from structlog.testing import LogCapture

from bot.app import Overrides, create_app
from bot.http_limits import HttpLimits
from bot.settings import Settings
from mock_server.replicate.scenario import Scenario
from tests.support.callback_posts import secret, signed
from tests.support.darkroom import World, open_world, running_bot
from tests.support.flow import PHOTO, Impatient, stored
from tests.support.hostile_http import (
    CONTENT_TYPES,
    HEADERS,
    METHODS,
    NO_JSON,
    ODD_VALUES,
    TELLING_HEADERS,
    Answer,
    Request,
    exchange,
    filled,
    mutations,
    requests,
)
from tests.support.waiting import eventually

pytestmark = pytest.mark.no_cover  # property tests throughout: see conftest

T = TypeVar("T")

API_KEY = "an-api-key-of-somebody"
METRICS_TOKEN = "a-metrics-token-of-somebody"

# As in production, but for the patience.
BRISK = HttpLimits(look_every_s=0.05, head_s=0.2, linger_s=0.05)
# Of a slow sender: a hundred times what the server has, so that a busy machine is not taken for a patient server.
OUR_PATIENCE_S = 20.0


# Derandomized: the same requests on every run, so that a failure is ours and not the day's.
def examples(method: str) -> settings:
    """More where there is a body to read."""
    return settings(
        max_examples=8 if method in {"GET", "HEAD"} else 25,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def several(one: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    """Requests come in handfuls, at once: Hypothesis costs more than the bot does."""
    return st.lists(one, min_size=4, max_size=4)


def routes() -> list[tuple[str, str]]:
    """Method and path of every route that the bot can have."""
    token = SecretStr("123456:" + "a" * 35)
    app = create_app(Settings(bot_token=token, api_keys=(SecretStr(API_KEY),)))
    return sorted({(route.method, route.resource.canonical) for route in app.router.routes() if route.resource})


ROUTES = routes()
NO_TWINS = [(method, path) for method, path in ROUTES if method != "HEAD"]  # which differs from GET in the answer only
EVERY_ROUTE = pytest.mark.parametrize(("method", "path"), ROUTES, ids=map(" ".join, ROUTES))
EACH_ROUTE = pytest.mark.parametrize(("method", "path"), NO_TWINS, ids=map(" ".join, NO_TWINS))


class Trouble(logging.Handler):
    """Everything in the logs that looks like a fault of ours, ours or a library's."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.ours = LogCapture()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            error = record.exc_info[1] if record.exc_info else None
            self.lines.append(f"{record.name}: {record.getMessage()} {error!r}")

    def seen(self) -> list[str]:
        crashes = [line for line in self.ours.entries if line.get("exc_info") or line["event"].endswith("_crashed")]
        return [*self.lines, *map(str, crashes)]


@dataclass
class Target:
    """A running bot with a job at the model, its world, and the loop that both live in."""

    runner: asyncio.Runner
    world: World
    settings: Settings
    data_dir: Path
    trouble: Trouble
    callback: str  # path and query of the callback URL of the job's slot
    prediction: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> tuple[str, int]:
        return self.settings.host, self.settings.port

    def send(self, request: Request | bytes) -> Answer:
        (answer,) = self.send_all([request])
        return answer

    def send_all(self, all_of_them: Sequence[Request | bytes]) -> list[Answer]:
        """At once."""

        async def exchanges() -> list[Answer]:
            raw = [request if isinstance(request, bytes) else request.raw() for request in all_of_them]
            return await asyncio.gather(*(exchange(self.address, one) for one in raw))

        return self.runner.run(exchanges())

    def answers(self, request: Request) -> bool:
        """One of a few tries has an answer: a busy machine sends too slowly, or loses it with a refused body."""
        return any(self.send(request).status for _ in range(5))

    def unharmed(self, answer: Answer) -> None:
        assert answer.status is None or answer.status < 500, answer
        assert not self.trouble.seen()

    def settled(self) -> None:
        """What was started in the background has ended, without a crash either."""
        held = 1  # the job that waits at the model
        self.runner.run(eventually(lambda: len(stored(self.data_dir, "open")) <= held, within=20))
        assert not self.trouble.seen()

    def traces(self) -> list[list[str]]:
        return [stored(self.data_dir, prefix) for prefix in ("jobs", "open", "poison", "tasks", "history", "images")]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("hostile")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        target = runner.run(_start(stack, runner, data_dir))
        yield target
        runner.run(stack.aclose())


async def _start(stack: AsyncExitStack, runner: asyncio.Runner, data_dir: Path) -> Target:
    world = await stack.enter_async_context(open_world())
    world.models.scenario = Scenario(hold="processing")
    secrets = {
        "replicate_webhook_secret": SecretStr(world.replicate.webhook_secret),
        "api_keys": (SecretStr(API_KEY),),
        "metrics_token": SecretStr(METRICS_TOKEN),
    }
    settings = world.settings(data_dir, **secrets)
    await stack.enter_async_context(running_bot(settings, Overrides(random=Impatient(), http=BRISK)))
    await world.person().send_photo(PHOTO)
    start = await eventually(lambda: world.models.deliveries and world.models.deliveries[0])
    await eventually(lambda: stored(data_dir, "tasks"))  # the callback may be faster than what creates this
    url = urlsplit(start.url)
    document = {"id": start.prediction_id, "status": "processing", "output": None, "error": None, "logs": "",
                "urls": {"get": "https://x/", "cancel": "https://x/"}, "metrics": {"predict_time": 1.5},
                "input": {"image": "https://x/"}, "model": "a/b", "version": "0" * 64, "data_removed": False,
                "created_at": "2026-11-21T12:00:00.123456789Z", "webhook": start.url}  # fmt: skip
    return Target(runner, world, settings, data_dir, Trouble(), f"{url.path}?{url.query}", document)


@pytest.fixture
def target(running):
    """The same bot for all tests; what it logs is each test's own."""
    running.trouble = trouble = Trouble()
    root, processors = logging.getLogger(), structlog.get_config()["processors"]
    root.addHandler(trouble)
    structlog.configure(processors=[trouble.ours])
    yield running
    structlog.configure(processors=processors)
    root.removeHandler(trouble)


# --- strangers --------------------------------------------------------------------------------------------------------


@EVERY_ROUTE
def test_no_request_of_a_stranger_does_harm_or_leaves_a_trace(target, method, path):
    before = target.traces()

    @examples(method)
    @given(several(requests(st.just(method.encode()) | METHODS, path)))
    def holds(drawn):
        for request, answer in zip(drawn, target.send_all(drawn), strict=True):
            target.unharmed(answer)
            assert answer.status or not request.whole or target.answers(request)

    holds()
    assert target.traces() == before


@EACH_ROUTE
def test_no_header_that_means_something_does_harm_by_any_odd_value(target, method, path):
    """Each with each, so that nothing is left to luck: an `Expect` that was no text was a 500 at every route."""
    url = filled(path, b"x")
    for name in TELLING_HEADERS:
        for answer in target.send_all([Request(method.encode(), url, [(name, odd)], b"{}") for odd in ODD_VALUES]):
            target.unharmed(answer)


def test_bytes_that_are_no_request_are_refused_without_a_word(target):
    @examples("POST")
    @given(several(st.binary(min_size=1, max_size=200).map(lambda raw: raw.replace(b"\n", b"") + b"\r\n\r\n")))
    def holds(drawn):
        for answer in target.send_all(drawn):
            target.unharmed(answer)

    holds()


# --- those who know the secrets ---------------------------------------------------------------------------------------

_ANNA = {"id": 7, "is_bot": False, "first_name": "Anna", "language_code": "en"}
_CHAT = {"id": 7, "type": "private"}
_MESSAGE = {"message_id": 5, "date": 1_790_000_000, "chat": _CHAT, "from": _ANNA}
_PHOTO = {"file_id": "f", "file_unique_id": "u", "width": 90, "height": 90, "file_size": 1000}
_FILE = {"file_id": "d", "file_unique_id": "e", "file_name": "x.png", "mime_type": "image/png", "file_size": 1000}
_MEMBER = {"user": {**_ANNA, "is_bot": True}, "status": "member"}
_START = {"text": "/start x", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}
_PRESS = {"id": "q", "from": _ANNA, "chat_instance": "c", "data": f"j1:cancel:{'0' * 32}", "message": _MESSAGE}
UPDATES: Sequence[Any] = [
    {"update_id": 1, "message": {**_MESSAGE, "photo": [_PHOTO, _PHOTO], "caption": "warmer"}},
    {"update_id": 2, "message": {**_MESSAGE, "document": _FILE}},
    {"update_id": 3, "message": {**_MESSAGE, **_START}},
    {"update_id": 4, "message": {**_MESSAGE, "text": "hello", "reply_to_message": _MESSAGE}},
    {"update_id": 5, "callback_query": _PRESS},
    {"update_id": 6, "my_chat_member": {"chat": _CHAT, "from": _ANNA, "date": 1_790_000_000, "old_chat_member": _MEMBER,
                                        "new_chat_member": {**_MEMBER, "status": "left"}}},
    {"update_id": 7, "edited_message": {**_MESSAGE, "edit_date": 1_790_000_001, "text": "x"}},
    {"update_id": 8, "message": {**_MESSAGE, "media_group_id": "g", "photo": [_PHOTO]}},
]  # fmt: skip


def predictions(target: Target) -> Sequence[Any]:
    base = target.prediction
    return [
        base,
        {**base, "status": "starting"},
        {**base, "status": "succeeded", "output": ["https://replicate.delivery/x/out.png"]},
        {**base, "status": "failed", "error": "CUDA out of memory"},
        {**base, "id": "another0prediction0of0theirs", "status": "succeeded", "output": "data:image/png;base64,AA=="},
        {**base, "status": "canceled", "output": {"a": [{"b": "https://x/"}]}},
        {**base, "status": "aborted", "data_removed": True},
    ]


def insiders(target: Target, path: str) -> Sequence[Any]:
    """Documents that the route knows what to do with; for one that nobody told us of, the usual suspects."""
    if path == "/webhook/telegram":
        return UPDATES
    if path == "/webhook/replicate":
        return predictions(target)
    missing = f"{target.world.replicate.base_url}/missing.jpg"
    order = {"person_image": missing, "preset": "restore", "prompt_hints": "x", "user_id": "u", "variations": 2}
    return [order, {**order, "garments": [missing, missing], "preset": "try_on"}]


def credentials(target: Target, path: str, body: bytes) -> dict[str, str]:
    known = {"Authorization": f"Bearer {METRICS_TOKEN if path == '/metrics' else API_KEY}", **secret(target.settings)}
    if path == "/webhook/replicate":
        known |= signed(target.world, body)
        del known["Content-Type"]  # each test brings its own, and two are none
    return known


@EACH_ROUTE
def test_no_document_with_genuine_credentials_does_harm(target, method, path):
    replicate = path == "/webhook/replicate"
    targets = [filled(path, b"x")] + ([target.callback.encode(), b"/webhook/replicate?job=&slot=&ref="] * replicate)
    bodies = mutations(insiders(target, path)).map(lambda document: json.dumps(document).encode()) | NO_JSON

    statuses = Counter()
    kinds = st.just(b"application/json") | CONTENT_TYPES

    @examples(method)
    @given(several(st.tuples(st.sampled_from(targets), bodies, kinds, st.sampled_from(["length", "chunked"]))))
    def holds(drawn):
        built = [
            Request(method.encode(), url, [*known(target, path, body), (b"Content-Type", kind)], body, framing)
            for url, body, kind, framing in drawn
        ]
        for answer in target.send_all(built):
            target.unharmed(answer)
            assert answer.status
            statuses[answer.status] += 1

    holds()
    target.settled()
    if path in {"/webhook/telegram", "/webhook/replicate", "/api/v1/tasks"}:
        assert min(statuses) < 300, f"what never gets in proves nothing: {statuses}"


@EACH_ROUTE
def test_no_header_beside_genuine_credentials_does_harm(target, method, path):
    genuine = known(target, path, b"{}")

    @examples(method)
    @given(several(HEADERS))
    def holds(drawn):
        url = filled(path, b"x")
        for answer in target.send_all([Request(method.encode(), url, [*genuine, *more], b"{}") for more in drawn]):
            target.unharmed(answer)

    holds()


# --- what it may cost -------------------------------------------------------------------------------------------------

TERABYTE = 10**12
GROWTH_BYTES = 300_000  # caches of the test's own client included
PEAK_BYTES = 4_000_000


def known(target: Target, path: str, body: bytes = b"") -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in credentials(target, path, body).items()]


@contextmanager
def traced() -> Iterator[None]:
    """Counts the memory that is taken from now on."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


@EACH_ROUTE
def test_a_body_that_is_announced_to_be_huge_is_not_waited_for(target, method, path):
    head = Request(method.encode(), filled(path, b"x"), known(target, path), framing="none").raw()
    raw = head.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % TERABYTE) + b"x" * 100
    refused = path == "/webhook/telegram"
    answer = target.runner.run(exchange(target.address, raw, **({} if refused else {"within": 1})))
    target.unharmed(answer)
    if refused:
        assert answer.status == 413


@EACH_ROUTE
def test_no_body_is_too_large_for_the_memory(target, method, path):
    zeros = b"0" * 20_000_000
    for body, encoding in ((zeros, []), (gzip.compress(zeros, 1), [(b"Content-Encoding", b"gzip")])):
        request = Request(method.encode(), filled(path, b"x"), [*known(target, path), *encoding], body, "chunked").raw()
        with traced():
            target.unharmed(target.send(request))
            _, peak = tracemalloc.get_traced_memory()
        assert peak < PEAK_BYTES, encoding


def test_memory_does_not_grow_with_what_is_refused(target):
    """Large, endless, slow, broken: three hundred of them, by those who know the secrets and those who do not."""

    def requests_of(path: str) -> Iterator[Request]:
        url, method = filled(path, b"x"), b"POST" if path.startswith("/webhook") else b"GET"
        for headers in ([], known(target, path), [(b"webhook-id", b"\xff"), (b"X-Api-Key", b"\xff")]):
            yield Request(method, url, headers, b"x" * 1_100_000)
            yield Request(method, url, headers, b"x" * 1_100_000, "chunked")
            yield Request(method, url, headers, b"x" * 1000, "short")
            yield Request(method, url, headers, b"x" * 1000, "broken chunk")
            yield Request(method, url + b"?ref=" + b"x" * 3000, headers, b"{", "chunked")

    kinds = [request.raw() for path in {path for _, path in ROUTES} for request in requests_of(path)]

    async def play(times: int) -> None:
        for _ in range(times):
            await asyncio.gather(*(exchange(target.address, raw) for raw in kinds))

    target.runner.run(play(1))
    gc.collect()
    with traced():
        target.runner.run(play(300 // len(kinds) + 1))
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    assert grown < GROWTH_BYTES
    assert not target.trouble.seen()


@EACH_ROUTE
def test_a_hundred_slow_senders_hold_up_nobody_and_are_cut_off(target, method, path):
    head = Request(method.encode(), filled(path, b"x"), known(target, path), framing="none").raw()
    slow_body = head.replace(b"Connection: close\r\n", b"Content-Length: 5000\r\n") + b"{"
    slow_head = head[: len(head) // 2]
    begun_by = []

    async def trickle(raw: bytes) -> float:
        """How long the server put up with it."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        reader, writer = await asyncio.open_connection(*target.address)
        writer.write(raw)
        begun_by.append(raw)
        closed = asyncio.ensure_future(reader.read())
        while not closed.done() and loop.time() - begun < OUR_PATIENCE_S:
            writer.write(b"x")
            await asyncio.wait({closed}, timeout=0.02)
        writer.close()
        closed.cancel()
        await asyncio.wait({closed})
        return loop.time() - begun

    async def story() -> list[float]:
        slow = [asyncio.ensure_future(trickle(raw)) for raw in (slow_body, slow_head) for _ in range(50)]
        await eventually(lambda: len(begun_by) == len(slow))
        async with asyncio.timeout(OUR_PATIENCE_S / 2):
            # On a busy machine it may be late itself, and cut off; then it tries again.
            while (alive := await exchange(target.address, Request(b"GET", b"/healthz").raw())).status is None:
                pass
        assert alive.status == 200
        return await asyncio.gather(*slow)

    held = target.runner.run(story())
    assert max(held) < OUR_PATIENCE_S, "not cut off"
    assert not target.trouble.seen()


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"X-%d: y\r\n" % number for number in range(2000)),
        b"X: " + b"y" * 100_000 + b"\r\n",
        b"y" * 20_000 + b": x\r\n",
        b"X: y\r\n" * 5000,
    ],
    ids=["many headers", "a long value", "a long name", "one header again and again"],
)
def test_a_flood_of_headers_is_refused(target, head):
    answer = target.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
    target.unharmed(answer)
    assert answer.status in {400, 431}


def test_a_line_that_never_ends_is_cut_off(target):
    target.unharmed(target.send(b"GET /" + b"x" * 1_000_000))


@EACH_ROUTE
def test_refusals_make_few_lines(target, method, path):
    request = Request(method.encode(), filled(path, b"x"), [(b"Authorization", b"Bearer \xff")], b"{}").raw()
    for _ in range(30):
        target.unharmed(target.send(request))
    target.send(b"no http\r\n\r\n")
    assert len(target.trouble.ours.entries) <= 5
