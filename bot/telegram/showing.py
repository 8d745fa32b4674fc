"""Results shown once more: beside what they were made of, or as the file they are. Reads back from the storage."""

import asyncio
from collections import OrderedDict
from concurrent.futures import Executor
from datetime import tzinfo

import structlog
from aiogram import Bot
from aiogram.types import BufferedInputFile, InputMediaPhoto, Message, ReplyParameters

from bot.jobs.images import ImageRefusedError
from bot.jobs.images.side_by_side import compare
from bot.jobs.results.result_service import ResultService
from bot.telegram.identity import thread_of
from bot.telegram.uploads import UPLOAD_TIMEOUT_S, SpoolFile
from bot.telegram.wording import text
from storage.errors import StorageError
from storage.job import Job, JobFile

_KEPT_NAMES = 10_000

_log = structlog.get_logger()


class Showing:
    """Raises `AiogramError`; says so in the chat when a picture is no longer kept, or cannot be had now."""

    def __init__(self, results: ResultService, executor: Executor, zone: tzinfo) -> None:
        self._results, self._executor, self._zone = results, executor, zone
        # Telegram's names for files that went out as documents: the name of a photo is of no use for that.
        self._file_ids: OrderedDict[str, str] = OrderedDict()

    async def compare(self, bot: Bot, message: Message, job: Job, number: int) -> None:
        """An album: both in one picture, then each alone, to be swiped through.

        One caption for all, since Telegram's apps show none under an album where several photos have one.
        """
        try:
            await self._compare(bot, message, job, number)
        except StorageError as error:
            await _say_away(message, job, error)

    async def original(self, bot: Bot, message: Message, job: Job, number: int) -> None:
        """Every byte as the model made it, under a name that says what it is."""
        try:
            await self._original(bot, message, job, number)
        except StorageError as error:
            await _say_away(message, job, error)

    async def _compare(self, bot: Bot, message: Message, job: Job, number: int) -> None:
        file = job.files[number - 1]
        before = _input_of(job, file)
        async with self._results.opened(job, [key for key in (before, file.key) if key]) as contents:
            if before is None or not {before, file.key} <= contents.keys():
                await _say_gone(message, job)
                return
            loop = asyncio.get_running_loop()
            try:
                pictures = await loop.run_in_executor(self._executor, compare, contents[before], contents[file.key])
            except ImageRefusedError:
                await _say_gone(message, job)
                return
        album = [
            (pictures.both, "before_after.jpg", text("before_and_after", job.origin.locale)),
            (pictures.before, "before.jpg", None),
            (pictures.after, "after.jpg", None),
        ]
        await bot.send_media_group(
            message.chat.id,
            [InputMediaPhoto(media=BufferedInputFile(body, name), caption=words) for body, name, words in album],
            message_thread_id=thread_of(message),
            reply_parameters=_quoting(message),
            disable_notification=True,
            request_timeout=UPLOAD_TIMEOUT_S,
        )

    async def _original(self, bot: Bot, message: Message, job: Job, number: int) -> None:
        file = job.files[number - 1]
        known = self._file_ids.get(file.key)
        if known:
            await self._send(bot, message, known)
            return
        async with self._results.opened(job, [file.key]) as contents:
            if file.key not in contents:
                await _say_gone(message, job)
                return
            sent = await self._send(bot, message, SpoolFile(contents[file.key], self._name(job, file, number)))
        if sent.document:
            self._file_ids[file.key] = sent.document.file_id
            if len(self._file_ids) > _KEPT_NAMES:
                self._file_ids.popitem(last=False)

    async def _send(self, bot: Bot, message: Message, document: SpoolFile | str) -> Message:
        return await bot.send_document(
            message.chat.id,
            document,
            message_thread_id=thread_of(message),
            reply_parameters=_quoting(message),
            disable_content_type_detection=True,
            disable_notification=True,
            request_timeout=UPLOAD_TIMEOUT_S,
        )

    def _name(self, job: Job, file: JobFile, number: int) -> str:
        day = (job.outcome.at if job.outcome else job.updated_at).astimezone(self._zone)
        extension = file.key.rsplit(".", 1)[-1]
        several = f"_{number}" if len(job.files) > 1 else ""
        return f"{job.preset}_{day:%Y-%m-%d}_{job.code}{several}.{extension}"


def _input_of(job: Job, file: JobFile) -> str | None:
    """Where the first picture is that this result was made of."""
    slot = next(slot for slot in job.slots if file in slot.files)
    return job.inputs[job.inputs_of(slot)[0]].key


async def _say_away(message: Message, job: Job, error: StorageError) -> None:
    _log.warning("result_not_shown", job_id=job.id, error=str(error))
    await message.answer(text("storage_away", job.origin.locale), reply_parameters=_quoting(message)).as_(message.bot)


async def _say_gone(message: Message, job: Job) -> None:
    await message.answer(text("picture_gone", job.origin.locale), reply_parameters=_quoting(message)).as_(message.bot)


def _quoting(message: Message) -> ReplyParameters:
    return ReplyParameters(message_id=message.message_id, allow_sending_without_reply=True)
