"""The control surface over HTTP, for the page and for tests in other languages. JSON; multipart for uploads."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, get_args

from aiohttp import web

from mock_server.telegram.actors import User
from mock_server.telegram.chats import Chat, Message
from mock_server.telegram.config import FloodMode
from mock_server.telegram.control import Control
from mock_server.telegram.control_views import (
    call_view,
    chat_view,
    commands_view,
    delivery_view,
    message_view,
    user_view,
)
from mock_server.telegram.errors import BotApiError, UserActionError
from mock_server.telegram.faults import FaultAction
from mock_server.telegram.params import CallParams, read_params
from mock_server.telegram.people import Attachment, PersonActions, Surroundings
from mock_server.telegram.world import World

_CONTROL = web.AppKey("control", Control)
_WORLD = web.AppKey("control_world", World)
_FLOOD_MODES: tuple[FloodMode, ...] = ("off", "real", "harsh")

_FAULT_FIELDS: dict[str, Callable[[Any], Any]] = {
    "method": str,
    "chat_id": int,
    "times": int,
    "action": str,
    "error_code": int,
    "description": str,
    "retry_after": int,
    "delay_s": float,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_control_routes(app: web.Application, world: World, control: Control) -> None:
    """Serve `/control/...`."""
    app[_CONTROL], app[_WORLD] = control, world
    message = "/control/chats/{chat_id}/messages/{message_id}"
    app.router.add_routes(
        [
            web.get("/control/state", _state),
            web.post("/control/users", _answering(_add_user)),
            web.patch("/control/users/{user_id}", _answering(_change_user)),
            web.post("/control/groups", _answering(_add_group)),
            web.get("/control/chats/{chat_id}/messages", _answering(_messages)),
            web.post("/control/chats/{chat_id}/text", _answering(_send_text)),
            web.post("/control/chats/{chat_id}/media", _answering(_send_media)),
            web.post(message + "/press", _answering(_press)),
            web.post(message + "/edit", _answering(_edit)),
            web.post(message + "/react", _answering(_react)),
            web.delete(message, _answering(_delete)),
            web.get("/control/journal", _answering(_journal)),
            web.get("/control/faults", _list_faults),
            web.post("/control/faults", _answering(_add_fault)),
            web.delete("/control/faults", _clear_faults),
            web.put("/control/flood", _answering(_set_flood)),
            web.post("/control/updates/{update_id}/again", _answering(_deliver_again)),
        ]
    )


def _answering(run: Callable[[web.Request, CallParams], Awaitable[Any]]) -> Handler:
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


def _person(request: web.Request, params: CallParams) -> User:
    return request.app[_CONTROL].user(params.integer("user_id"))


def _chat(request: web.Request) -> Chat:
    return request.app[_WORLD].book.chats[int(request.match_info["chat_id"])]


def _message(request: web.Request) -> Message:
    return _chat(request).messages[int(request.match_info["message_id"])]


def _surroundings(request: web.Request, params: CallParams) -> Surroundings:
    reply_to_id = params.integer("reply_to_message_id")
    reply_to = _chat(request).messages[reply_to_id] if reply_to_id else None
    return Surroundings(reply_to, params.integer("message_thread_id") or None)


async def _state(request: web.Request) -> web.Response:
    world, control = request.app[_WORLD], request.app[_CONTROL]
    state = {
        "seq": world.events.last,
        "bot": world.json.bot(),
        "users": [user_view(user) for user in control.users()],
        "chats": [chat_view(world, chat) for chat in world.book.chats.values()],
        "commands": commands_view(world),
        "descriptions": world.profile.descriptions,
        "flood": world.flood.mode,
        "pending_updates": control.pending_updates,
    }
    return web.json_response(state)


async def _add_user(request: web.Request, params: CallParams) -> dict[str, Any]:
    user_id = params.integer("user_id") or None
    if user_id in request.app[_WORLD].book.chats:
        raise UserActionError("this user id is taken")
    user = request.app[_CONTROL].add_user(
        params.string("first_name") or "Anna",
        params.string("language_code") or "en",
        user_id=user_id,
        username=params.string("username"),
    )
    return user_view(user)


async def _change_user(request: web.Request, params: CallParams) -> dict[str, Any]:
    user = request.app[_CONTROL].user(int(request.match_info["user_id"]))
    if params.has("language_code"):
        user.person.language_code = params.string("language_code")
    if params.has("blocked_bot"):
        PersonActions(request.app[_WORLD]).set_blocked(user.person, blocked=params.boolean("blocked_bot"))
    return user_view(user)


async def _add_group(request: web.Request, params: CallParams) -> dict[str, Any]:
    control = request.app[_CONTROL]
    members = [control.user(int(one)) for one in params.document("member_ids") or []]
    admins = [control.user(int(one)) for one in params.document("admin_ids") or []]
    return chat_view(request.app[_WORLD], control.add_group(params.string("title") or "Group", members, admins))


async def _messages(request: web.Request, params: CallParams) -> list[dict[str, Any]]:
    """Give all messages of a chat, or the newest `limit` of them, or those `before` a message id."""
    world, before = request.app[_WORLD], params.integer("before", sys.maxsize)
    messages = [message for message in _chat(request).messages.values() if message.message_id < before]
    return [message_view(world, message) for message in messages[-max(0, params.integer("limit")) :]]


async def _send_text(request: web.Request, params: CallParams) -> dict[str, Any]:
    world, person = request.app[_WORLD], _person(request, params).person
    around = _surroundings(request, params)
    message = PersonActions(world).send_text(person, _chat(request), params.string("text"), around)
    return message_view(world, message)


async def _send_media(request: web.Request, params: CallParams) -> list[dict[str, Any]]:
    world, person = request.app[_WORLD], _person(request, params).person
    files = [Attachment(file.name, file.data) for file in params.files.values()]
    messages = await PersonActions(world).send_media(
        person,
        _chat(request),
        files,
        params.string("caption"),
        _surroundings(request, params),
        as_file=params.boolean("as_file"),
    )
    return [message_view(world, message) for message in messages]


async def _press(request: web.Request, params: CallParams) -> dict[str, Any]:
    person = _person(request, params).person
    query = PersonActions(request.app[_WORLD]).press(person, _message(request), params.string("button"))
    return {"query_id": query.id}


async def _edit(request: web.Request, params: CallParams) -> dict[str, Any]:
    world = request.app[_WORLD]
    PersonActions(world).edit_text(_person(request, params).person, _message(request), params.string("text"))
    return message_view(world, _message(request))


async def _react(request: web.Request, params: CallParams) -> dict[str, Any]:
    world = request.app[_WORLD]
    PersonActions(world).react(_person(request, params).person, _message(request), params.string("emoji"))
    return message_view(world, _message(request))


async def _delete(request: web.Request, params: CallParams) -> dict[str, Any]:
    world = request.app[_WORLD]
    PersonActions(world).delete_message(_person(request, params).person, _message(request))
    return message_view(world, _message(request))


async def _journal(request: web.Request, params: CallParams) -> list[dict[str, Any]]:
    """Give what went over the wire, or what did after number `after`."""
    journal, after = request.app[_WORLD].journal, params.integer("after")
    calls = [call_view(call) for call in journal.calls if call.seq > after]
    deliveries = [delivery_view(delivery) for delivery in journal.deliveries if delivery.seq > after]
    return sorted(calls + deliveries, key=lambda record: int(record["seq"]))


async def _list_faults(request: web.Request) -> web.Response:
    return web.json_response([asdict(fault) for fault in request.app[_WORLD].faults.armed()])


async def _add_fault(request: web.Request, params: CallParams) -> dict[str, Any]:
    unknown = params.values.keys() - _FAULT_FIELDS.keys()
    if unknown:
        raise UserActionError(f"a fault has no {', '.join(sorted(unknown))}; it has {', '.join(_FAULT_FIELDS)}")
    fields: dict[str, Any] = {
        name: None if value is None else _FAULT_FIELDS[name](value) for name, value in params.values.items()
    }
    if fields.get("action", "error") not in get_args(FaultAction):
        raise UserActionError(f"action is one of {', '.join(get_args(FaultAction))}")
    return asdict(request.app[_CONTROL].fail(**fields))


async def _clear_faults(request: web.Request) -> web.Response:
    request.app[_WORLD].faults.clear()
    return web.json_response([])


async def _set_flood(request: web.Request, params: CallParams) -> dict[str, str]:
    mode = next((known for known in _FLOOD_MODES if known == params.string("mode")), None)
    if mode is None:
        raise UserActionError(f"mode is one of {', '.join(_FLOOD_MODES)}")
    request.app[_CONTROL].set_flood(mode)
    return {"mode": mode}


async def _deliver_again(request: web.Request, _: CallParams) -> dict[str, bool]:
    request.app[_CONTROL].deliver_again(int(request.match_info["update_id"]))
    return {"queued": True}
