"""Words that nothing depends on. They are said after the update was answered, so a slow Telegram delays nobody."""

from collections.abc import Awaitable
from typing import Any

import structlog
from aiogram.exceptions import AiogramError
from aiogram.types import CallbackQuery, MaybeInaccessibleMessageUnion, Message

from bot.jobs.background import Background

_log = structlog.get_logger()


class Talk:
    """That something could not be said is logged, and that is all."""

    def __init__(self, background: Background) -> None:
        self._background = background

    def reply(self, message: Message, words: str) -> None:
        """A message to the chat that the update came from."""
        self.say(message.answer(words).as_(message.bot))

    def answer(self, query: CallbackQuery, words: str) -> None:
        """A toast for who pressed a button; it also stops the button's spinner."""
        self.say(query.answer(words).as_(query.bot))

    def take_back(self, message: MaybeInaccessibleMessageUnion) -> None:
        """Delete a message of ours that is of no use any more."""
        if isinstance(message, Message):
            self.say(message.delete().as_(message.bot))

    def say(self, method: Awaitable[Any]) -> None:
        """Any call, some time soon."""
        self._background.spawn(_said(method), name="talk")


async def _said(method: Awaitable[Any]) -> None:
    try:
        await method
    except AiogramError as error:
        _log.warning("answer_not_sent", error=type(error).__name__)
