"""What a person's update means: parse, call the service, answer. Recording comes first, talk is optional."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from aiogram import Dispatcher, F, Router
from aiogram.filters import LEAVE_TRANSITION, ChatMemberUpdatedFilter, Command, CommandStart
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message, User
from structlog.contextvars import get_contextvars

from bot.jobs.errors import NoSuchJobError
from bot.jobs.service import JobService
from bot.jobs.submission import Album, Submission
from bot.telegram.filters import keep_filters_on_the_loop
from bot.telegram.messages import JobButton, locale_of, text
from bot.telegram.talk import Talk
from storage.job import InputImage, Origin
from storage.object_keys import job_id_of

_IMAGE_FILE = F.document.mime_type.startswith("image/") | F.document.file_name.lower().regexp(
    r".*\.(jpe?g|png|webp|gif|bmp|tiff?|hei[cf])$"
)


@dataclass(frozen=True, slots=True)
class ChatRules:
    """What the handlers need to know of the settings."""

    bot_id: int
    default_locale: str
    preset: str
    max_image_mb: int
    presets: Collection[str] = ()
    allowed_ids: Collection[int] = ()

    def allows(self, user: User | None) -> bool:
        """Whether this person may use the bot."""
        return not self.allowed_ids or (user is not None and user.id in self.allowed_ids)

    def locale(self, user: User | None) -> str:
        """The language to speak to this person in."""
        return locale_of(user.language_code if user else None, self.default_locale)


def build_dispatcher(jobs: JobService, rules: ChatRules, talk: Talk) -> Dispatcher:
    """The dispatcher with everything its handlers ask for by name. One per process: a router has one parent."""
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher["jobs"] = jobs
    dispatcher["rules"] = rules
    dispatcher["talk"] = talk
    dispatcher.include_router(_fresh_router())
    keep_filters_on_the_loop(dispatcher)
    return dispatcher


def _fresh_router() -> Router:
    # aiogram attaches a router to its dispatcher for good, and tests build many dispatchers in one process.
    fresh = Router()
    fresh.message.filter(F.from_user)
    fresh.message.register(refuse, lambda message, rules: not rules.allows(message.from_user))
    fresh.message.register(accept_photo, F.photo)
    fresh.message.register(accept_document, _IMAGE_FILE)
    fresh.message.register(start, CommandStart())
    fresh.message.register(help_, Command("help"))
    fresh.message.register(hint, F.chat.type == "private")
    fresh.my_chat_member.register(leave, ChatMemberUpdatedFilter(LEAVE_TRANSITION))
    fresh.callback_query.register(press, JobButton.filter(F.action == "cancel"))
    fresh.callback_query.register(press_unknown)
    return fresh


async def accept_photo(message: Message, jobs: JobService, rules: ChatRules) -> None:
    """A photo: Telegram offers several sizes, the last is the largest."""
    photo = (message.photo or [])[-1]
    await _submit(message, jobs, rules, InputImage(photo.file_id, size=photo.file_size))


async def accept_document(message: Message, jobs: JobService, rules: ChatRules) -> None:
    """An image as a file. What it really is shows when it is opened; its name and MIME type are the sender's."""
    if document := message.document:
        await _submit(message, jobs, rules, InputImage(document.file_id, size=document.file_size, as_file=True))


async def start(message: Message, rules: ChatRules, talk: Talk) -> None:
    """The first words."""
    talk.reply(message, text("start", rules.locale(message.from_user)))


async def help_(message: Message, rules: ChatRules, talk: Talk) -> None:
    """What the bot takes."""
    talk.reply(message, text("help", rules.locale(message.from_user), max_mb=rules.max_image_mb))


async def hint(message: Message, rules: ChatRules, talk: Talk) -> None:
    """Anything that is not a photo. In groups the bot stays silent."""
    talk.reply(message, text("send_a_photo", rules.locale(message.from_user)))


async def refuse(message: Message, rules: ChatRules, talk: Talk) -> None:
    """Somebody who may not use the bot."""
    if message.chat.type == "private":
        talk.reply(message, text("not_allowed", rules.locale(message.from_user)))


async def leave(change: ChatMemberUpdated, jobs: JobService) -> None:
    """The person blocked the bot, or the bot was removed from a group."""
    await jobs.leave(_user_key(change.from_user), change.chat.id)


async def press(query: CallbackQuery, callback_data: JobButton, jobs: JobService, rules: ChatRules, talk: Talk) -> None:
    """A button under a job's message."""
    locale = rules.locale(query.from_user)
    job_id = _with_dashes(callback_data.job)
    try:
        job = await jobs.cancel(job_id, _user_key(query.from_user))
    except NoSuchJobError:
        return talk.answer(query, text("old_button", locale))
    if job.outcome and query.message and query.message.message_id != job.status_message_id:
        # A status message whose answer was lost on the way: nobody but its button knows of it.
        talk.take_back(query.message)
    return talk.answer(query, text("already_finished" if job.outcome else "canceling", locale))


async def press_unknown(query: CallbackQuery, rules: ChatRules, talk: Talk) -> None:
    """A button that this version does not know."""
    talk.answer(query, text("old_button", rules.locale(query.from_user)))


async def _submit(message: Message, jobs: JobService, rules: ChatRules, image: InputImage) -> None:
    job_id = job_id_of("telegram", rules.bot_id, message.chat.id, message.message_id)
    origin = Origin(
        user=_user_key(message.from_user),
        locale=rules.locale(message.from_user),
        chat_id=message.chat.id,
        message_id=message.message_id,
        thread_id=message.message_thread_id if message.is_topic_message else None,
        update_id=_update_id(),
    )
    group = message.media_group_id
    album_id = job_id_of("telegram", rules.bot_id, message.chat.id, "album", group or "")
    preset, prompt = named_preset(_clean(message.caption), rules.presets)
    await jobs.submit(
        Submission(
            job_id,
            origin,
            preset or rules.preset,
            (replace(image, message_id=message.message_id),),
            prompt=prompt,
            chosen=preset is not None,
            album=Album(album_id, group) if group else None,
        )
    )


def named_preset(caption: str, presets: Collection[str]) -> tuple[str | None, str]:
    """The preset that the caption's first word names, if it names one, and the rest of the caption."""
    first, _, rest = caption.partition(" ")
    name = first.strip("/#:").lower()
    return (name, rest.strip()) if name in presets else (None, caption)


def _clean(text: str | None) -> str:
    """Without lone surrogates, which JSON can carry and UTF-8 cannot."""
    return (text or "").encode(errors="replace").decode()


def _user_key(user: User | None) -> str:
    return f"tg-{user.id if user else 0}"


def _with_dashes(hex_id: str) -> str:
    return "-".join((hex_id[:8], hex_id[8:12], hex_id[12:16], hex_id[16:20], hex_id[20:]))


def _update_id() -> int | None:
    value = get_contextvars().get("update_id")
    return value if isinstance(value, int) else None
