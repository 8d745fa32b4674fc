"""Door 1: POST /webhook/telegram. Secret first, then the body; recorded before it is answered."""

import hmac
import json

import structlog
from aiohttp import web

from bot import app_keys
from bot.http_limits import read_body

PATH = "/webhook/telegram"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of the header

_log = structlog.get_logger()


async def receive_update(request: web.Request) -> web.Response:
    """An update. What cannot be an update is answered with 200: repeating it would not help."""
    given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, request.app[app_keys.TELEGRAM_SECRET]):
        request.app[app_keys.REFUSED_REQUESTS].note("telegram_secret", request.remote)
        return web.Response(status=401)
    body = await read_body(request)
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):  # no JSON, no text, or nested beyond reason
        update = None
    if isinstance(update, dict):
        await request.app[app_keys.UPDATES].take(update)
    else:
        _log.warning("update_unreadable", size=len(body))
    return web.Response()


def add_routes(app: web.Application) -> None:
    """Mount the door."""
    app.router.add_post(PATH, receive_update)
