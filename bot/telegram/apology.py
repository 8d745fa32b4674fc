"""One sentence for the person whose update broke our code: from where they sit nothing happened at all."""

from collections.abc import Mapping
from typing import Any

from aiogram import Bot

from bot.telegram.raw_updates import chat_in, mapping
from bot.telegram.replies import Replies
from bot.telegram.wording import locale_of, text

# What people do to us and wait for. The rest, such as being removed from a group, waits for no answer.
_ASKED_FOR = ("message", "callback_query")


class Apology:
    """Reads the update as it came: often it is its parsing that broke."""

    def __init__(self, bot: Bot, replies: Replies, default_locale: str) -> None:
        self._bot, self._replies, self._default_locale = bot, replies, default_locale

    def say(self, update: Mapping[str, Any]) -> None:
        """In private chats only; a group need not hear of it."""
        for kind in _ASKED_FOR:
            event = mapping(update.get(kind))
            chat = chat_in(event)
            chat_id, language = chat.get("id"), mapping(event.get("from")).get("language_code")
            if chat.get("type") == "private" and isinstance(chat_id, int):
                locale = locale_of(language if isinstance(language, str) else None, self._default_locale)
                self._replies.say(self._bot.send_message(chat_id, text("internal", locale)))
