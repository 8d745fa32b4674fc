"""`python -m bot`: serve until told to stop."""

import asyncio
import resource
import signal
import socket
from collections.abc import Coroutine
from typing import Any

import structlog
from aiohttp import web

from bot.app import Role, create_app
from bot.composition.adapters import own_origin
from bot.operator_errors.listening import CannotListenError
from bot.run_control import RunControl
from bot.settings import Settings

REQUEST_DRAIN_S = 5.0
_BACKLOG = 1024
_EXIT_OK = 0

_log = structlog.get_logger()


async def serve(settings: Settings) -> int:
    """Run until SIGINT or SIGTERM; returns the exit code. Raises what `bot.operator_errors` has words for."""
    control = RunControl()
    if not (settings.sandbox or settings.built_in_replicate):
        return await _run(settings, Role.BOT, control)
    from bot.sandbox import with_built_in_parties  # noqa: PLC0415 - a bot in earnest has no use for the mocks

    async with with_built_in_parties(settings, restart_bot=control.restart) as (complete, sandbox):
        if sandbox.telegram:
            _log.info("sandbox_opened", chat_page=sandbox.telegram.base_url)
        return await _run(complete, Role.BOT, control, configured=settings)


async def work(settings: Settings) -> int:
    """Advance jobs from the shared queue until SIGINT or SIGTERM; has no doors. Returns the exit code.

    `/healthz` and `/readyz` are served where `PORT` is set: beside a bot on one machine there is no second port 8000.
    """
    return await _run(settings, Role.WORKER, RunControl(), listens="port" in settings.model_fields_set)


async def _run(
    settings: Settings, role: Role, control: RunControl, *, listens: bool = True, configured: Settings | None = None
) -> int:
    """`configured` is what the log shows, where `settings` were completed with parties that are built in."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, control.stop)
    _allow_connections()
    while not control.is_over:
        _log.info("bot_starting", role=role.value, **(configured or settings).summary())
        await _run_once(settings, role, control, listens=listens)
        await control.pause()
    return _EXIT_OK


async def _run_once(settings: Settings, role: Role, control: RunControl, *, listens: bool) -> None:
    # Listening before anything is opened: updates and callbacks that come meanwhile wait instead of being refused.
    door = _open_door(settings) if listens else None
    runner = web.AppRunner(create_app(settings, role=role), access_log=None, shutdown_timeout=REQUEST_DRAIN_S)
    try:
        if await _unless_told(runner.setup(), control):
            if door:
                await web.SockSite(runner, door).start()
            _log.info("bot_started", role=role.value, url=own_origin(settings) if door else None)
            await control.told()
        _log.info("bot_stopping")
    finally:
        await runner.cleanup()
        if door:
            door.close()


def _allow_connections() -> None:
    """As many open connections as the system allows: by default a thousand idle strangers would use them up."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _open_door(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise CannotListenError(error, settings.host, settings.port, setting="PORT") from error


async def _unless_told(start: Coroutine[Any, Any, None], control: RunControl) -> bool:
    """Whether the start came to its end before an order did; a storage may be waited for for a minute."""
    starting, stopping = asyncio.ensure_future(start), asyncio.ensure_future(control.told())
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait([starting])
        return False
    starting.result()
    return True
