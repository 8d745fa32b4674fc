"""Buttons under a job's messages. Only the person who asked for the job can use them."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from bot.jobs.errors import NoSuchJobError
from bot.jobs.service import JobService
from bot.telegram.button_data import JobButton
from bot.telegram.handlers.own_job import nothing_to_use, usable_job
from bot.telegram.replies import Replies
from bot.telegram.wording import text


def add_handlers(router: Router) -> None:
    """All actions on jobs."""
    router.callback_query.register(refuse_others, JobButton.filter(), somebody_elses)
    router.callback_query.register(cancel, JobButton.filter(F.action == "cancel"))


async def somebody_elses(query: CallbackQuery) -> bool:
    """A filter: in a group our messages quote the person they are for, so nobody has to be looked up."""
    owner = _quoted_person(query)
    return owner is not None and owner[0] != query.from_user.id


async def refuse_others(query: CallbackQuery, replies: Replies, locale: str) -> None:
    """Politely, and only to whoever pressed."""
    owner = _quoted_person(query)
    replies.answer(query, text("not_yours", locale, name=owner[1] if owner else ""))


async def cancel(
    query: CallbackQuery, callback_data: JobButton, jobs: JobService, replies: Replies, locale: str
) -> None:
    """Stop the job."""
    try:
        owner = (await usable_job(query, callback_data.job_id, jobs)).origin.user
        job = await jobs.cancel(callback_data.job_id, owner)
    except NoSuchJobError:
        return replies.answer(query, text(nothing_to_use(query), locale))
    if job.outcome and query.message and query.message.message_id != job.status_message_id:
        # A status message whose answer was lost on the way: nobody but its button knows of it.
        replies.take_back(query.message)
    return replies.answer(query, text("already_finished" if job.outcome else "canceling", locale))


def _quoted_person(query: CallbackQuery) -> tuple[int, str] | None:
    message = query.message
    if not isinstance(message, Message) or message.chat.type == "private" or not message.reply_to_message:
        return None
    quoted, user = message.reply_to_message, message.reply_to_message.from_user
    return (user.id, user.first_name) if user and not (user.is_bot or quoted.sender_chat) else None
