"""What the checks work with: everything is opened once, and what cannot be opened is kept as the reason why."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bot.composition.adapters import HURRIED_ATTEMPTS, HURRIED_READ_TIMEOUT_S, open_replicate, open_store, own_origin
from bot.doctor.door import Door, open_door
from bot.http_probe import open_http
from bot.settings import Settings
from replicate_gateway.errors import GatewayError
from replicate_gateway.presets import Preset, PresetError
from replicate_gateway.protocol import ReplicateGateway
from storage.errors import StorageError
from storage.objects import ObjectStore

# Shorter than the bot's own: somebody is waiting at the terminal.
_READ_TIMEOUT_S = HURRIED_READ_TIMEOUT_S
_CALL_LIMIT_S = 10.0
_ATTEMPTS = HURRIED_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Context:
    """What is open during one examination."""

    settings: Settings
    presets: Mapping[str, Preset] | PresetError
    http: aiohttp.ClientSession
    store: ObjectStore | StorageError
    gateway: ReplicateGateway | GatewayError
    door: Door | None
    """What answers at the bot's own host and port; None where nothing had to, or another process has the port."""

    @property
    def files_in_use(self) -> bool:
        """Whether files are the storage, and the bot that runs already has them."""
        return isinstance(self.store, StorageError) and isinstance(self.store.__cause__, BlockingIOError)

    @property
    def own_origin(self) -> str:
        """Where the bot listens, as a URL."""
        return own_origin(self.settings)


@asynccontextmanager
async def open_context(settings: Settings, presets: Mapping[str, Preset] | PresetError) -> AsyncIterator[Context]:
    """Everything opened; sends nothing yet."""
    async with AsyncExitStack() as stack:
        store = await _store(settings, stack)
        door = await stack.enter_async_context(open_door(settings, store))
        http = await stack.enter_async_context(open_http())
        gateway = await _gateway(settings, stack)
        yield Context(settings, presets, http, store, gateway, door)


async def _store(settings: Settings, stack: AsyncExitStack) -> ObjectStore | StorageError:
    try:
        return await stack.enter_async_context(open_store(settings, hurried=True))
    except StorageError as error:
        return error


async def _gateway(settings: Settings, stack: AsyncExitStack) -> ReplicateGateway | GatewayError:
    from replicate_gateway.calls import CallLimits  # noqa: PLC0415 - the official client is heavy

    limits = CallLimits(connect_s=4.0, read_s=_READ_TIMEOUT_S, call_s=_CALL_LIMIT_S, attempts=_ATTEMPTS)
    try:
        return await stack.enter_async_context(open_replicate(settings, limits))
    except GatewayError as error:
        return error
