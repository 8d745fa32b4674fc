"""Around every request: a clean log context, and errors turned into answers by `bot.errors`."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from structlog.contextvars import clear_contextvars

from bot import app_keys
from bot.errors import Answer, answer_to

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OUTAGE = 503

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
        tell(request, answer, error)
        headers = {"Retry-After": str(answer.retry_after_s)} if answer.retry_after_s else {}
        return web.Response(status=answer.status, headers=headers)


def tell(request: web.Request, answer: Answer, error: Exception) -> None:
    """An outage is told now and then, not for every request that meets it; each crash is told."""
    few = request.config_dict.get(app_keys.OUTAGE_LINES) if answer.status == _OUTAGE else None
    left_out = few.left_out(answer.event or "") if few else 0
    if answer.event and left_out is not None:
        counted = {"left_out": left_out} if left_out else {}
        getattr(_log, answer.level)(answer.event, method=request.method, path=request.path, error=str(error), **counted)
