"""How the control surface reads requests and answers them: JSON, and refusals as a sentence."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from mock_server.telegram.chats import Chat, Message
from mock_server.telegram.control import Control
from mock_server.telegram.errors import BotApiError, UserActionError
from mock_server.telegram.params import CallParams, read_params
from mock_server.telegram.world import World

CONTROL = web.AppKey("control", Control)
WORLD = web.AppKey("control_world", World)

Run = Callable[[web.Request, CallParams], Awaitable[Any]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(run: Run) -> Handler:
    """Give the handler that answers what `run` gives for the parameters of a request."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            params = await read_params(request.query, request.headers, request.content)
            return web.json_response(await run(request, params))
        except BotApiError as error:
            return web.json_response({"error": error.description}, status=error.code)
        except UserActionError as error:
            return web.json_response({"error": str(error)}, status=422)
        except LookupError:
            return web.json_response({"error": "no such user, chat, message or update"}, status=404)
        except (TypeError, ValueError) as error:
            return web.json_response({"error": f"wrong parameter: {error}"}, status=400)

    return handle


def asked_chat(request: web.Request) -> Chat:
    """Give the chat in the path.

    Raises: LookupError when there is none.
    """
    return request.app[WORLD].book.chats[int(request.match_info["chat_id"])]


def asked_message(request: web.Request) -> Message:
    """Give the message in the path.

    Raises: LookupError when there is none.
    """
    return asked_chat(request).messages[int(request.match_info["message_id"])]
