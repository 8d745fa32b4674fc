"""Keeps the control surface to this machine and to its own page: no DNS rebinding, no cross-site requests."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from mock_server.telegram.config import LOOPBACK_HOSTS

_OWN_SITE = frozenset({"", "same-origin", "none"})
_BOT_API_PREFIXES = ("/bot", "/file/bot")  # guarded by the token; a bot in a container calls it by another name

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to a control request whose Host, Origin or fetch site is not our own."""
    if not request.path.startswith(_BOT_API_PREFIXES) and not _is_own(request):
        return web.json_response({"error": "only for the page of this emulator, on this machine"}, status=403)
    return await handler(request)


def _is_own(request: web.Request) -> bool:
    host = request.headers.get(hdrs.HOST, "")
    if _hostname(f"//{host}") not in LOOPBACK_HOSTS:
        return False
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin != f"http://{host}":
        return False
    return request.headers.get("Sec-Fetch-Site", "") in _OWN_SITE


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
