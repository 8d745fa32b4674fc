"""GET /healthz: the process is alive. GET /readyz: it can do its work, or which part it lacks."""

from aiohttp import web

from bot import app_keys


async def alive(_: web.Request) -> web.Response:
    """Nothing is asked of anybody: a restart would not mend an outside party."""
    return web.json_response({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    """503 while a part is not usable; the parts and their states in either case."""
    parts = await request.app[app_keys.READINESS]()
    usable = all(state == "ok" for state in parts.values())
    body = {"status": "ready" if usable else "not ready", "parts": dict(parts)}
    return web.json_response(body, status=200 if usable else 503)


def add_routes(app: web.Application) -> None:
    """Mount both."""
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
