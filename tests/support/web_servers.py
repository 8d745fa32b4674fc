"""Web servers of a test's own, in its loop and on a free port of the loopback."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

_LARGEST_BODY = 2**30


def answering(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    """An application that has one answer, whatever is asked."""
    app = web.Application(client_max_size=_LARGEST_BODY)
    app.router.add_route("*", "/{path:.*}", handler)
    return app


@asynccontextmanager
async def listening(app: web.Application, *, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[str]:
    """Serve the application; gives its address without a path. `options` are those of `web.AppRunner`.

    Requests under way at the end are cut off.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, **options)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
