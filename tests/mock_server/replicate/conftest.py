"""A mock with no delays, a caller, and a place that receives its webhooks."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from PIL import Image

from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.server import MockReplicate, run_mock_replicate
from tests.support.web_servers import listening

StartMock = Callable[..., Awaitable[MockReplicate]]


@dataclass
class ReceivedWebhook:
    headers: dict[str, str]
    raw: bytes
    path_and_query: str

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)


@dataclass
class Receiver:
    """Answers webhooks with the queued statuses, then 200; also serves a few bytes to fetch."""

    origin: str = ""
    webhooks: list[ReceivedWebhook] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    served: dict[str, tuple[bytes, str, int]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.origin}/hook"

    def finals(self) -> list[ReceivedWebhook]:
        ends = ("succeeded", "failed", "canceled", "aborted")
        return [webhook for webhook in self.webhooks if webhook.body["status"] in ends]

    async def receive(self, request: web.Request) -> web.Response:
        webhook = ReceivedWebhook(dict(request.headers), await request.read(), str(request.rel_url))
        self.webhooks.append(webhook)
        status = self.statuses.pop(0) if self.statuses else 200
        headers = {"Location": f"{self.origin}/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)

    async def serve(self, request: web.Request) -> web.Response:
        body, kind, status = self.served[request.path]
        return web.Response(body=body, content_type=kind, status=status)


class FakeClock:
    """Stands still until moved; starts at a whole second of 2025."""

    def __init__(self):
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    app.router.add_post("/elsewhere", receiver.receive)
    app.router.add_get("/served/{name}", receiver.serve)
    async with listening(app) as receiver.origin:
        yield receiver


@pytest.fixture
async def start_mock() -> AsyncIterator[StartMock]:
    """Starts a mock whose predictions take no time, unless told otherwise."""
    async with AsyncExitStack() as stack:

        async def start(**changes: Any) -> MockReplicate:
            config = MockReplicateConfig(**{"delay_s": (0, 0), "webhook_throttle_s": 0} | changes)
            return await stack.enter_async_context(run_mock_replicate(config))

        yield start


@pytest.fixture
async def mock(start_mock: StartMock) -> MockReplicate:
    return await start_mock()


class Api:
    """Calls a mock as a client with a token does."""

    def __init__(self, mock: MockReplicate, session: aiohttp.ClientSession) -> None:
        self.mock = mock
        self.session = session

    async def call(self, method: str, path: str, **kwargs: Any) -> tuple[int, Any, Any]:
        """Status, JSON (or text), headers."""
        kwargs["headers"] = {"Authorization": "Bearer r8_test"} | kwargs.get("headers", {})
        url = path if path.startswith("http") else self.mock.base_url + path
        async with self.session.request(method, url, **kwargs) as answer:
            is_json = answer.content_type.endswith("json")
            return answer.status, await (answer.json(content_type=None) if is_json else answer.text()), answer.headers

    async def create(self, model_input: Any, version: str = "acme/any", **body: Any) -> dict[str, Any]:
        """The answer to a create call that must succeed."""
        status, prediction, _ = await self.call(
            "POST", "/v1/predictions", json={"version": version, "input": model_input} | body
        )
        assert status == 201, prediction
        return prediction

    async def finish(self, model_input: Any, version: str = "acme/any", **body: Any) -> dict[str, Any]:
        """A created prediction as GET shows it after its end."""
        created = await self.create(model_input, version, **body)
        await self.mock.control.ended(created["id"])
        return await self.get(created["id"])

    async def get(self, prediction_id: str) -> dict[str, Any]:
        status, prediction, _ = await self.call("GET", f"/v1/predictions/{prediction_id}")
        assert status == 200
        return prediction

    async def bytes_at(self, url: str) -> tuple[int, str, bytes]:
        """Status, content type and body of a download without a token or redirects."""
        async with self.session.get(url, allow_redirects=False) as answer:
            return answer.status, answer.content_type, await answer.read()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def api_of(session: aiohttp.ClientSession) -> Callable[[MockReplicate], Api]:
    return lambda mock: Api(mock, session)


@pytest.fixture
def api(mock: MockReplicate, api_of: Callable[[MockReplicate], Api]) -> Api:
    return api_of(mock)


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A small JPEG with some structure."""
    image = Image.merge("RGB", [Image.linear_gradient("L"), Image.radial_gradient("L"), Image.linear_gradient("L")])
    out = io.BytesIO()
    image.resize((160, 120)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def picture_url(receiver: Receiver, picture: bytes) -> str:
    receiver.served["/served/in.jpg"] = (picture, "image/jpeg", 200)
    return f"{receiver.origin}/served/in.jpg"
