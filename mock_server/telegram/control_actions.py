"""What people do, over HTTP. Every request names its person as `user_id`."""

from typing import Any

from aiohttp import web

from mock_server.telegram.actors import User
from mock_server.telegram.chats import Message
from mock_server.telegram.control_answers import CONTROL, WORLD, answering, asked_chat, asked_message
from mock_server.telegram.control_views import chat_view, message_view
from mock_server.telegram.errors import UserActionError
from mock_server.telegram.params import CallParams
from mock_server.telegram.people import Attachment, MessageContext, PersonActions

_MEDIA_KINDS = ("photo", "file", "sticker", "live_photo")


def add_action_routes(app: web.Application) -> None:
    """Serve what can be done in a chat and to a message."""
    chat = "/control/chats/{chat_id}"
    message = chat + "/messages/{message_id}"
    app.router.add_routes(
        [
            web.post(chat + "/text", answering(_send_text)),
            web.post(chat + "/start", answering(_start)),
            web.post(chat + "/media", answering(_send_media)),
            web.post(chat + "/other", answering(_send_other)),
            web.post(chat + "/forward", answering(_forward)),
            web.put(chat + "/anonymous", answering(_remain_anonymous)),
            web.put(chat + "/bot", answering(_set_bot_member)),
            web.post(message + "/press", answering(_press)),
            web.post(message + "/edit", answering(_edit)),
            web.post(message + "/react", answering(_react)),
            web.delete(message, answering(_delete)),
        ]
    )


def _person(request: web.Request, params: CallParams) -> User:
    return request.app[CONTROL].user(params.integer("user_id"))


def _context_of(request: web.Request, params: CallParams) -> MessageContext:
    reply_to_id = params.integer("reply_to_message_id")
    reply_to = asked_chat(request).messages[reply_to_id] if reply_to_id else None
    return MessageContext(reply_to, params.integer("message_thread_id") or None)


def _view(request: web.Request, message: Message) -> dict[str, Any]:
    return message_view(request.app[WORLD], message)


async def _send_text(request: web.Request, params: CallParams) -> dict[str, Any]:
    person, actions = _person(request, params).person, PersonActions(request.app[WORLD])
    around = _context_of(request, params)
    return _view(request, actions.send_text(person, asked_chat(request), params.string("text"), around))


async def _start(request: web.Request, params: CallParams) -> dict[str, Any]:
    """Follow a deep link with this `payload`."""
    person, actions = _person(request, params).person, PersonActions(request.app[WORLD])
    return _view(request, actions.start(person, asked_chat(request), params.string("payload")))


async def _send_media(request: web.Request, params: CallParams) -> list[dict[str, Any]]:
    """Send the files of a form. `kind`: photo, file, sticker or live_photo; several photos or files are an album."""
    kind = params.string("kind") or "photo"
    if kind not in _MEDIA_KINDS:
        raise UserActionError(f"kind is one of {', '.join(_MEDIA_KINDS)}")
    person, chat = _person(request, params).person, asked_chat(request)
    files = [Attachment(file.name, file.data, params.string("mime_type") or None) for file in params.files.values()]
    actions, around = PersonActions(request.app[WORLD]), _context_of(request, params)
    caption = params.string("caption")
    if kind in {"photo", "file"}:
        sent = await actions.send_media(person, chat, files, caption, around, as_file=kind == "file")
    elif len(files) != 1:
        raise UserActionError("stickers and live photos are sent one by one")
    elif kind == "sticker":
        sent = [await actions.send_sticker(person, chat, files[0], params.string("emoji") or "🙂", around)]
    else:
        sent = [await actions.send_live_photo(person, chat, files[0], caption, around)]
    return [_view(request, message) for message in sent]


async def _send_other(request: web.Request, params: CallParams) -> dict[str, Any]:
    content = params.document("content")
    if not isinstance(content, dict):
        raise UserActionError("content is an object with fields of a Message")
    person, actions = _person(request, params).person, PersonActions(request.app[WORLD])
    return _view(request, actions.send_other(person, asked_chat(request), content, _context_of(request, params)))


async def _forward(request: web.Request, params: CallParams) -> dict[str, Any]:
    """Forward message `message_id` of the chat `from_chat_id`."""
    person, world = _person(request, params).person, request.app[WORLD]
    message = world.book.chats[params.integer("from_chat_id")].messages[params.integer("message_id")]
    return _view(request, PersonActions(world).forward(person, asked_chat(request), message))


async def _remain_anonymous(request: web.Request, params: CallParams) -> dict[str, Any]:
    """Have an admin write in the group's name."""
    person, group = _person(request, params).person, asked_chat(request)
    PersonActions(request.app[WORLD]).remain_anonymous(person, group)
    return chat_view(request.app[WORLD], group)


async def _set_bot_member(request: web.Request, params: CallParams) -> dict[str, Any]:
    """Add the bot to a group or remove it."""
    person, group = _person(request, params).person, asked_chat(request)
    PersonActions(request.app[WORLD]).set_bot_member(person, group, is_member=params.boolean("is_member"))
    return chat_view(request.app[WORLD], group)


async def _press(request: web.Request, params: CallParams) -> dict[str, Any]:
    """Press a `button` by its label or data, or send callback `data` that need not be on the message any more."""
    person, actions = _person(request, params).person, PersonActions(request.app[WORLD])
    message = asked_message(request)
    if params.has("data"):
        return {"query_id": actions.press_data(person, message, params.string("data")).id}
    return {"query_id": actions.press(person, message, params.string("button")).id}


async def _edit(request: web.Request, params: CallParams) -> dict[str, Any]:
    actions, message = PersonActions(request.app[WORLD]), asked_message(request)
    actions.edit_text(_person(request, params).person, message, params.string("text"))
    return _view(request, message)


async def _react(request: web.Request, params: CallParams) -> dict[str, Any]:
    actions, message = PersonActions(request.app[WORLD]), asked_message(request)
    actions.react(_person(request, params).person, message, params.string("emoji"))
    return _view(request, message)


async def _delete(request: web.Request, params: CallParams) -> dict[str, Any]:
    actions, message = PersonActions(request.app[WORLD]), asked_message(request)
    actions.delete_message(_person(request, params).person, message)
    return _view(request, message)
