"""Starts and stops one emulated Telegram."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from mock_server.telegram.bot_api import BotApi
from mock_server.telegram.bot_api_routes import add_bot_api_routes
from mock_server.telegram.config import FAKE_BOT_TOKEN, FloodMode, TelegramEmulatorConfig
from mock_server.telegram.control import Control, RestartBot
from mock_server.telegram.control_routes import add_control_routes
from mock_server.telegram.loopback import loopback_only
from mock_server.telegram.neighbour import Neighbour
from mock_server.telegram.neighbour_routes import add_neighbour_routes
from mock_server.telegram.page_routes import add_page_routes
from mock_server.telegram.world import World

__all__ = ["FAKE_BOT_TOKEN", "FloodMode", "TelegramEmulator", "TelegramEmulatorConfig", "run_telegram_emulator"]

_SHUTDOWN_S = 1.0


@dataclass(frozen=True)
class TelegramEmulator:
    """A running emulator. `base_url` has no slash at its end."""

    base_url: str
    bot_token: str
    control: Control


def create_emulator_app(
    world: World, bot_api: BotApi, control: Control, neighbours: Sequence[Neighbour] = ()
) -> web.Application:
    """Give the web application of one emulator."""
    app = web.Application(middlewares=[loopback_only])
    add_bot_api_routes(app, world, bot_api)
    add_control_routes(app, world, control)
    add_neighbour_routes(app, neighbours)
    add_page_routes(app, world)
    return app


@asynccontextmanager
async def run_telegram_emulator(
    config: TelegramEmulatorConfig | None = None,
    neighbours: Sequence[Neighbour] = (),
    restart_bot: RestartBot | None = None,
) -> AsyncIterator[TelegramEmulator]:
    """Run an emulator until the block is left; everything it stored is deleted then.

    The page shows the journals and switches of `neighbours`, other emulated parties, beside its own; with
    `restart_bot` it has a switch for that too.

    Raises: OSError when the port is taken.
    """
    config = config or TelegramEmulatorConfig()
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="darkroom-telegram-"))
        world = World(config, Path(directory))
        bot_api, control = BotApi(config, world), Control(world, restart_bot)
        runner = web.AppRunner(
            create_emulator_app(world, bot_api, control, neighbours), access_log=None, shutdown_timeout=_SHUTDOWN_S
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.push_async_callback(bot_api.webhook.close)
        stack.callback(world.polling.close)
        stack.callback(world.events.close)
        site = web.TCPSite(runner, config.host, config.port)
        await site.start()
        yield TelegramEmulator(_base_url(config.host, runner), config.bot_token, control)


def _base_url(host: str, runner: web.AppRunner) -> str:
    port = runner.addresses[0][1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
