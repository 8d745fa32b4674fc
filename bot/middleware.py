"""Around every request: a clean log context, and errors turned into answers by `bot.errors`."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from structlog.contextvars import clear_contextvars

from bot.errors import answer_to

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = structlog.get_logger()


@web.middleware
async def errors_to_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing of an error but its status reaches the caller."""
    clear_contextvars()
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception as error:  # noqa: BLE001 - the table has a row for everything
        answer = answer_to(error)
        if answer.event:
            getattr(_log, answer.level)(answer.event, method=request.method, path=request.path, error=str(error))
        headers = {"Retry-After": str(answer.retry_after_s)} if answer.retry_after_s else {}
        return web.Response(status=answer.status, headers=headers)
