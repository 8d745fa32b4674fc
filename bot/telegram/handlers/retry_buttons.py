"""Once more: a result with another seed, or what has failed or was canceled, perhaps with another tool."""

from collections.abc import Mapping

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from bot.jobs.errors import NoSuchPresetError, NoSuchResultError, TooSmallToShrinkError
from bot.jobs.results.result_service import ResultService, Trigger
from bot.jobs.results.smaller import SmallerAgain
from bot.telegram.alerts import AdminAlerts
from bot.telegram.button_data import JobButton
from bot.telegram.handlers.own_job import own_job, pressed
from bot.telegram.identity import user_key
from bot.telegram.job_keyboards import VARIATIONS, tools_keyboard
from bot.telegram.replies import Replies
from bot.telegram.submissions import Submissions
from bot.telegram.wording import text
from replicate_gateway.presets import Preset
from storage.job import Job
from storage.person import Person


def add_handlers(router: Router) -> None:
    """Actions on what was sent."""
    on = router.callback_query
    on.register(again, JobButton.filter(F.action == "again"), own_job, pressed)
    on.register(vary, JobButton.filter(F.action == "vary"), own_job, pressed)
    on.register(show_tools, JobButton.filter(F.action == "tools"), own_job)
    on.register(again_with, JobButton.filter(F.action == "with"), own_job, pressed)
    on.register(smaller_again, JobButton.filter(F.action == "shrink"), own_job, pressed)
    on.register(report, JobButton.filter(F.action == "report"), own_job)


async def again(
    query: CallbackQuery, job: Job, results: ResultService, trigger: Trigger, replies: Replies, locale: str
) -> None:
    """The same, with new seeds."""
    await results.again(job.id, job.origin.user, trigger)
    replies.answer(query, text("again_started", locale))


async def vary(
    query: CallbackQuery, job: Job, results: ResultService, trigger: Trigger, replies: Replies, locale: str
) -> None:
    """The same a few times, each with a seed of its own; they come as an album with a report."""
    await results.again(job.id, job.origin.user, trigger, variations=VARIATIONS)
    replies.answer(query, text("on_it", locale))


async def show_tools(
    query: CallbackQuery, message: Message, job: Job, presets: Mapping[str, Preset], person: Person, replies: Replies
) -> None:
    """All tools for what was sent."""
    replies.answer(query)
    replies.say(message.edit_reply_markup(reply_markup=tools_keyboard(job, presets, person, None)).as_(message.bot))


async def again_with(
    query: CallbackQuery,
    callback_data: JobButton,
    job: Job,
    results: ResultService,
    submissions: Submissions,
    person: Person,
    trigger: Trigger,
    replies: Replies,
    locale: str,
) -> None:
    """The same pictures, another tool."""
    preset = callback_data.arg
    try:
        await results.again(job.id, job.origin.user, trigger, preset=preset)
    except NoSuchPresetError:
        return replies.answer(query, text("preset_gone", locale))
    submissions.remember(user_key(query.from_user), preset, person)
    return replies.answer(query, text("on_it", locale))


async def smaller_again(
    query: CallbackQuery, job: Job, smaller: SmallerAgain, trigger: Trigger, replies: Replies, locale: str
) -> None:
    """For a model that has run out of memory."""
    try:
        await smaller.again(job.id, job.origin.user, trigger)
    except NoSuchResultError:
        return replies.answer(query, text("picture_gone", locale))
    except TooSmallToShrinkError:
        return replies.answer(query, text("small_already", locale), alert=True)
    return replies.answer(query, text("on_it", locale))


async def report(query: CallbackQuery, job: Job, alerts: AdminAlerts, replies: Replies, locale: str) -> None:
    """The admins hear of it, and find the job by its code."""
    code = job.outcome.code if job.outcome else None
    replies.later(alerts.send("reported_by_person", f"somebody reports job {job.code}: {code}"), name="report")
    replies.answer(query, text("reported", locale, code=job.code))
