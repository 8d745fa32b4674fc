"""Which job a button is about, for whoever it belongs to."""

from dataclasses import replace

from aiogram.types import CallbackQuery, Message

from bot.jobs.errors import NoSuchJobError
from bot.jobs.results.result_service import Trigger
from bot.jobs.service import JobService
from bot.telegram.button_data import JobButton, number_in
from bot.telegram.double_taps import DoubleTaps
from bot.telegram.identity import thread_of, update_id, user_key
from storage.job import Job
from storage.person import Person


async def own_job(
    query: CallbackQuery, callback_data: JobButton, jobs: JobService, locale: str
) -> dict[str, Job | Message] | bool:
    """A filter that hands on the person's `job`, speaking their language, and the `message` with the button."""
    if not isinstance(query.message, Message):
        return False
    try:
        job = await jobs.job(callback_data.job_id, user_key(query.from_user))
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
