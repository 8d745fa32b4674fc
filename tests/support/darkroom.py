"""The whole product in one event loop, over real HTTP: the bot, the emulated Telegram, the mock Replicate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiogram.client.session.aiohttp import AiohttpSession
from aiohttp import web
from pydantic import SecretStr

from bot.app import Overrides, Role, create_app
from bot.settings import Settings
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.control import MockControl
from mock_server.replicate.server import MockReplicate
from mock_server.sandbox import Sandbox, open_sandbox
from mock_server.telegram.actors import User
from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.control import Control
from mock_server.telegram.server import TelegramEmulator
from tests.support.ports import free_port

FAST = (0.01, 0.03)


@dataclass(frozen=True, slots=True)
class World:
    """What is outside the bot."""

    telegram: TelegramEmulator
    replicate: MockReplicate

    @property
    def chat(self) -> Control:
        return self.telegram.control

    @property
    def models(self) -> MockControl:
        return self.replicate.control

    def person(self, language: str = "en") -> User:
        return self.chat.add_user("Ada", language_code=language)

    def settings(self, data_dir: Path, **changes: Any) -> Settings:
        """Settings that lead to this world; `webhooks=False` means that nobody can reach the bot."""
        port = free_port()
        values: dict[str, Any] = {
            "bot_token": SecretStr(self.telegram.bot_token),
            "telegram_api_url": self.telegram.base_url,
            "telegram_rate_limit": 0,
            "replicate_base_url": self.replicate.base_url,
            "replicate_api_token": SecretStr("r8_" + "t" * 37),
            "port": port,
            "data_dir": data_dir,
            "poll_interval_s": 30,
            "user_max_active_jobs": 100,
            "user_daily_jobs": 1000,
        }
        if changes.pop("webhooks", True):
            values["base_url"] = f"http://127.0.0.1:{port}"
        return Settings(**values | changes)


@asynccontextmanager
async def open_world(mock: MockReplicateConfig | None = None, **telegram: Any) -> AsyncIterator[World]:
    """Both outside parties, fast."""
    emulator = TelegramEmulatorConfig(retry_delay_scale=0.01, **telegram)
    mock = mock or MockReplicateConfig(delay_s=FAST, webhook_retry_base_s=0.02)
    async with open_sandbox(telegram=emulator, replicate=mock) as sandbox:
        yield _world(sandbox)


@asynccontextmanager
async def running_bot(
    settings: Settings, overrides: Overrides | None = None, *, profile: bool = False, role: Role = Role.BOT
) -> AsyncIterator[web.Application]:
    """The bot, from listening to stopped; with `profile` it also tells Telegram what it looks like."""
    app = create_app(settings, replace(overrides or Overrides(), profile=profile), role=role)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AiohttpSession, "close", _close_at_once)
        try:
            await runner.setup()
            await web.TCPSite(runner, settings.host, settings.port).start()
            yield app
        finally:
            await runner.cleanup()


async def _close_at_once(session: AiohttpSession) -> None:
    """As aiogram does it, but for the quarter of a second that it leaves to TLS connections: there are none here."""
    if session._session is not None:
        await session._session.close()


def _world(sandbox: Sandbox) -> World:
    assert sandbox.telegram
    assert sandbox.replicate
    return World(sandbox.telegram, sandbox.replicate)
