"""A local Replicate that answers what a test tells it to, and remembers what it was asked."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from replicate_gateway.calls import CallLimits
from replicate_gateway.gateway import OfficialReplicateGateway, open_gateway
from tests.support.clocks import LoopClock
from tests.support.web_servers import answering, listening

TOKEN = "r8_benchbenchbenchbenchbenchbenchbench"

PREDICTION = {
    "id": "hdwst0bb05rgp0cf0p29mzk2am",
    "model": "sczhou/codeformer",
    "version": "b" * 64,
    "input": {"image": "https://example.com/a.jpg"},
    "logs": "",
    "error": None,
    "status": "starting",
    "created_at": "2026-11-20T10:00:00.123Z",
    "urls": {"get": "https://api.replicate.com/v1/predictions/x", "cancel": "https://api.replicate.com/c"},
}

FAST = CallLimits(
    connect_s=10, pool_s=10, write_s=10, read_s=10, call_s=20, upload_s=5, backoff_base_s=0.001, backoff_cap_s=0.002
)


@dataclass
class Reply:
    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False
    delay_s: float = 0.0

    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: object

    @property
    def json(self):
        return json.loads(self.body)


class ScriptedApi:
    """`on` queues replies per request; the last one of a queue is given for ever."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.url = ""
        self._replies = defaultdict(deque)
        self.first_request = asyncio.Event()
        self._closing = asyncio.Event()
        self._clock = LoopClock()

    def on(self, request: str, *replies: Reply) -> None:
        self._replies[request].extend(replies)

    def count(self, request: str) -> int:
        return sum(f"{one.method} {one.path}" == request for one in self.asked)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        peer = request.transport.get_extra_info("peername")
        self.asked.append(Asked(request.method, request.path, dict(request.query), headers, body, peer))
        self.first_request.set()
        replies = self._replies.get(f"{request.method} {request.path}")
        if not replies:
            return web.json_response({"detail": "Not found.", "status": 404}, status=404)
        reply = replies.popleft() if len(replies) > 1 else replies[0]
        if reply.delay_s:
            await self._clock.put_forward(reply.delay_s)
        if reply.hang:
            await self._closing.wait()
        if (reply.hang or reply.drop) and request.transport:
            request.transport.abort()
        kind = {"Content-Type": "application/json"}
        return web.Response(body=reply.payload(), status=reply.status, headers={**kind, **reply.headers})

    async def run(self) -> AsyncIterator["ScriptedApi"]:
        async with listening(answering(self.handle)) as self.url:
            yield self
            self._closing.set()


@pytest.fixture
async def api():
    async for running in ScriptedApi().run():
        yield running


@pytest.fixture
async def foreign_api():
    """Somebody else's server."""
    async for running in ScriptedApi().run():
        yield running


@pytest.fixture
def reply():
    return Reply


@pytest.fixture
def prediction_document():
    return dict(PREDICTION)


@pytest.fixture
async def make_gateway(api):
    async with AsyncExitStack() as stack:

        async def make(limits: CallLimits = FAST, base_url: str | None = None) -> OfficialReplicateGateway:
            opened = open_gateway(api_token=TOKEN, base_url=base_url or api.url, limits=limits)
            return await stack.enter_async_context(opened)

        yield make


@pytest.fixture
async def gateway(make_gateway):
    return await make_gateway()


@pytest.fixture
def fast_limits():
    return FAST


@pytest.fixture
def api_token():
    return TOKEN
