"""A group has become a supergroup: Telegram says so in both chats, in a message that nobody wrote."""

from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import Message, TelegramObject

from bot.jobs.moved_groups import MovedGroups
from bot.telegram.access import Handler


class Migration(BaseMiddleware):
    """Stands before the access, which knows people only. Either message may come first, or alone.

    https://core.telegram.org/bots/api#message, `migrate_to_chat_id` and `migrate_from_chat_id`.
    """

    def __init__(self, groups: MovedGroups) -> None:
        self._groups = groups

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Raises `StorageError` when it cannot be recorded."""
        if isinstance(event, Message) and event.migrate_to_chat_id:
            return await self._groups.follow(event.chat.id, event.migrate_to_chat_id)
        if isinstance(event, Message) and event.migrate_from_chat_id:
            return await self._groups.follow(event.migrate_from_chat_id, event.chat.id)
        return await handler(event, data)
