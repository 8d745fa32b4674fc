"""A person's results, one card at a time: by Telegram's own name for the picture, or anew from the storage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, tzinfo

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, InputMediaDocument, InputMediaPhoto, Message

from bot.jobs.errors import NoSuchJobError
from bot.jobs.parcels import Form, Item, items
from bot.jobs.ports.chat import Artifact
from bot.jobs.ports.clock import Clock
from bot.jobs.results.result_service import ResultService
from bot.jobs.service import JobService
from bot.telegram.button_data import HistoryButton, history_data
from bot.telegram.job_keyboards import result_keyboard
from bot.telegram.keyboards import button, in_rows
from bot.telegram.uploads import UPLOAD_TIMEOUT_S, SpoolFile, short_text, upload
from bot.telegram.wording import text
from replicate_gateway.presets import Preset
from storage.job import Job
from storage.object_keys import job_id_in
from storage.repository import JobRepository

# More than anybody turns over by hand; one page of a listing.
_MAX_CARDS = 200

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Card:
    """Result `number` of a job, the `place`-th of `total` jobs, and its neighbours."""

    job: Job
    number: int
    place: int
    total: int
    newer: str | None
    older: str | None


def turning_rows(message: Message) -> list[list[InlineKeyboardButton]]:
    """The buttons of a card that lead to other cards, to be kept whatever else is shown; none under other messages."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    return [row for row in rows if all(_turns(one) for one in row)]


def _turns(one: InlineKeyboardButton) -> bool:
    try:
        return bool(HistoryButton.unpack(one.callback_data or ""))
    except (TypeError, ValueError):
        return False


class HistoryCards:
    """Finds cards and shows them. Finding raises `StorageError`; showing `AiogramError` too."""

    def __init__(
        self,
        repository: JobRepository,
        jobs: JobService,
        results: ResultService,
        presets: Mapping[str, Preset],
        keep: timedelta,
        zone: tzinfo,
        clock: Clock,
    ) -> None:
        self._repository, self._jobs, self._results, self._presets = repository, jobs, results, presets
        self._keep, self._zone, self._clock = keep, zone, clock

    async def find(self, user: str, job_id: str | None = None, number: int = 1) -> Card | None:
        """The card of this job, or the newest one; of what was deleted the next older one. None without any."""
        since_s = (self._clock.now() - self._keep).timestamp()
        keys = await self._repository.history_keys(user, since_s=since_s, limit=_MAX_CARDS)
        ids = [found for key in keys if (found := job_id_in(key))]
        start = ids.index(job_id) if job_id in ids else 0
        for place in [*range(start, len(ids)), *range(start)]:
            try:
                job = await self._jobs.job(ids[place], user)
            except NoSuchJobError:
                continue  # deleted; its place in the list is that of the quota
            newer = ids[place - 1] if place else None
            older = ids[place + 1] if place + 1 < len(ids) else None
            shown = number if ids[place] == job_id and 1 <= number <= len(job.files) else 1
            return Card(job, shown, place + 1, len(ids), newer, older)
        return None

    async def show(self, bot: Bot, card: Card, *, chat: Message, instead_of: Message | None = None) -> None:
        """Send it to the chat of a message, or turn a card that is there into it."""
        item = next(item for item in items(card.job) if item.number == card.number)
        file_id = item.file.file_id
        try:
            if file_id and item.form is not Form.TEXT:
                return await self._put(bot, card, item, file_id, chat, instead_of)
        except TelegramBadRequest as error:
            if "message is not modified" in error.message:
                return None
            _log.info("picture_sent_anew", reason=error.message)
        async with self._results.opened(card.job, [item.key]) as contents:
            if item.key not in contents:
                await chat.answer(text("picture_gone", card.job.origin.locale)).as_(bot)
                return None
            artifact = Artifact(item.file, contents[item.key], item.form, item.number)
            if item.form is Form.TEXT and (words := short_text(artifact)) is not None:
                await chat.answer(words, reply_markup=self._keyboard(card)).as_(bot)
                if instead_of:
                    await instead_of.delete().as_(bot)
                return None
            return await self._put(bot, card, item, upload(card.job, artifact), chat, instead_of)

    async def _put(
        self, bot: Bot, card: Card, item: Item, picture: str | SpoolFile, chat: Message, instead_of: Message | None
    ) -> None:
        caption, buttons, as_photo = self._caption(card), self._keyboard(card), item.form is Form.PHOTO
        if instead_of:
            kind = InputMediaPhoto if as_photo else InputMediaDocument
            await bot.edit_message_media(
                kind(media=picture, caption=caption),
                chat_id=instead_of.chat.id,
                message_id=instead_of.message_id,
                reply_markup=buttons,
                request_timeout=UPLOAD_TIMEOUT_S,
            )
            return
        answer = chat.answer_photo if as_photo else chat.answer_document
        await bot(
            answer(picture, caption=caption, reply_markup=buttons, disable_notification=True),
            request_timeout=UPLOAD_TIMEOUT_S,
        )

    def _caption(self, card: Card) -> str:
        job = card.job
        done = (job.outcome.at if job.outcome else job.updated_at).astimezone(self._zone)
        preset = self._presets.get(job.preset)
        locale = job.origin.locale
        tool = preset.label(locale) if preset else job.preset
        return text("history_card", locale, tool=tool, at=done, until=(done + self._keep).date())

    def _keyboard(self, card: Card) -> InlineKeyboardMarkup:
        job = card.job
        turn = [
            button("◀", history_data(card.newer)) if card.newer else None,
            button(f"{card.place}/{card.total}", history_data(job.id, card.number)),
            button("▶", history_data(card.older)) if card.older else None,
        ]
        several = range(1, len(job.files) + 1) if len(job.files) > 1 else ()
        numbers = [button(f"· 🖼 {n} ·" if n == card.number else f"🖼 {n}", history_data(job.id, n)) for n in several]
        return result_keyboard(job, card.number, *in_rows(numbers, 5), [one for one in turn if one])
