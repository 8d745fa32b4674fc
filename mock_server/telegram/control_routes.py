"""The control surface over HTTP, for the page and for tests elsewhere: who is there and what they see.

JSON in and out, multipart for uploads. What people do is in `control_actions.py`, what goes wrong in
`control_switches.py`.
"""

import sys
from typing import Any

from aiohttp import web

from mock_server.telegram.control import Control
from mock_server.telegram.control_actions import add_action_routes
from mock_server.telegram.control_answers import CONTROL, WORLD, answering, asked_chat
from mock_server.telegram.control_switches import add_switch_routes
from mock_server.telegram.control_views import chat_view, message_view, user_view
from mock_server.telegram.errors import UserActionError
from mock_server.telegram.params import CallParams
from mock_server.telegram.people import PersonActions
from mock_server.telegram.world import World


def add_control_routes(app: web.Application, world: World, control: Control) -> None:
    """Serve `/control/...`."""
    app[CONTROL], app[WORLD] = control, world
    app.router.add_routes(
        [
            web.get("/control/state", answering(_state)),
            web.post("/control/users", answering(_add_user)),
            web.patch("/control/users/{user_id}", answering(_change_user)),
            web.post("/control/groups", answering(_add_group)),
            web.get("/control/chats/{chat_id}/messages", answering(_messages)),
            web.get("/control/chats/{chat_id}/commands", answering(_commands)),
        ]
    )
    add_action_routes(app)
    add_switch_routes(app)


async def _state(request: web.Request, _: CallParams) -> dict[str, Any]:
    world, control = request.app[WORLD], request.app[CONTROL]
    return {
        "seq": world.events.last,
        "bot": world.json.bot(),
        "users": [user_view(user) for user in control.users()],
        "chats": [chat_view(world, chat) for chat in world.book.chats.values()],
        "bot_photo": [size.as_photo_size() for size in world.profile.photo],
        "descriptions": world.profile.descriptions,
        "flood": world.flood.mode,
        "group_privacy": world.group_privacy,
        "pending_updates": control.pending_updates,
        "can_restart_bot": control.can_restart_bot,
    }


async def _add_user(request: web.Request, params: CallParams) -> dict[str, Any]:
    user_id = params.integer("user_id") or None
    if user_id in request.app[WORLD].book.chats:
        raise UserActionError("this user id is taken")
    user = request.app[CONTROL].add_user(
        params.string("first_name") or "Anna",
        params.string("language_code") or "en",
        user_id=user_id,
        username=params.string("username"),
    )
    return user_view(user)


async def _change_user(request: web.Request, params: CallParams) -> dict[str, Any]:
    user = request.app[CONTROL].user(int(request.match_info["user_id"]))
    if params.has("language_code"):
        user.person.language_code = params.string("language_code")
    if params.has("blocked_bot"):
        PersonActions(request.app[WORLD]).set_blocked(user.person, blocked=params.boolean("blocked_bot"))
    return user_view(user)


async def _add_group(request: web.Request, params: CallParams) -> dict[str, Any]:
    control = request.app[CONTROL]
    members = [control.user(int(one)) for one in params.document("member_ids") or []]
    admins = [control.user(int(one)) for one in params.document("admin_ids") or []]
    return chat_view(request.app[WORLD], control.add_group(params.string("title") or "Group", members, admins))


async def _messages(request: web.Request, params: CallParams) -> list[dict[str, Any]]:
    """Give all messages of a chat, or the newest `limit` of them, or those `before` a message id."""
    world, before = request.app[WORLD], params.integer("before", sys.maxsize)
    messages = [message for message in asked_chat(request).messages.values() if message.message_id < before]
    return [message_view(world, message) for message in messages[-max(0, params.integer("limit")) :]]


async def _commands(request: web.Request, params: CallParams) -> list[dict[str, str]]:
    """Give the command menu that a person sees in this chat."""
    person = request.app[CONTROL].user(params.integer("user_id")).person
    return request.app[WORLD].profile.commands.seen_by(person, asked_chat(request))
