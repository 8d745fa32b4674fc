"""Which web pages may call the API from a browser (https://fetch.spec.whatwg.org/#http-cors-protocol).

Callers prove themselves with a key and never with a cookie, so credentials in the protocol's sense are not allowed.
"""

from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.http_api import problems
from bot.http_api.problems import ProblemError

ANY_ORIGIN = "*"
_ALLOWED_METHODS = "GET, POST"
_ALLOWED_HEADERS = "Accept-Language, Authorization, Content-Type, Idempotency-Key, If-None-Match, X-API-Key"
_EXPOSED_HEADERS = "Content-Language, ETag, Location, Retry-After"
_REMEMBER_S = 600


def cors(origins: Collection[str]) -> Middleware:
    """Around everything else, so that pages can read the answers that say no, too."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is None:
            return await handler(request)
        allowed = ANY_ORIGIN in origins or origin in origins
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response: web.StreamResponse = _preflight() if allowed else problems.answer(ProblemError("origin_refused"))
        else:
            response = await handler(request)
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
        response.headers.add("Vary", "Origin")
        if allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
        return response

    return middleware


def _preflight() -> web.Response:
    headers = {
        "Access-Control-Allow-Methods": _ALLOWED_METHODS,
        "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
        "Access-Control-Max-Age": str(_REMEMBER_S),
    }
    return web.Response(status=204, headers=headers)
