"""For a moment the doctor answers where the bot would, so that links and `BASE_URL` can be tried before it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from aiohttp import web

from bot import app_keys
from bot.composition.adapters import file_link_key
from bot.http_api import files as file_routes
from bot.refused_requests import RefusedRequests
from bot.settings import Settings
from storage.errors import StorageError
from storage.objects import ObjectStore

_SHUTDOWN_S = 0.5


@dataclass(frozen=True, slots=True)
class Door:
    """`/healthz` answers with this word here, and nowhere else."""

    word: str


@asynccontextmanager
async def open_door(settings: Settings, store: ObjectStore | StorageError) -> AsyncIterator[Door | None]:
    """Answer on the bot's host and port while the block runs; None when that is of no use or the port is taken."""
    if settings.base_url is None and settings.s3_bucket is not None:
        yield None
        return
    door = Door(uuid4().hex)
    runner = web.AppRunner(_app(settings, store, door), access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        yield door if await _listens(runner, settings) else None
    finally:
        await runner.cleanup()


async def _listens(runner: web.AppRunner, settings: Settings) -> bool:
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError:
        return False  # most likely the bot itself is there; whoever it is, it is asked
    return True


def _app(settings: Settings, store: ObjectStore | StorageError, door: Door) -> web.Application:
    app = web.Application()

    async def say_word(_: web.Request) -> web.Response:
        return web.json_response({"doctor": door.word})

    app.router.add_get("/healthz", say_word)
    if resolve := getattr(store, "resolve", None):  # files are served by the bot itself; it is the bot's own route
        app[app_keys.FILE_LINKS] = app_keys.FileLinks(file_link_key(settings), resolve)
        app[app_keys.REFUSED_REQUESTS] = RefusedRequests()
        file_routes.add_routes(app)
    app.router.add_route("*", "/{anything:.*}", _come_back)
    return app


async def _come_back(_: web.Request) -> web.Response:
    """Updates and callbacks that arrive meanwhile: their senders repeat them."""
    return web.Response(status=503, headers={"Retry-After": "5"})
