"""Which chat and message a call is about, and what surrounds the content of a message."""

from dataclasses import dataclass
from typing import Any

from mock_server.telegram.chats import Chat, Message
from mock_server.telegram.errors import BotApiError, bad_request, not_modelled
from mock_server.telegram.limits import MAX_TEXT_BYTES, InlineKeyboard, check_inline_keyboard
from mock_server.telegram.params import CallParams
from mock_server.telegram.text_entities import FormattedText, parse_html, trimmed, with_detected
from mock_server.telegram.world import World


def find_chat(world: World, value: Any) -> Chat:
    """Give the chat a call names by number.

    Raises: BotApiError 400 when there is none.
    """
    if value in {None, ""}:
        raise bad_request("chat_id is empty")
    try:
        chat = world.book.chats.get(int(value))
    except (TypeError, ValueError):
        chat = None
    if chat is None:
        raise bad_request("chat not found")
    return chat


def writable_chat(world: World, params: CallParams) -> Chat:
    """Give the chat to write to.

    Raises: BotApiError 400 when there is none, 403 when the bot was blocked or is no member.
    """
    chat = find_chat(world, params.values.get("chat_id"))
    if chat.kind == "private" and world.book.people[chat.id].blocked_bot:
        raise BotApiError(403, "Forbidden: bot was blocked by the user")
    if chat.bot_id not in chat.member_ids:
        raise BotApiError(403, "Forbidden: bot was kicked from the supergroup chat")
    return chat


def formatted(params: CallParams, name: str, entities_name: str) -> FormattedText:
    """Give a text parameter with its entities, from `parse_mode` or from the explicit list."""
    return formatted_value(params.string(name), params.string("parse_mode"), params.document(entities_name))


def formatted_value(text: str, parse_mode: str, entities: Any) -> FormattedText:
    """Give `text` as Telegram understands it in this parse mode."""
    if len(text.encode(errors="surrogatepass")) > MAX_TEXT_BYTES:
        raise bad_request("text is too long")
    mode = parse_mode.lower().replace("none", "")
    if mode == "html":
        return with_detected(parse_html(text))
    if mode in {"markdown", "markdownv2"}:
        raise not_modelled(f"parse_mode {parse_mode}")
    if mode:
        raise bad_request("unsupported parse_mode")
    if entities is not None and not isinstance(entities, list):
        raise bad_request("can't parse entities JSON object")
    return with_detected(trimmed(FormattedText(text, tuple(entities or ()))))


def inline_keyboard(params: CallParams) -> InlineKeyboard:
    """Give the inline keyboard of a call; empty when it has none."""
    markup = _markup(params)
    return check_inline_keyboard(markup["inline_keyboard"]) if "inline_keyboard" in markup else []


def _markup(params: CallParams) -> dict[str, Any]:
    markup = params.document("reply_markup")
    if markup is None:
        return {}
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    return markup


@dataclass(frozen=True)
class Envelope:
    """Where a new message goes and everything about it but its content."""

    chat: Chat
    fields: dict[str, Any]

    def post(self, world: World, **content: Any) -> Message:
        """Put the message into its chat."""
        return world.book.post(self.chat, world.config.bot_id, **self.fields, **content)


def read_envelope(world: World, params: CallParams) -> Envelope:
    """Check where a message is to go; nothing is sent yet.

    Raises: BotApiError for a bad chat, reply or keyboard.
    """
    chat = writable_chat(world, params)
    reply_to, quote = _reply_target(world, chat, params)
    keyboard = inline_keyboard(params)
    markup = _markup(params)
    fields = {
        "reply_to": reply_to,
        "quote": quote,
        "thread_id": params.integer("message_thread_id") or None,
        "keyboard": keyboard,
        "reply_keyboard": markup if markup and "inline_keyboard" not in markup else None,
        "silent": params.boolean("disable_notification"),
        "protected": params.boolean("protect_content"),
        "effect_id": params.string("message_effect_id") or None,
    }
    return Envelope(chat, fields)


def _reply_target(world: World, chat: Chat, params: CallParams) -> tuple[Message | None, str]:
    wanted = params.document("reply_parameters")
    if wanted is None:
        wanted = {
            "message_id": params.integer("reply_to_message_id"),
            "allow_sending_without_reply": params.boolean("allow_sending_without_reply"),
        }
    if not isinstance(wanted, dict):
        raise bad_request("object expected as reply parameters")
    message_id = wanted.get("message_id")
    if not message_id:
        return None, ""
    source = find_chat(world, wanted["chat_id"]) if wanted.get("chat_id") else chat
    message = source.find(int(message_id))
    if message is None and not wanted.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return message, str(wanted.get("quote", "")) if message else ""


def bot_message(world: World, params: CallParams, missing: str) -> Message:
    """Give the bot's own message that a call wants to change; `missing` is what to say when it is gone."""
    if params.has("inline_message_id"):
        raise not_modelled("inline_message_id")
    if not params.integer("message_id"):
        raise bad_request("message identifier is not specified")
    chat = writable_chat(world, params)
    message = chat.find(params.integer("message_id"))
    if message is None:
        raise bad_request(missing)
    if not message.is_from_bot:
        raise bad_request("message can't be edited")
    return message
