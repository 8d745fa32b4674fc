"""What anybody may take of this process before we know who they are: bytes, seconds, and lines in the log.

aiohttp bounds the head of a request (8190 bytes a line, 128 headers) and the size of a body. It waits an hour for the
rest of a head and for ever for the rest of a body, and writes a traceback for everything that is no HTTP.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from bot.refused_requests import RefusedRequests

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ExpectHandler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse | None]]


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Sizes in bytes, times in seconds."""

    body_bytes: int = 1_000_000
    """The largest body a door takes; what Telegram and Replicate send is far smaller."""
    look_every_s: float = 10.0
    """A body that is not complete is looked at this often ..."""
    least_bytes: int = 10_000
    """... and has to have brought this much since the last look."""
    head_s: float = 120.0
    """How long a connection may be open without a complete request: longer than proxies keep theirs (60 to 90 s)."""
    linger_s: float = 2.0
    """How long the rest of a refused body is read and thrown away, so that its sender gets to see the refusal."""


def server_options(limits: HttpLimits, refusals: RefusedRequests) -> dict[str, Any]:
    """The `handler_args` of an application."""
    return {
        "keepalive_timeout": limits.head_s,
        "lingering_time": limits.linger_s,
        "logger": _server_log(refusals),
    }


def bounded_bodies(limits: HttpLimits) -> Middleware:
    """A middleware that answers 408 to a body that comes too slowly, and 415 to one that is packed.

    Nobody who talks to us packs; unpacking for strangers would turn their kilobytes into our megabytes.
    """

    @web.middleware
    async def bounded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise web.HTTPUnsupportedMediaType
        if request.content.is_eof():
            return await handler(request)
        try:
            async with asyncio.timeout(None) as patience:
                watch = _Watch(request.content, patience, limits)
                try:
                    return await handler(request)
                finally:
                    watch.stop()
        except TimeoutError:
            if not patience.expired():
                raise
            raise web.HTTPRequestTimeout from None

    return bounded


def readable_expectations(router: web.UrlDispatcher) -> None:
    """Have every route refuse an `Expect` header that is no text; aiohttp quotes it in its answer, and fails there.

    The attribute is private, because aiohttp wants this said anew at every route.
    """
    for route in router.routes():
        route._expect_handler = _readable(route._expect_handler)


async def read_body(request: web.Request) -> bytes:
    """The body whole; one that is announced to be too large is refused before any of it is read.

    Raises:
        web.HTTPRequestEntityTooLarge: it is larger than the application takes.
    """
    announced, most = request.content_length or 0, request.client_max_size
    if announced > most:
        raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=announced)
    return await request.read()


class _Watch:
    """Looks at a body now and then, and ends the patience when it does not come along."""

    def __init__(self, body: StreamReader, patience: asyncio.Timeout, limits: HttpLimits) -> None:
        self._body, self._patience, self._limits = body, patience, limits
        self._seen = 0
        self._wait()

    def stop(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._limits.look_every_s, self._look)

    def _look(self) -> None:
        if self._body.is_eof():
            return
        came, self._seen = self._body.total_bytes - self._seen, self._body.total_bytes
        if came < self._limits.least_bytes:
            self._patience.reschedule(asyncio.get_running_loop().time())
        else:
            self._wait()


def _readable(expected: ExpectHandler) -> ExpectHandler:
    async def expect(request: web.Request) -> web.StreamResponse | None:
        if not request.headers.get("Expect", "").isascii():
            raise web.HTTPExpectationFailed
        return await expected(request)

    return expect


def _server_log(refusals: RefusedRequests) -> logging.Logger:
    """Aiohttp's own log, in which what is no HTTP is one of the few lines that an address may cause."""

    def keep(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return True
        address = record.args[0] if isinstance(record.args, tuple) and record.args else None
        refusals.note("no_http", address if isinstance(address, str) else None)
        return False

    log = logging.Logger("aiohttp.server")  # noqa: LOG001 - not the shared one: the refusals are this application's
    log.parent = logging.getLogger()
    log.addFilter(keep)
    return log
