"""Door 3: /api/v1, for front ends and cron. An application of its own below the bot's, with its own answers."""

import json
from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.http_api import docs_page
from bot.http_api.cors import cors
from bot.http_api.door import DOOR, offered
from bot.http_api.guarding import counted, errors_to_problems, with_key
from bot.http_api.openapi import document
from bot.http_api.operations import OPERATIONS

PREFIX = "/api/v1"
_CACHED = {"Cache-Control": "public, max-age=300"}


class Reference:
    """The API's description, for programs and for people. Open to all: it tells nothing but what is in the code.

    Made when it is first asked for, and then kept, since anybody may ask.
    """

    def __init__(self) -> None:
        self._openapi = self._page = ""

    async def openapi(self, request: web.Request) -> web.Response:
        """GET /openapi.json."""
        self._make(request)
        return web.Response(text=self._openapi, content_type="application/json", headers=_CACHED)

    async def page(self, request: web.Request) -> web.Response:
        """GET /docs."""
        self._make(request)
        headers = {"Content-Security-Policy": docs_page.SECURITY_POLICY, "X-Content-Type-Options": "nosniff"}
        return web.Response(text=self._page, content_type="text/html", headers=_CACHED | headers)

    def _make(self, request: web.Request) -> None:
        if not self._openapi:
            described = document(offered(request.config_dict[DOOR].presets))
            self._openapi, self._page = json.dumps(described, ensure_ascii=False), docs_page.page(described)


def add_routes(app: web.Application, allowed_origins: Collection[str]) -> None:
    """Mount the door; what it works with is put on `app` under `DOOR` once that is open.

    What the bot's own application refuses before the door is reached (a body that does not come along, say) is a
    problem too, and can be read by web pages.
    """
    app.middlewares[:0] = [_below(PREFIX, cors(allowed_origins)), _below(PREFIX, errors_to_problems)]
    api = web.Application(middlewares=[counted, errors_to_problems])
    for operation in OPERATIONS:
        api.router.add_route(operation.method, operation.path, with_key(operation.handler), name=operation.name)
    reference = Reference()
    api.router.add_get("/openapi.json", reference.openapi)
    api.router.add_get("/docs", reference.page)
    app.add_subapp(PREFIX, api)


def _below(prefix: str, middleware: Middleware) -> Middleware:
    """The middleware for requests below the prefix only."""

    @web.middleware
    async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
        inside = request.path.startswith(f"{prefix}/")
        return await (middleware(request, handler) if inside else handler(request))

    return limited
