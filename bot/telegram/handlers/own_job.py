"""Which job a button is about, for whoever it belongs to."""

from dataclasses import replace

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.types import CallbackQuery, Message

from bot.jobs.errors import NoSuchJobError
from bot.jobs.results.result_service import Trigger
from bot.jobs.service import JobService
from bot.telegram.button_data import JobButton, number_in
from bot.telegram.double_taps import DoubleTaps
from bot.telegram.identity import group_key, thread_of, update_id, user_key
from storage.job import Job
from storage.person import Person

# https://core.telegram.org/bots/api#chatmember
_ADMINS = frozenset({"creator", "administrator"})


async def usable_job(query: CallbackQuery, job_id: str, jobs: JobService) -> Job:
    """The job that a button is about, if it belongs to who pressed it.

    What was asked for anonymously belongs to the group, and any of its admins may use the buttons. A press comes from
    the person themselves, so that Telegram has to be asked whether they are one.

    Raises:
        NoSuchJobError: there is none, or they may not.
        AiogramError: Telegram cannot be asked now.
    """
    try:
        return await jobs.job(job_id, user_key(query.from_user))
    except NoSuchJobError:
        message, bot = query.message, query.bot
        if message is None or bot is None or message.chat.type == "private":
            raise
        job = await jobs.job(job_id, group_key(message.chat))
        if not await _is_admin(bot, message.chat.id, query.from_user.id):
            raise
        return job


def nothing_to_use(query: CallbackQuery) -> str:
    """The key of the sentence that says so: in a group the job may well be there, for somebody else."""
    in_group = query.message is not None and query.message.chat.type != "private"
    return "not_yours_unnamed" if in_group else "job_gone"


async def own_job(
    query: CallbackQuery, callback_data: JobButton, jobs: JobService, locale: str
) -> dict[str, Job | Message] | bool:
    """A filter that hands on the person's `job`, speaking their language, and the `message` with the button."""
    if not isinstance(query.message, Message):
        return False
    try:
        job = await usable_job(query, callback_data.job_id, jobs)
    except NoSuchJobError:
        return False
    return {"job": replace(job, origin=replace(job.origin, locale=locale)), "message": query.message}


async def own_result(
    query: CallbackQuery, callback_data: JobButton, jobs: JobService, locale: str
) -> dict[str, Job | Message | int] | bool:
    """The same for a result of the job, with its `number`."""
    found = await own_job(query, callback_data, jobs, locale)
    number = number_in(callback_data.arg)
    if not isinstance(found, dict) or not isinstance(job := found["job"], Job) or not 1 <= number <= len(job.files):
        return False
    return {**found, "number": number}


async def pressed(
    query: CallbackQuery, person: Person, double_taps: DoubleTaps, locale: str
) -> dict[str, Trigger] | bool:
    """A filter that hands on the `trigger`: a press asks for one thing, delivered twice or by a finger that slipped."""
    if not isinstance(query.message, Message):
        return False
    chat_id, thread_id = query.message.chat.id, thread_of(query.message)
    press = await double_taps.first_press(query)
    return {"trigger": Trigger(press, locale, update_id(), chat_id, thread_id, delivery=person.delivery)}


async def _is_admin(bot: Bot, chat_id: int, user_id: int) -> bool:
    """As far as Telegram tells: of other people only who is an admin itself is sure to hear.

    https://core.telegram.org/bots/api#getchatmember
    """
    try:
        member = await bot.get_chat_member(chat_id, user_id)
    except (TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat):
        return False
    return member.status in _ADMINS
