import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from mock_server.telegram.event_log import Bell
from mock_server.telegram.server import TelegramEmulator, TelegramEmulatorConfig, run_telegram_emulator
from tests.support.web_servers import listening


class FakeClock:
    def __init__(self) -> None:
        self.offset_s = 0.0
        self._start = time.time()

    def __call__(self) -> float:
        return self._start + self.offset_s

    def forward(self, seconds: float) -> None:
        self.offset_s += seconds


class RefusedError(Exception):
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("description"))
        self.status, self.body = status, body


class BotCaller:
    """A bot that speaks plain HTTP: `await bot("sendMessage", chat_id=1, text="x")` gives the result or raises."""

    def __init__(self, emulator: TelegramEmulator, session: aiohttp.ClientSession) -> None:
        self.url = f"{emulator.base_url}/bot{emulator.bot_token}"
        self.file_url = f"{emulator.base_url}/file/bot{emulator.bot_token}"
        self.session = session

    async def __call__(self, method: str, **params: Any) -> Any:
        files = {name: value for name, value in params.items() if isinstance(value, tuple)}
        if files:
            form = aiohttp.FormData(quote_fields=False)
            for name, value in params.items():
                if name in files:
                    form.add_field(name, io.BytesIO(value[1]), filename=value[0])
                else:
                    form.add_field(name, value if isinstance(value, str) else json.dumps(value))
            return await self.post(method, data=form)
        return await self.post(method, json=params)

    async def post(self, method: str, **request: Any) -> Any:
        async with self.session.post(f"{self.url}/{method}", **request) as response:
            body = await response.json()
            if not body["ok"]:
                raise RefusedError(response.status, body)
            return body["result"]

    async def refusal(self, method: str, **params: Any) -> str:
        with pytest.raises(RefusedError) as refused:
            await self(method, **params)
        return str(refused.value)


@dataclass
class WebhookReceiver:
    """A bot's webhook: records what comes; `respond` decides the answer."""

    url: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    open_now: int = 0
    open_at_most: int = 0
    respond: Callable[[dict[str, Any]], Awaitable[web.Response]] | None = None
    bell: Bell = field(default_factory=Bell)

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.updates.append(update)
        self.headers.append(request.headers)
        self.open_now += 1
        self.open_at_most = max(self.open_at_most, self.open_now)
        self.bell.ring()
        try:
            return await self.respond(update) if self.respond else web.Response()
        finally:
            self.open_now -= 1

    async def received(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(20):
            while len(self.updates) < count:
                await self.bell.wait()
        return self.updates

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates if "message" in update]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def start(clock: FakeClock) -> AsyncIterator[Callable[..., Awaitable[TelegramEmulator]]]:
    async with AsyncExitStack() as stack:

        async def start_emulator(**settings: Any) -> TelegramEmulator:
            config = replace(TelegramEmulatorConfig(clock=clock, retry_delay_scale=0.0), **settings)
            return await stack.enter_async_context(run_telegram_emulator(config))

        yield start_emulator


@pytest.fixture
async def emulator(start) -> TelegramEmulator:
    return await start()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest.fixture
def bot(emulator: TelegramEmulator, http: aiohttp.ClientSession) -> BotCaller:
    return BotCaller(emulator, http)


@pytest.fixture
def call_as_bot(http: aiohttp.ClientSession) -> Callable[[TelegramEmulator], BotCaller]:
    return lambda emulator: BotCaller(emulator, http)


@pytest.fixture
def anna(emulator: TelegramEmulator):
    return emulator.control.add_user("Anna", "en")


@pytest.fixture
async def webhook() -> AsyncIterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    async with listening(app) as url:
        receiver.url = f"{url}/hook"
        yield receiver
