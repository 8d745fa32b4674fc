"""Messages, people and chats as the objects of the Bot API.

https://core.telegram.org/bots/api#available-types
"""

from typing import Any

from mock_server.telegram.chats import Chat, ChatBook, Message, Person
from mock_server.telegram.config import TelegramEmulatorConfig

_GROUP_ANONYMOUS_BOT = {"id": 1_087_968_824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


class BotApiJson:
    """Writes what the emulator knows as Bot API objects."""

    def __init__(self, config: TelegramEmulatorConfig, book: ChatBook) -> None:
        self._config, self._book = config, book

    def bot(self) -> dict[str, Any]:
        """Give the bot's own User object."""
        return {
            "id": self._config.bot_id,
            "is_bot": True,
            "first_name": self._config.bot_first_name,
            "username": self._config.bot_username,
        }

    def user(self, user_id: int) -> dict[str, Any]:
        """Give a User object: the bot or a person."""
        return self.bot() if user_id == self._config.bot_id else person_json(self._book.people[user_id])

    def chat(self, chat: Chat) -> dict[str, Any]:
        """Give a Chat object."""
        if chat.kind != "private":
            return {"id": chat.id, "type": chat.kind, "title": chat.title}
        person = self._book.people[chat.id]
        return {
            "id": chat.id,
            "type": "private",
            "first_name": person.first_name,
            **({"username": person.username} if person.username else {}),
        }

    def message(self, message: Message, *, with_reply: bool = True) -> dict[str, Any]:
        """Give a Message object; the replied-to message is nested one level deep only, as in Telegram."""
        body: dict[str, Any] = {
            "message_id": message.message_id,
            **self._sender(message),
            "chat": self.chat(message.chat),
            "date": message.date,
            **_content(message),
            **_optional(message),
        }
        if with_reply and message.reply_to is not None:
            body["reply_to_message"] = self.message(message.reply_to, with_reply=False)
        return body

    def _sender(self, message: Message) -> dict[str, Any]:
        """Of an anonymous admin nothing is told but the group: https://core.telegram.org/bots/api#message."""
        if message.anonymous:
            return {"from": _GROUP_ANONYMOUS_BOT, "sender_chat": self.chat(message.chat)}
        return {"from": self.user(message.sender_id)}

    def inaccessible(self, message: Message) -> dict[str, Any]:
        """Give an InaccessibleMessage object: what a button is left of when its message is deleted."""
        return {"chat": self.chat(message.chat), "message_id": message.message_id, "date": 0}


def person_json(person: Person) -> dict[str, Any]:
    """Give the User object of a person."""
    return {
        "id": person.id,
        "is_bot": False,
        "first_name": person.first_name,
        **({"username": person.username} if person.username else {}),
        **({"language_code": person.language_code} if person.language_code else {}),
    }


def reactions_json(emoji: list[str]) -> list[dict[str, str]]:
    """Give ReactionTypeEmoji objects."""
    return [{"type": "emoji", "emoji": one} for one in emoji]


def _content(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = dict(message.other_content)
    if message.text:
        body["text"] = message.text
    if message.entities:
        body["entities"] = list(message.entities)
    if message.photo:
        body["photo"] = [size.as_photo_size() for size in message.photo]
    if message.document is not None:
        body["document"] = message.document.as_document()
    if message.caption:
        body["caption"] = message.caption
    if message.caption_entities:
        body["caption_entities"] = list(message.caption_entities)
    return body


def _optional(message: Message) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "edit_date": message.edited_at,
        "media_group_id": message.media_group_id,
        "message_thread_id": message.thread_id,
        "is_topic_message": True if message.thread_id is not None else None,
        "has_media_spoiler": message.spoiler or None,
        "show_caption_above_media": message.caption_above or None,
        "has_protected_content": message.protected or None,
        "effect_id": message.effect_id,
        "quote": {"text": message.quote, "position": 0} if message.quote else None,
        "reply_markup": {"inline_keyboard": message.keyboard} if message.keyboard else None,
    }
    return {name: value for name, value in facts.items() if value is not None}
