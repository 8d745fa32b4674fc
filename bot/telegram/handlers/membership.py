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
    """Nobody waits for their jobs any more."""
    await jobs.leave(user_key(change.from_user), change.chat.id)
