"""What is done with results: looked at again, made again, worked on further, deleted. Recorded first, then said."""

from collections.abc import Mapping
from datetime import timedelta

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.jobs.erasure import ResultErasure
from bot.jobs.errors import NoSuchPresetError, NoSuchResultError
from bot.jobs.ports.clock import Clock
from bot.jobs.results.result_service import ResultService, Trigger
from bot.telegram.button_data import JobButton, job_data, number_in
from bot.telegram.handlers.own_job import own_job, own_result, pressed
from bot.telegram.history_cards import turning_rows
from bot.telegram.identity import user_key
from bot.telegram.job_keyboards import bin_keyboard, outcome_keyboard, result_keyboard, results_keyboard, tools_keyboard
from bot.telegram.keyboards import button, keyboard
from bot.telegram.replies import Replies
from bot.telegram.showing import Showing
from bot.telegram.submissions import Submissions
from bot.telegram.wording import text
from replicate_gateway.presets import Preset
from storage.job import Job
from storage.person import Person

# Older messages stay, and nobody says so. https://core.telegram.org/bots/api#deletemessage
_TAKEN_BACK_WITHIN = timedelta(hours=48)


def add_handlers(router: Router) -> None:
    """Actions on the results of finished jobs."""
    on = router.callback_query
    on.register(compare, JobButton.filter(F.action == "compare"), own_result)
    on.register(original, JobButton.filter(F.action == "file"), own_result)
    on.register(show_tools, JobButton.filter(F.action == "more"), own_result)
    on.register(chain, JobButton.filter(F.action == "do"), own_result, pressed)
    on.register(show_result, JobButton.filter(F.action == "result"), own_result)
    on.register(go_back, JobButton.filter(F.action == "back"), own_job)
    on.register(ask_to_delete, JobButton.filter(F.action == "bin"), own_job)
    on.register(delete, JobButton.filter(F.action == "delete"), own_job, _finished)


async def compare(
    query: CallbackQuery,
    bot: Bot,
    message: Message,
    job: Job,
    number: int,
    showing: Showing,
    replies: Replies,
    locale: str,
) -> None:
    """Before and after."""
    replies.answer(query, text("one_moment", locale))
    replies.say(showing.compare(bot, message, job, number))


async def original(
    query: CallbackQuery,
    bot: Bot,
    message: Message,
    job: Job,
    number: int,
    showing: Showing,
    replies: Replies,
    locale: str,
) -> None:
    """Every byte of it."""
    replies.answer(query, text("one_moment", locale))
    replies.say(showing.original(bot, message, job, number))


async def show_tools(
    query: CallbackQuery,
    message: Message,
    job: Job,
    number: int,
    presets: Mapping[str, Preset],
    person: Person,
    replies: Replies,
) -> None:
    """What can be done with it further."""
    replies.answer(query)
    _rekey_for_now(message, replies, tools_keyboard(job, presets, person, number))


async def chain(
    query: CallbackQuery,
    callback_data: JobButton,
    message: Message,
    job: Job,
    number: int,
    results: ResultService,
    submissions: Submissions,
    person: Person,
    trigger: Trigger,
    replies: Replies,
    locale: str,
) -> None:
    """The result becomes the picture of a new job."""
    preset = callback_data.arg.partition(".")[2]
    try:
        await results.chain(job.id, job.origin.user, number, preset, trigger)
    except NoSuchPresetError:
        return replies.answer(query, text("preset_gone", locale))
    except NoSuchResultError:
        return replies.answer(query, text("picture_gone", locale))
    submissions.remember(user_key(query.from_user), preset, person)
    _rekey(message, replies, _usual(message, job, number))
    return replies.answer(query, text("on_it", locale))


async def show_result(
    query: CallbackQuery, message: Message, job: Job, number: int, replies: Replies, locale: str
) -> None:
    """The buttons of one of several."""
    replies.answer(query)
    back = button(text("back", locale), job_data("back", job.id))
    _rekey(message, replies, result_keyboard(job, number, [back]))


async def go_back(query: CallbackQuery, callback_data: JobButton, message: Message, job: Job, replies: Replies) -> None:
    """The buttons as they were."""
    replies.answer(query)
    _rekey(message, replies, _usual(message, job, number_in(callback_data.arg)))


async def ask_to_delete(
    query: CallbackQuery, callback_data: JobButton, message: Message, job: Job, replies: Replies
) -> None:
    """The first tap."""
    replies.answer(query)
    _rekey_for_now(message, replies, bin_keyboard(job, callback_data.arg))


async def delete(
    query: CallbackQuery,
    bot: Bot,
    message: Message,
    job: Job,
    result_erasure: ResultErasure,
    clock: Clock,
    replies: Replies,
    locale: str,
) -> None:
    """The second tap: gone from the storage, then from the chats, and the person reads whether from all of them.

    A card of the history is in the private chat, while the picture may have been shown to a group: whoever deletes it
    for good wants it gone from there in the first place.
    """
    await result_erasure.erase(job)
    shown = {(message.chat.id, message.message_id)}
    if (chat_id := job.origin.speaks_in) is not None:
        shown |= {(chat_id, message_id) for message_id in job.message_ids}
    too_old = job.outcome is not None and clock.now() - job.outcome.at >= _TAKEN_BACK_WITHIN

    async def take_back() -> None:
        taken = await replies.taken_back(bot, shown) and not too_old
        replies.answer(query, text("deleted" if taken else "deleted_but_shown", locale), alert=not taken)

    replies.later(take_back(), name="take back")


async def _finished(_: CallbackQuery, job: Job) -> bool:
    """A filter: what still runs is canceled, not deleted; nobody has such a button, but anybody can make one up."""
    return job.status.terminal


def _usual(message: Message, job: Job, number: int) -> InlineKeyboardMarkup | None:
    """Of one result its own buttons; of several those of one of them, or those that lead to each; of a card its own."""
    turning = turning_rows(message)
    if turning and 1 <= number <= len(job.files):
        return result_keyboard(job, number, *turning)
    if len(job.files) <= 1:
        return outcome_keyboard(job)
    if not 1 <= number <= len(job.files):
        return results_keyboard(job)
    return result_keyboard(job, number, [button(text("back", job.origin.locale), job_data("back", job.id))])


def _rekey_for_now(message: Message, replies: Replies, buttons: InlineKeyboardMarkup) -> None:
    """There is a way back, and a card can be turned meanwhile."""
    _rekey(message, replies, keyboard(*buttons.inline_keyboard, *turning_rows(message)))


def _rekey(message: Message, replies: Replies, buttons: InlineKeyboardMarkup | None) -> None:
    replies.say(message.edit_reply_markup(reply_markup=buttons).as_(message.bot))
