"""Everything that is outside the bot, on this machine: the Telegram emulator, the mock Replicate, or both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.server import MockReplicate, run_mock_replicate
from mock_server.replicate_neighbour import ReplicateNeighbour
from mock_server.telegram.control import RestartBot
from mock_server.telegram.server import TelegramEmulator, TelegramEmulatorConfig, run_telegram_emulator


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What runs; a party that was not asked for is None."""

    telegram: TelegramEmulator | None
    replicate: MockReplicate | None


@asynccontextmanager
async def open_sandbox(
    *,
    telegram: TelegramEmulatorConfig | None,
    replicate: MockReplicateConfig | None,
    restart_bot: RestartBot | None = None,
) -> AsyncIterator[Sandbox]:
    """Start the parties that have a configuration; they end with the block. `restart_bot`: a switch for the page.

    Raises:
        OSError: a port is taken.
    """
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(run_mock_replicate(replicate)) if replicate else None
        neighbours = [ReplicateNeighbour(mock)] if mock else []
        running = run_telegram_emulator(telegram, neighbours, restart_bot) if telegram else None
        emulator = await stack.enter_async_context(running) if running else None
        yield Sandbox(emulator, mock)
