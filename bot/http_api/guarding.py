"""Around the API's routes: errors become problems, keys are checked, nobody calls faster than their key may."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler
from structlog.contextvars import bind_contextvars

from bot import app_keys
from bot.errors import answer_to
from bot.http_api import problems
from bot.http_api.door import DOOR, ApiDoor
from bot.http_api.problems import ProblemError
from bot.middleware import tell

KeyHandler = Callable[[web.Request, ApiDoor, str], Awaitable[web.StreamResponse]]

_BEARER = "bearer "


@web.middleware
async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tells how each operation was answered; what is no operation is not counted by its path, which anybody chooses."""
    response = await handler(request)
    name = request.match_info.route.name
    if name:
        request.config_dict[app_keys.API_ANSWERED](name, response.status)
    return response


@web.middleware
async def errors_to_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every answer of the API that is no success is a problem, whoever found it."""
    try:
        return await handler(request)
    except ProblemError as error:
        return problems.answer(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        kept = {name: value for name, value in error.headers.items() if name == "Allow"}
        return problems.answer(ProblemError(problems.of_status(error.status)), kept)
    except Exception as error:  # noqa: BLE001 - the table has a row for everything
        known = answer_to(error)
        tell(request, known, error)
        code = problems.of_status(known.status)
        return problems.answer(ProblemError(code, retry_after_s=known.retry_after_s))


def with_key(handler: KeyHandler) -> Handler:
    """The handler for callers with a key; it is given the door and the user that the key stands for."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        door = request.config_dict[DOOR]
        if not door.keys:
            raise ProblemError("api_off")
        user = door.keys.user(_given_key(request))
        if user is None:
            request.config_dict[app_keys.REFUSED_REQUESTS].note("api_key", request.remote)
            raise ProblemError("unauthorized")
        bind_contextvars(user=user)
        wait_s = door.rate.wait_s(user)
        if wait_s:
            raise ProblemError("rate_limited", retry_after_s=wait_s)
        return await handler(request, door, user)

    return guarded


def _given_key(request: web.Request) -> str:
    authorization = request.headers.get("Authorization", "")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        return authorization[len(_BEARER) :].strip()
    return request.headers.get("X-API-Key", "")
