"""/cancel: stop everything that this person has running."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from bot.jobs.service import JobService
from bot.telegram.identity import author_key
from bot.telegram.replies import Replies
from bot.telegram.wording import text


def add_handlers(router: Router) -> None:
    """The command; the button under a job is in `job_buttons`."""
    router.message.register(cancel, Command("cancel"))


async def cancel(message: Message, jobs: JobService, replies: Replies, locale: str) -> None:
    """Each job's own message says when it has stopped."""
    stopping = await jobs.cancel_all(author_key(message), message.chat.id)
    words = text("canceling_all", locale, n=stopping) if stopping else text("nothing_to_cancel", locale)
    replies.reply(message, words)
