"""Door 2: POST /webhook/replicate. Verified and recorded before it is answered; the work follows."""

from aiohttp import web

from bot import app_keys
from bot.app_keys import CallbackForgedError
from bot.http_limits import read_body

PATH = "/webhook/replicate"


async def receive_callback(request: web.Request) -> web.Response:
    """401 for what is not genuine; 200 for everything else that was recorded or never can be."""
    try:
        return await _taken(request, request.app[app_keys.CALLBACKS])
    except CallbackForgedError as error:
        request.app[app_keys.REFUSED_REQUESTS].note(f"callback_{error.reason}", request.remote)
        return web.Response(status=401)


async def _taken(request: web.Request, callbacks: app_keys.Callbacks) -> web.Response:
    callbacks.admit(request.headers, request.query)
    try:
        body = await read_body(request)
    except web.HTTPRequestEntityTooLarge as error:
        try:
            await callbacks.skip(request.query)
        except CallbackForgedError:
            raise error from None
        return web.Response()
    await callbacks.take(request.headers, request.query, body)
    return web.Response()


def add_routes(app: web.Application) -> None:
    """Mount the door."""
    app.router.add_post(PATH, receive_callback)
