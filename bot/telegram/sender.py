"""`Notifier` for Telegram chats: status message, result, reason. See `bot.jobs.ports.Notifier` for its promises."""

from collections.abc import AsyncIterator, Sequence
from typing import BinaryIO

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InputFile,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)

from bot.jobs.errors import StatusMessageGoneError
from bot.jobs.ports import Artifact
from bot.jobs.status import Status
from bot.telegram.alerts import AdminAlerts
from bot.telegram.api_errors import MessageGoneError, PhotoRefusedError, translated
from bot.telegram.messages import cancel_keyboard, outcome_text, refused_text, status_text
from storage.job import Job, JobStatus

# A result may have 50 MB: over a slow line that takes longer than aiogram's 60 s for everything.
_UPLOAD_TIMEOUT_S = 180
# A result may be waiting behind the edit of a status message.
_EDIT_TIMEOUT_S = 10
# What a model writes may hold links, and a status message is gone in a minute.
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_CHUNK_BYTES = 64 * 1024
_NAME = "darkroom"

_log = structlog.get_logger()


class ChatNotifier:
    """Speaks through one aiogram bot."""

    def __init__(self, bot: Bot, alerts: AdminAlerts) -> None:
        self._bot, self._alerts = bot, alerts

    async def announce(self, job: Job, status: Status) -> int:
        """A silent message: the person has just written and is looking."""
        with translated(repeatable=True):
            message = await self._bot.send_message(
                _chat(job),
                status_text(job, status),
                message_thread_id=job.origin.thread_id,
                reply_parameters=_quote(job),
                reply_markup=cancel_keyboard(job),
                disable_notification=True,
            )
        return message.message_id

    async def show_status(self, job: Job, status: Status) -> bool:
        """Edits make no ping and may be repeated."""
        try:
            with translated(repeatable=True):
                await self._bot.edit_message_text(
                    status_text(job, status),
                    chat_id=_chat(job),
                    message_id=job.status_message_id,
                    reply_markup=cancel_keyboard(job),
                    link_preview_options=_NO_PREVIEW,
                    request_timeout=_EDIT_TIMEOUT_S,
                )
        except MessageGoneError:
            return False  # the person deleted it and does not want to see it
        return True

    async def send_outcome(self, job: Job, results: Sequence[Artifact]) -> tuple[int, ...]:
        """A cancellation needs no message of its own: the person has just asked for it."""
        if job.outcome and job.outcome.status is JobStatus.CANCELED:
            return await self._show_canceled(job)
        if not results:
            return await self._send_words(job, outcome_text(job, results=0))
        for as_photos in sorted({all(r.file.as_photo for r in results), False}, reverse=True):
            try:
                return await self._send_results(job, results, as_photos=as_photos)
            except PhotoRefusedError as error:
                _log.info("picture_refused", as_photos=as_photos, reason=str(error))
        return await self._send_words(job, refused_text(job))

    async def edit_into_outcome(self, job: Job, results: Sequence[Artifact]) -> tuple[int, ...]:
        """The status message becomes the (first) result, or the reason."""
        if job.status_message_id is None:
            raise StatusMessageGoneError
        try:
            await self._edit(job, results[0] if results else None)
        except MessageGoneError as error:
            raise StatusMessageGoneError from error
        return (job.status_message_id,)

    async def retract_status(self, job: Job) -> None:
        """The outcome stands on its own."""
        if job.status_message_id is None or job.status_message_id in job.message_ids:
            return
        try:
            with translated(repeatable=True):
                await self._bot.delete_messages(_chat(job), [job.status_message_id])
        except (MessageGoneError, TelegramBadRequest) as error:
            _log.info("status_not_retracted", reason=str(error))

    async def alert(self, code: str, text: str) -> None:
        """Through the admins' own chats."""
        await self._alerts.send(code, text)

    async def _send_words(self, job: Job, words: str) -> tuple[int, ...]:
        with translated(repeatable=False):
            message = await self._bot.send_message(
                _chat(job), words, message_thread_id=job.origin.thread_id, reply_parameters=_quote(job)
            )
        return (message.message_id,)

    async def _show_canceled(self, job: Job) -> tuple[int, ...]:
        try:
            return await self.edit_into_outcome(job, ())
        except StatusMessageGoneError:
            return ()

    async def _send_results(self, job: Job, results: Sequence[Artifact], *, as_photos: bool) -> tuple[int, ...]:
        with translated(repeatable=False):
            if len(results) == 1:
                return ((await self._send_one(job, results[0], as_photo=as_photos)).message_id,)
            messages = await self._bot.send_media_group(
                _chat(job),
                [_media(job, r, as_photo=as_photos, captioned=n == 0) for n, r in enumerate(results)],
                message_thread_id=job.origin.thread_id,
                reply_parameters=_quote(job),
                request_timeout=_UPLOAD_TIMEOUT_S,
            )
        return tuple(message.message_id for message in messages)

    async def _send_one(self, job: Job, result: Artifact, *, as_photo: bool) -> Message:
        if as_photo:
            return await self._bot.send_photo(
                _chat(job),
                _file(job, result),
                caption=outcome_text(job),
                message_thread_id=job.origin.thread_id,
                reply_parameters=_quote(job),
                request_timeout=_UPLOAD_TIMEOUT_S,
            )
        return await self._bot.send_document(
            _chat(job),
            _file(job, result),
            caption=outcome_text(job),
            message_thread_id=job.origin.thread_id,
            reply_parameters=_quote(job),
            request_timeout=_UPLOAD_TIMEOUT_S,
        )

    async def _edit(self, job: Job, result: Artifact | None) -> None:
        chat, message_id = _chat(job), job.status_message_id
        words = outcome_text(job, results=0)
        if result is not None:
            for as_photo in sorted({result.file.as_photo, False}, reverse=True):
                try:
                    return await self._edit_media(job, result, as_photo=as_photo)
                except PhotoRefusedError as error:
                    _log.info("picture_refused", as_photos=as_photo, reason=str(error))
            words = refused_text(job)
        with translated(repeatable=True):
            await self._bot.edit_message_text(words, chat_id=chat, message_id=message_id)
        return None

    async def _edit_media(self, job: Job, result: Artifact, *, as_photo: bool) -> None:
        with translated(repeatable=True):
            await self._bot.edit_message_media(
                _media(job, result, as_photo=as_photo, captioned=True),
                chat_id=_chat(job),
                message_id=job.status_message_id,
                request_timeout=_UPLOAD_TIMEOUT_S,
            )


class SpoolFile(InputFile):
    """An upload that is read from an open file in pieces, from its start each time it is sent."""

    def __init__(self, content: BinaryIO, filename: str) -> None:
        super().__init__(filename=filename, chunk_size=_CHUNK_BYTES)
        self._content = content

    async def read(self, bot: Bot) -> AsyncIterator[bytes]:  # type: ignore[override]  # aiogram says AsyncGenerator
        """The content, chunk by chunk. Spools are in memory or in the page cache, so reading does not block."""
        self._content.seek(0)
        while chunk := self._content.read(self.chunk_size):
            yield chunk


def _chat(job: Job) -> int:
    if job.origin.chat_id is None:
        raise ValueError("the job did not come from a chat")
    return job.origin.chat_id


def _quote(job: Job) -> ReplyParameters | None:
    if job.origin.message_id is None:
        return None
    return ReplyParameters(message_id=job.origin.message_id, allow_sending_without_reply=True)


def _file(job: Job, result: Artifact) -> SpoolFile:
    extension = result.file.key.rsplit(".", 1)[-1]
    return SpoolFile(result.content, f"{_NAME}_{job.preset}_{job.code}.{extension}")


def _media(job: Job, result: Artifact, *, as_photo: bool, captioned: bool) -> InputMediaPhoto | InputMediaDocument:
    caption = outcome_text(job) if captioned else None
    kind = InputMediaPhoto if as_photo else InputMediaDocument
    return kind(media=_file(job, result), caption=caption)
