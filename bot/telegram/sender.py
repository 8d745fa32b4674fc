"""`Notifier` for Telegram chats: status message, result, reason; `bot.jobs.ports.chat.Notifier` has its promises."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import SEEK_END
from typing import BinaryIO

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InputMediaDocument,
    Message,
    ReactionTypeEmoji,
    ReplyParameters,
)

from bot.jobs.errors import StatusMessageGoneError
from bot.jobs.parcels import Form
from bot.jobs.ports.chat import Artifact, Sent
from bot.jobs.ports.clock import Clock
from bot.jobs.status import Status
from bot.telegram.alerts import AdminAlerts
from bot.telegram.api_errors import MessageGoneError, PhotoRefusedError, translated
from bot.telegram.job_keyboards import outcome_keyboard, results_keyboard, status_keyboard
from bot.telegram.messages import outcome_text, refused_text, result_text, status_text
from bot.telegram.replies import Replies
from bot.telegram.sample import SAMPLE_FILE_ID
from bot.telegram.status_edits import chat_of, edit_media, edit_words, show_so_far
from bot.telegram.uploads import UPLOAD_TIMEOUT_S, caption, media, report_upload, sent, short_text, upload
from bot.telegram.wording import text
from replicate_gateway.presets import Preset
from storage.errors import StorageError
from storage.job import Job, JobStatus
from storage.people import People
from storage.person import Person

_DONE, _ALL_DONE = ReactionTypeEmoji(emoji="👍"), ReactionTypeEmoji(emoji="🎉")

# An upload that is over in a moment needs no sign that it is under way: the sign would come after it, and stay.
_WORTH_FORETELLING_BYTES = 1_000_000

_log = structlog.get_logger()


class ChatNotifier:
    """Speaks through one aiogram bot."""

    def __init__(
        self,
        bot: Bot,
        alerts: AdminAlerts,
        replies: Replies,
        presets: Mapping[str, Preset],
        people: People,
        clock: Clock,
    ) -> None:
        self._bot, self._alerts, self._replies = bot, alerts, replies
        self._presets, self._people, self._clock = presets, people, clock

    async def announce(self, job: Job, status: Status) -> int:
        """A silent message: the person has just written and is looking."""
        job, person = await self._spoken(job)
        with translated(repeatable=True):
            message = await self._bot.send_message(
                chat_of(job),
                status_text(job, status, self._presets),
                message_thread_id=job.origin.thread_id,
                reply_parameters=_quote(job),
                reply_markup=status_keyboard(job, self._presets, person),
                disable_notification=True,
            )
        return message.message_id

    async def show_status(self, job: Job, status: Status, picture: bytes | None = None) -> bool:
        """Edits make no ping and may be repeated."""
        job, person = await self._spoken(job)
        words, buttons = status_text(job, status, self._presets), status_keyboard(job, self._presets, person)
        try:
            if picture and await show_so_far(self._bot, job, words, buttons, picture):
                return True
            await edit_words(self._bot, job, words, buttons, pictured=bool(status.picture))
        except MessageGoneError:
            return False  # the person deleted it and does not want to see it
        return True

    async def send_outcome(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        """A cancellation needs no message of its own: the person has just asked for it, or is away."""
        job, _ = await self._spoken(job)
        if job.outcome and job.outcome.status is JobStatus.CANCELED:
            return await self._show_canceled(job)
        if not results:
            return await self._send_words(job, outcome_text(job, results=0))
        sent = await self._send_results(job, results, first=True) or await self._send_words(job, refused_text(job))
        self._nod(job)
        return sent

    async def send_more(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        """What Telegram does not take in any form is left out: the first message has told how the job ended."""
        job, _ = await self._spoken(job)
        return await self._send_results(job, results, first=False)

    async def edit_into_outcome(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        """The status message becomes the first result, or the reason."""
        if job.status_message_id is None:
            raise StatusMessageGoneError
        job, _ = await self._spoken(job)
        try:
            edited = await self._edit(job, results[0] if results else None)
        except MessageGoneError as error:
            raise StatusMessageGoneError from error
        if results:
            self._nod(job)
        return edited

    async def edit_into_report(self, job: Job, report: BinaryIO) -> int:
        """A document with a sentence."""
        if job.status_message_id is None or job.status_message_id in job.message_ids:
            raise StatusMessageGoneError
        message_id, (job, _) = job.status_message_id, await self._spoken(job)
        document = InputMediaDocument(media=report_upload(job, report), caption=text("report", job.origin.locale))
        try:
            await edit_media(self._bot, job, document, results_keyboard(job))
        except (MessageGoneError, PhotoRefusedError) as error:
            raise StatusMessageGoneError from error
        return message_id

    async def retract_status(self, job: Job) -> None:
        """The outcome stands on its own."""
        if job.status_message_id is None or job.status_message_id in job.message_ids:
            return
        try:
            with translated(repeatable=True):
                await self._bot.delete_messages(chat_of(job), [job.status_message_id])
        except (MessageGoneError, TelegramBadRequest) as error:
            _log.info("status_not_retracted", reason=str(error))

    async def alert(self, code: str, text: str) -> None:
        """Through the admins' own chats."""
        await self._alerts.send(code, text)

    async def _send_words(self, job: Job, words: str, *, silent: bool = False) -> Sequence[Sent]:
        with translated(repeatable=False):
            message = await self._bot.send_message(
                chat_of(job),
                words,
                message_thread_id=job.origin.thread_id,
                reply_parameters=_quote(job),
                reply_markup=None if silent else outcome_keyboard(job),
                disable_notification=silent or None,
            )
        return [Sent(message.message_id)]

    async def _show_canceled(self, job: Job) -> Sequence[Sent]:
        try:
            return await self.edit_into_outcome(job, ())
        except StatusMessageGoneError:
            return ()

    async def _send_results(self, job: Job, results: Sequence[Artifact], *, first: bool) -> Sequence[Sent]:
        """In the form that was wished for, else as files; nothing where Telegram takes neither."""
        if results[0].form is Form.TEXT and (words := short_text(results[0])) is not None:
            return await self._send_words(job, words, silent=not first)
        self._foretell(job, results)
        for as_photos in sorted({results[0].form is Form.PHOTO, False}, reverse=True):
            try:
                with translated(repeatable=False):
                    return sent(await self._send_album(job, results, as_photos=as_photos, first=first))
            except PhotoRefusedError as error:
                _log.info("picture_refused", as_photos=as_photos, reason=str(error))
        return ()

    async def _send_album(
        self, job: Job, results: Sequence[Artifact], *, as_photos: bool, first: bool
    ) -> Sequence[Message]:
        if len(results) == 1:
            return [await self._send_one(job, results[0], as_photo=as_photos, first=first)]
        return await self._bot.send_media_group(
            chat_of(job),
            [
                media(
                    job,
                    result,
                    as_photo=as_photos,
                    caption=self._caption(job, result, first=first and n == 0, numbered=not as_photos),
                )
                for n, result in enumerate(results)
            ],
            message_thread_id=job.origin.thread_id,
            reply_parameters=_quote(job),
            disable_notification=None if first else True,
            request_timeout=UPLOAD_TIMEOUT_S,
        )

    async def _send_one(self, job: Job, result: Artifact, *, as_photo: bool, first: bool) -> Message:
        send = self._bot.send_photo if as_photo else self._bot.send_document
        return await send(
            chat_of(job),
            upload(job, result),
            caption=self._caption(job, result, first=first),
            message_thread_id=job.origin.thread_id,
            reply_parameters=_quote(job),
            reply_markup=outcome_keyboard(job) if first else None,
            disable_notification=None if first else True,
            request_timeout=UPLOAD_TIMEOUT_S,
        )

    async def _edit(self, job: Job, result: Artifact | None) -> Sequence[Sent]:
        if result is None:
            return await edit_words(self._bot, job, outcome_text(job, results=0), outcome_keyboard(job))
        if result.form is Form.TEXT and (words := short_text(result)) is not None:
            return await edit_words(self._bot, job, words, outcome_keyboard(job))
        for as_photo in sorted({result.form is Form.PHOTO, False}, reverse=True):
            becomes = media(job, result, as_photo=as_photo, caption=self._caption(job, result, first=True))
            try:
                return await edit_media(self._bot, job, becomes, outcome_keyboard(job))
            except PhotoRefusedError as error:
                _log.info("picture_refused", as_photos=as_photo, reason=str(error))
        return await edit_words(self._bot, job, refused_text(job), outcome_keyboard(job))

    async def _spoken(self, job: Job) -> tuple[Job, Person]:
        """The job in the language that its person has chosen since, in whichever process, and the person.

        What was known before the job came may be older than the job's own language. While the storage is away they
        are as this process has seen them last: a message need not wait for that.
        """
        age_s = (self._clock.now() - job.created_at).total_seconds()
        try:
            person = await self._people.load(job.origin.user, max_age_s=age_s)
        except StorageError:
            person = self._people.known(job.origin.user) or Person()
        if person.locale in (None, job.origin.locale):
            return job, person
        return replace(job, origin=replace(job.origin, locale=person.locale)), person

    def _caption(self, job: Job, result: Artifact, *, first: bool, numbered: bool = True) -> str | None:
        """Not `numbered` in an album of photos: the apps show the caption there only if no other photo has one."""
        told = result_text(job, self._presets) if first else ""
        return caption(job, result, told, numbered=numbered)

    def _foretell(self, job: Job, results: Sequence[Artifact]) -> None:
        """The chat says "sending a photo", where that takes long enough to be seen."""
        if sum(result.content.seek(0, SEEK_END) for result in results) >= _WORTH_FORETELLING_BYTES:
            action = "upload_photo" if results[0].form is Form.PHOTO else "upload_document"
            self._replies.sign(self._bot.send_chat_action(chat_of(job), action, message_thread_id=job.origin.thread_id))

    def _nod(self, job: Job) -> None:
        """The sign on the person's own photo says that it is done; nothing depends on it."""
        if (
            job.origin.message_id is None
            or job.origin.moved_to
            or any(image.file_id == SAMPLE_FILE_ID for image in job.inputs)
        ):
            return  # there is no message of theirs
        sign = _ALL_DONE if len(job.files) > 1 else _DONE
        self._replies.sign(self._bot.set_message_reaction(chat_of(job), job.origin.message_id, [sign]))


def _quote(job: Job) -> ReplyParameters | None:
    if job.origin.message_id is None or job.origin.moved_to:
        return None  # what it would quote stayed behind: its number may be anybody's message here
    return ReplyParameters(message_id=job.origin.message_id, allow_sending_without_reply=True)
