"""Keeps the emulator to this machine, to bots and to its own page: no DNS rebinding, no cross-site requests.

The token of the emulated bot is public, so it protects nothing from web pages that a browser on this machine shows.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from mock_server.telegram.config import LOOPBACK_HOSTS

_OWN_SITE = frozenset({"", "same-origin", "none"})
_BOT_API_PREFIXES = ("/bot", "/file/bot")
# What bots in containers call this machine; nobody else can own these names.
_BOT_API_HOSTS = LOOPBACK_HOSTS | {"host.docker.internal", "host.containers.internal"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to a request whose Host, Origin or fetch site is not our own."""
    hosts = _BOT_API_HOSTS if request.path.startswith(_BOT_API_PREFIXES) else LOOPBACK_HOSTS
    if not _is_own(request, hosts):
        return web.json_response({"error": "only for this machine, bots and the page of this emulator"}, status=403)
    return await handler(request)


def _is_own(request: web.Request, hosts: frozenset[str]) -> bool:
    host = request.headers.get(hdrs.HOST, "")
    if _hostname(f"//{host}") not in hosts:
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
