"""Remind me: who has used up the day's photos is told when the next one is possible."""

from datetime import timedelta

from aiogram import F, Router
from aiogram.types import CallbackQuery

from bot.telegram.button_data import JobButton
from bot.telegram.handlers.own_job import own_job
from bot.telegram.replies import Replies
from bot.telegram.wording import text
from storage.job import Job
from storage.reminders import Reminder, Reminders


def add_handlers(router: Router) -> None:
    """The button under a refusal."""
    router.callback_query.register(remind, JobButton.filter(F.action == "remind"), own_job)


async def remind(query: CallbackQuery, job: Job, reminders: Reminders, replies: Replies, locale: str) -> None:
    """Noted before it is said. What was refused tells when the next is possible."""
    outcome, origin = job.outcome, job.origin
    if outcome is None or "wait_s" not in outcome.facts or origin.speaks_in is None:  # a button that was made up
        return replies.answer(query, text("job_gone", locale))
    due_at = outcome.at + timedelta(seconds=float(outcome.facts["wait_s"]))
    quoted = None if origin.moved_to else origin.message_id
    await reminders.add(Reminder(origin.user, due_at, origin.speaks_in, locale, quoted, origin.thread_id))
    return replies.answer(query, text("will_remind", locale))
