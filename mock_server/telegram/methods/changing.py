"""Methods that change or delete what is in a chat, and the one that answers a pressed button."""

from typing import Any

from mock_server.telegram.chats import Chat, Message
from mock_server.telegram.delivery import CALLBACK_LIFETIME_S
from mock_server.telegram.errors import BotApiError, bad_request
from mock_server.telegram.limits import DELETABLE_FOR_S, MAX_CALLBACK_ANSWER, check_caption, check_text
from mock_server.telegram.methods.media import take_input_media
from mock_server.telegram.methods.targets import bot_message, find_chat, formatted, inline_keyboard
from mock_server.telegram.params import CallParams
from mock_server.telegram.text_entities import utf16_length
from mock_server.telegram.world import World

_NOT_FOUND = "message to edit not found"
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
_MAX_DELETED_AT_ONCE = 100


def _apply(world: World, message: Message, changes: dict[str, Any]) -> dict[str, Any]:
    changed = {name: value for name, value in changes.items() if getattr(message, name) != value}
    if not changed:
        raise bad_request(_NOT_MODIFIED)
    return world.json.message(world.book.edit(message, **changed))


async def edit_message_text(world: World, params: CallParams) -> dict[str, Any]:
    """Replace the text of a text message."""
    message = bot_message(world, params, _NOT_FOUND)
    text = check_text(formatted(params, "text", "entities"))
    if not message.text:
        raise bad_request("there is no text in the message to edit")
    changes = {"text": text.text, "entities": text.entities, "keyboard": inline_keyboard(params)}
    return _apply(world, message, changes)


async def edit_message_caption(world: World, params: CallParams) -> dict[str, Any]:
    """Replace the caption of a photo or file; without a caption, remove it."""
    message = bot_message(world, params, _NOT_FOUND)
    caption = check_caption(formatted(params, "caption", "caption_entities"))
    if message.text:
        raise bad_request("there is no caption in the message to edit")
    changes = {
        "caption": caption.text,
        "caption_entities": caption.entities,
        "caption_above": params.boolean("show_caption_above_media"),
        "keyboard": inline_keyboard(params),
    }
    return _apply(world, message, changes)


async def edit_message_media(world: World, params: CallParams) -> dict[str, Any]:
    """Replace the content by a photo or file; a text message may become one, but never back."""
    message = bot_message(world, params, _NOT_FOUND)
    keyboard = inline_keyboard(params)
    content = await take_input_media(world, params, params.document("media"))
    if message.media_group_id is not None and content["document"] is not None and message.photo:
        raise bad_request("can't use the media of the specified type in the album")
    if message.deleted:  # the upload took a while
        raise bad_request(_NOT_FOUND)
    return _apply(world, message, content | {"text": "", "entities": (), "keyboard": keyboard})


async def edit_message_reply_markup(world: World, params: CallParams) -> dict[str, Any]:
    """Replace or remove the buttons."""
    message = bot_message(world, params, _NOT_FOUND)
    return _apply(world, message, {"keyboard": inline_keyboard(params)})


async def delete_message(world: World, params: CallParams) -> bool:
    """Delete one message that is not older than 48 h."""
    chat = find_chat(world, params.values.get("chat_id"))
    message = chat.find(params.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if not _deletable(world, chat, message):
        raise bad_request("message can't be deleted")
    world.book.delete(message)
    return True


async def delete_messages(world: World, params: CallParams) -> bool:
    """Delete up to 100 messages; those that are gone already are skipped."""
    chat = find_chat(world, params.values.get("chat_id"))
    wanted = params.document("message_ids")
    if not isinstance(wanted, list) or not wanted:
        raise bad_request("message identifiers are not specified")
    if len(wanted) > _MAX_DELETED_AT_ONCE:
        raise bad_request("too many message identifiers specified")
    for message in [chat.find(one) for one in wanted if isinstance(one, int)]:
        if message is not None and _deletable(world, chat, message):
            world.book.delete(message)
    return True


def _deletable(world: World, chat: Chat, message: Message) -> bool:
    young = world.book.now() - message.date < DELETABLE_FOR_S
    return young and (message.is_from_bot or chat.kind == "private" or chat.bot_id in chat.admin_ids)


async def answer_callback_query(world: World, params: CallParams) -> bool:
    """Answer a pressed button once, within 150 s."""
    query = world.book.callback_queries.get(params.string("callback_query_id"))
    late = query is not None and world.config.clock() - query.asked_at > CALLBACK_LIFETIME_S
    if query is None or late or query.answer is not None:
        raise _query_gone()
    text = params.string("text")
    if utf16_length(text) > MAX_CALLBACK_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    query.answer = {"text": text, "show_alert": params.boolean("show_alert"), "url": params.string("url")}
    chat_id = query.message.chat.id
    world.events.publish(
        "callback_answer", chat_id=chat_id, person_id=query.person_id, query_id=query.id, **query.answer
    )
    return True


def _query_gone() -> BotApiError:
    return bad_request("query is too old and response timeout expired or query ID is invalid")
