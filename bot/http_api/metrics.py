"""GET /metrics: the figures of this process for Prometheus, behind a bearer token where one is set."""

import hmac

from aiohttp import web

from bot import app_keys

_BEARER = "bearer "


async def figures(request: web.Request) -> web.Response:
    """401 without the token; else the figures in the format that the scraper prefers."""
    source = request.app[app_keys.METRICS]
    if source.token is not None and not hmac.compare_digest(_given(request), source.token):
        request.app[app_keys.REFUSED_REQUESTS].note("metrics_token", request.remote)
        return web.Response(status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    body, content_type = await source.page(request.headers.get("Accept", ""))
    return web.Response(body=body, headers={"Content-Type": content_type})


def add_routes(app: web.Application) -> None:
    """Mount it."""
    app.router.add_get("/metrics", figures)


def _given(request: web.Request) -> bytes:
    authorization = request.headers.get("Authorization", "")
    token = authorization[len(_BEARER) :] if authorization[: len(_BEARER)].lower() == _BEARER else ""
    return token.strip().encode("utf-8", "surrogateescape")
