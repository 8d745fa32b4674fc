"""What is built in when it is not configured: an emulated Telegram without `BOT_TOKEN`, a mock Replicate without
`REPLICATE_BASE_URL` in mock mode. The one module of the product that knows the mocks; they are given to the bot as
settings, so nothing else can tell.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from pydantic import SecretStr

from bot.composition.adapters import MOCK_API_TOKEN, own_origin
from bot.operator_errors.listening import CannotListenError
from bot.settings import Settings, SettingsError
from bot.settings.errors import Fault
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario_reading import SCENARIO_VARIABLE, scenario_from_environment
from mock_server.sandbox import Sandbox, open_sandbox
from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.control import RestartBot

# Between the members of an album, as in life: bots that look away too early shall show it here.
_ALBUM_GAP_S = 0.12


@asynccontextmanager
async def with_built_in_parties(
    settings: Settings, *, mock: MockReplicateConfig | None = None, restart_bot: RestartBot | None = None
) -> AsyncIterator[tuple[Settings, Sandbox]]:
    """Start what is missing and give the settings that lead to it, until the block is left.

    With `restart_bot` the chat page has a switch for that.

    Raises:
        CannotListenError: `SANDBOX_PORT` is taken.
        SettingsError: the built-in mock is to behave in a way it does not know.
    """
    telegram = (
        TelegramEmulatorConfig(port=settings.sandbox_port, album_gap_s=_ALBUM_GAP_S) if settings.sandbox else None
    )
    replicate = (mock or _mock_config()) if settings.built_in_replicate else None
    async with AsyncExitStack() as stack:
        opening = open_sandbox(telegram=telegram, replicate=replicate, restart_bot=restart_bot)
        try:
            sandbox = await stack.enter_async_context(opening)
        except OSError as error:  # the mock Replicate takes any port, so it is not that one
            host = telegram.host if telegram else settings.host
            raise CannotListenError(error, host, settings.sandbox_port, setting="SANDBOX_PORT") from error
        changes: dict[str, object] = {}
        if sandbox.telegram:
            changes |= {
                "bot_token": SecretStr(sandbox.telegram.bot_token),
                "telegram_api_url": sandbox.telegram.base_url,
                "base_url": settings.base_url or own_origin(settings),
            }
        if sandbox.replicate:
            changes |= {
                "replicate_api_token": SecretStr(MOCK_API_TOKEN),
                "replicate_base_url": sandbox.replicate.base_url,
                "replicate_webhook_secret": SecretStr(sandbox.replicate.webhook_secret),
            }
        yield settings.model_copy(update=changes), sandbox


def _mock_config() -> MockReplicateConfig:
    """The mock's own, in the mood that the environment asks for."""
    try:
        return MockReplicateConfig(scenario=scenario_from_environment(os.environ))
    except ValueError as error:
        raise SettingsError([Fault(SCENARIO_VARIABLE, "no scenario", f"a scenario of the mock: {error}")]) from None
