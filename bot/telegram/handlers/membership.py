"""The person blocked the bot, or the bot was removed from a group."""

from aiogram import Router
from aiogram.filters import LEAVE_TRANSITION, ChatMemberUpdatedFilter
from aiogram.types import ChatMemberUpdated

from bot.jobs.service import JobService
from bot.telegram.identity import user_key


def add_handlers(router: Router) -> None:
    """Changes of the bot's own membership."""
    router.my_chat_member.register(leave, ChatMemberUpdatedFilter(LEAVE_TRANSITION))


async def leave(change: ChatMemberUpdated, jobs: JobService) -> None:
    """Nobody waits for their jobs any more; in a group nobody at all, whoever it was that put the bot out.

    A group that becomes a supergroup does not say so: https://github.com/tdlib/telegram-bot-api/issues/266.
    """
    user = user_key(change.from_user) if change.chat.type == "private" else None
    await jobs.leave(change.chat.id, user)
