"""Before everything else: is this for us, who is it, may they, and in which language do we speak."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.telegram.addressing import Addressing
from bot.telegram.identity import author_key, user_key
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.wording import text
from storage.people import People

# What somebody has chosen, perhaps in another process, holds from the next thing on that they do by hand.
_CHOICES_HOLD_AFTER_S = 1.0

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class AccessMiddleware(BaseMiddleware):
    """Gives filters and handlers `person` and `locale`; raises `StorageError` when the person cannot be looked up.

    What people in a group say to each other costs nothing.
    """

    def __init__(self, addressing: Addressing, people: People, rules: ChatRules, replies: Replies) -> None:
        self._addressing, self._people, self._rules, self._replies = addressing, people, rules, replies

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Strangers and banned people get no further."""
        if not isinstance(event, Message | CallbackQuery) or event.from_user is None:
            return None
        if isinstance(event, Message) and not await self._addressing.meant(event, data["bot"]):
            return None
        user = author_key(event) if isinstance(event, Message) else user_key(event.from_user)
        person = await self._people.load(user, max_age_s=_CHOICES_HOLD_AFTER_S)
        locale = person.locale or self._rules.locale(event.from_user)
        if not self._rules.allows(event.from_user):
            return self._refuse(event, text("not_allowed", locale))
        if person.banned:
            return self._refuse(event, text("banned", locale))
        return await handler(event, {**data, "person": person, "locale": locale})

    def _refuse(self, event: Message | CallbackQuery, words: str) -> None:
        """Said in private only: a group did not ask."""
        if isinstance(event, CallbackQuery):
            self._replies.answer(event, words)
        elif event.chat.type == "private":
            self._replies.reply(event, words)
