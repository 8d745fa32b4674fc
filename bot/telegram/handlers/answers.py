"""Answers to what a job asks before it can begin: by button, or in words."""

from aiogram import F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.types import CallbackQuery, Message

from bot.jobs.errors import NoSuchJobError, NoSuchPresetError
from bot.jobs.service import JobService
from bot.telegram.button_data import JobButton
from bot.telegram.handlers.own_job import nothing_to_use, usable_job
from bot.telegram.identity import author_key, plain, user_key
from bot.telegram.replies import Replies
from bot.telegram.submissions import Submissions
from bot.telegram.wording import text
from storage.draft_events import AlbumUseChosen, Answer, FirstChosen, PresetChosen, StartConfirmed
from storage.person import Person
from storage.wishes import AlbumUse

_HEARD = "✍"


def add_handlers(router: Router) -> None:
    """The buttons of the questions, and texts that are no command."""
    router.callback_query.register(
        answer, JobButton.filter(F.action.in_({"preset", "album", "first", "start"})), _answer
    )
    router.message.register(take_words, F.text, ~F.text.startswith("/"))


async def answer(
    query: CallbackQuery,
    callback_data: JobButton,
    said: Answer,
    jobs: JobService,
    submissions: Submissions,
    person: Person,
    replies: Replies,
    locale: str,
) -> None:
    """The job shows by itself what follows from it."""
    try:
        user = (await usable_job(query, callback_data.job_id, jobs)).origin.user
        job = await jobs.answer(callback_data.job_id, user, said)
    except NoSuchJobError:
        return replies.answer(query, text(nothing_to_use(query), locale))
    except NoSuchPresetError:
        return replies.answer(query, text("preset_gone", locale))
    if isinstance(said, PresetChosen) and job.preset == said.preset:
        submissions.remember(user_key(query.from_user), said.preset, person)
    return replies.answer(query, "" if job.draft else text("too_late", locale))


async def take_words(message: Message, jobs: JobService, replies: Replies) -> None:
    """What shall be changed, if a job has asked for that."""
    user, words = author_key(message), plain(message.text)
    if await jobs.give_prompt(user, message.chat.id, words, message.message_id) is None:
        raise SkipHandler
    replies.react(message, _HEARD)


async def _answer(_: CallbackQuery, callback_data: JobButton) -> dict[str, Answer] | bool:
    """A filter: what the button says; nothing for one that was made up."""
    arg = callback_data.arg
    match callback_data.action:
        case "preset" if arg:
            return {"said": PresetChosen(arg)}
        case "album" if arg in list(AlbumUse):
            return {"said": AlbumUseChosen(AlbumUse(arg))}
        case "first" if arg.isdecimal():
            return {"said": FirstChosen(int(arg))}
        case "start":
            return {"said": StartConfirmed()}
        case _:
            return False
