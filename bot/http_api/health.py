"""GET /healthz: the process is alive. GET /readyz: it can do its work, or which part it lacks."""

from aiohttp import web

from bot import app_keys


async def alive(_: web.Request) -> web.Response:
    """Nothing is asked of anybody: a restart would not mend an outside party."""
    return web.json_response({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    """503 while storage or queue cannot be used: what is accepted could not be done here. Every party's state.

    With Telegram or Replicate down there is still work to take: jobs are recorded and go on by themselves.
    """
    parts = await request.app[app_keys.READINESS]()
    usable = parts["storage"] == parts["queue"] == "ok"
    status = "not ready" if not usable else "ready" if all(state == "ok" for state in parts.values()) else "degraded"
    return web.json_response({"status": status, "parts": dict(parts)}, status=200 if usable else 503)


def add_routes(app: web.Application) -> None:
    """Mount both."""
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
