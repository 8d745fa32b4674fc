"""Words that nothing depends on. They are said after the update was answered, so a slow Telegram delays nobody."""

from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MaybeInaccessibleMessageUnion,
    Message,
    ReactionTypeEmoji,
    ReplyParameters,
)

from bot.jobs.background import Background

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_log = structlog.get_logger()


class Replies:
    """That something could not be said is logged, and that is all."""

    def __init__(self, background: Background) -> None:
        self._background = background

    def reply(self, message: Message, words: str, keyboard: InlineKeyboardMarkup | None = None) -> None:
        """A message to the chat that the update came from; in a group it quotes what it answers."""
        quote = None if message.chat.type == "private" else _quoted(message)
        method = message.answer(words, reply_markup=keyboard, reply_parameters=quote, link_preview_options=_NO_PREVIEW)
        self.say(method.as_(message.bot))

    def answer(self, query: CallbackQuery, words: str = "", *, alert: bool = False) -> None:
        """A toast for who pressed a button; it also stops the button's spinner."""
        self.say(query.answer(words or None, show_alert=alert or None).as_(query.bot))

    def open(self, query: CallbackQuery, url: str) -> None:
        """Bring who pressed a button to our private chat: https://core.telegram.org/bots/api#answercallbackquery."""
        self.say(query.answer(url=url).as_(query.bot))

    def rewrite(self, query: CallbackQuery, words: str, keyboard: InlineKeyboardMarkup | None = None) -> None:
        """Change the message under which the button was pressed; a new one where it is too old or has a picture."""
        message = query.message
        if message is None:
            return
        if isinstance(message, Message) and message.text:
            method: Awaitable[Any] = message.edit_text(
                words, reply_markup=keyboard, link_preview_options=_NO_PREVIEW
            ).as_(query.bot)
        else:
            method = message.answer(words, reply_markup=keyboard, link_preview_options=_NO_PREVIEW).as_(query.bot)
        self.say(method)

    def take_back(self, message: MaybeInaccessibleMessageUnion) -> None:
        """Delete a message of ours that is of no use any more."""
        if isinstance(message, Message):
            self.say(message.delete().as_(message.bot))

    async def taken_back(self, bot: Bot, messages: Iterable[tuple[int, int]]) -> bool:
        """Delete messages of ours, each named by its chat and its number; whether Telegram has agreed to all of it."""
        by_chat: dict[int, list[int]] = {}
        for chat_id, message_id in sorted(messages):
            by_chat.setdefault(chat_id, []).append(message_id)
        return all([await _said(bot.delete_messages(chat_id, ids)) for chat_id, ids in by_chat.items()])

    def react(self, message: Message, emoji: str) -> None:
        """Put a sign on a person's message: seen at once, and no message of its own."""
        self.sign(message.react([ReactionTypeEmoji(emoji=emoji)]).as_(message.bot))

    def sign(self, method: Awaitable[Any]) -> None:
        """A reaction. Where there is no room for it at once there is none, and that is nothing to log."""
        self._background.spawn(_said(method, TelegramRetryAfter), name="replies")

    def say(self, method: Awaitable[Any]) -> None:
        """Any other call to Telegram, or several of them."""
        self._background.spawn(_said(method), name="replies")

    def later(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Something that need not be done before the update is answered; it logs its own failures."""
        self._background.spawn(work, name=name)


async def _said(method: Awaitable[Any], *passed_over: type[AiogramError]) -> bool:
    try:
        await method
    except passed_over:
        return False
    except AiogramError as error:
        if "message is not modified" in str(error):  # pressed twice
            return True
        _log.warning("answer_not_sent", error=type(error).__name__)
        return False
    return True


def _quoted(message: Message) -> ReplyParameters:
    return ReplyParameters(message_id=message.message_id, allow_sending_without_reply=True)
