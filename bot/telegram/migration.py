"""Groups that became supergroups: their jobs follow them.

The old chat is refused with the id of the new one (https://core.telegram.org/bots/api#responseparameters). A refusal is
an answer, nothing was sent; so the call is made again at once.
"""

from collections import OrderedDict
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

_REMEMBERED = 1000


class Migration(BaseRequestMiddleware):
    """A request middleware for the bot's session; remembers where the latest chats went."""

    def __init__(self) -> None:
        self._moved: OrderedDict[int | str, int] = OrderedDict()

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        """One call, to where the chat is now."""
        chat_id: Any = getattr(method, "chat_id", None)
        if chat_id in self._moved:
            method = method.model_copy(update={"chat_id": self._moved[chat_id]})
        try:
            return await make_request(bot, method)
        except TelegramMigrateToChat as error:
            if chat_id is None or chat_id in self._moved:  # once is enough
                raise
            self._moved[chat_id] = error.migrate_to_chat_id
            if len(self._moved) > _REMEMBERED:
                self._moved.popitem(last=False)
            return await make_request(bot, method.model_copy(update={"chat_id": error.migrate_to_chat_id}))
