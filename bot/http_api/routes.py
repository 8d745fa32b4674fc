"""Door 3: /api/v1, for front ends and cron. An application of its own below the bot's, with its own answers."""

import json
from collections.abc import Collection

from aiohttp import web

from bot.http_api import docs_page
from bot.http_api.cors import cors
from bot.http_api.door import DOOR, offered
from bot.http_api.guarding import counted, errors_to_problems, with_key
from bot.http_api.openapi import document
from bot.http_api.operations import OPERATIONS

PREFIX = "/api/v1"
_SAME_FOR_S = 300


async def openapi(request: web.Request) -> web.Response:
    """GET /openapi.json: open to all, it tells nothing but what is written in the code."""
    body = json.dumps(document(offered(request.config_dict[DOOR].presets)), ensure_ascii=False)
    return web.Response(text=body, content_type="application/json", headers=_cached())


async def docs(request: web.Request) -> web.Response:
    """GET /docs."""
    text = docs_page.page(document(offered(request.config_dict[DOOR].presets)))
    headers = {"Content-Security-Policy": docs_page.SECURITY_POLICY, "X-Content-Type-Options": "nosniff"}
    return web.Response(text=text, content_type="text/html", headers=_cached() | headers)


def add_routes(app: web.Application, allowed_origins: Collection[str]) -> None:
    """Mount the door; what it works with is put on `app` under `DOOR` once that is open."""
    api = web.Application(middlewares=[cors(allowed_origins), counted, errors_to_problems])
    for operation in OPERATIONS:
        api.router.add_route(operation.method, operation.path, with_key(operation.handler), name=operation.name)
    api.router.add_get("/openapi.json", openapi)
    api.router.add_get("/docs", docs)
    app.add_subapp(PREFIX, api)


def _cached() -> dict[str, str]:
    return {"Cache-Control": f"public, max-age={_SAME_FOR_S}"}
