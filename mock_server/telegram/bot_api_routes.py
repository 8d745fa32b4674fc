"""The Bot API over HTTP: https://core.telegram.org/bots/api#making-requests and the download of files."""

import hmac

from aiohttp import web

from mock_server.telegram.bot_api import BotApi
from mock_server.telegram.errors import BotApiError, ConnectionDroppedError
from mock_server.telegram.params import read_params
from mock_server.telegram.world import World

_BOT_API = web.AppKey("bot_api", BotApi)
_WORLD = web.AppKey("world", World)


def add_bot_api_routes(app: web.Application, world: World, bot_api: BotApi) -> None:
    """Serve `/bot<token>/<method>` and `/file/bot<token>/<path>`."""
    app[_BOT_API], app[_WORLD] = bot_api, world
    app.router.add_get("/bot{token}/{method}", _call)
    app.router.add_post("/bot{token}/{method}", _call)
    app.router.add_get("/file/bot{token}/{path:.+}", _download)


async def _call(request: web.Request) -> web.StreamResponse:
    if not _token_is_right(request):
        return _refusal(BotApiError(401, "Unauthorized"))
    try:
        params = await read_params(request.query, request.headers, request.content)
        return web.json_response(await request.app[_BOT_API].call(request.match_info["method"], params))
    except BotApiError as error:
        return _refusal(error)
    except ConnectionDroppedError:
        return _drop_connection(request)


async def _download(request: web.Request) -> web.StreamResponse:
    if not _token_is_right(request):
        return _refusal(BotApiError(401, "Unauthorized"))
    location = request.app[_WORLD].files.location(request.match_info["path"])
    if location is None:
        return _refusal(BotApiError(404, "Not Found"))
    return web.FileResponse(location, headers={"Content-Type": "application/octet-stream"})


def _token_is_right(request: web.Request) -> bool:
    given = request.match_info["token"].encode()
    return hmac.compare_digest(given, request.app[_WORLD].config.bot_token.encode())


def _refusal(error: BotApiError) -> web.Response:
    response = web.json_response(error.answer(), status=error.code)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _drop_connection(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)  # never reaches anybody: the connection is gone
