"""Results as Telegram takes them: files that are read in pieces, media of an album, captions with numbers."""

from collections.abc import Sequence
from typing import BinaryIO

from aiogram import Bot
from aiogram.types import InputFile, InputMediaDocument, InputMediaPhoto, Message

from bot.jobs.parcels import Form
from bot.jobs.ports.chat import Artifact, Sent
from bot.telegram.upload_form import FileBody
from storage.job import Job

# A result may have 50 MB: over a slow line that takes longer than aiogram's 60 s for everything.
UPLOAD_TIMEOUT_S = 180
_NAME = "darkroom"
_MAX_TEXT_UNITS = 4096  # https://core.telegram.org/bots/api#sendmessage, counted in UTF-16 to be on the safe side


class SpoolFile(InputFile):
    """An upload that is read from an open file in pieces, from its start each time it is sent."""

    def __init__(self, content: BinaryIO, filename: str) -> None:
        super().__init__(filename=filename)
        self._content = content

    def read(self, bot: Bot) -> FileBody:  # type: ignore[override]  # aiogram hands it to aiohttp, whatever it is
        """What aiohttp sends; of a known size, as a generator is not."""
        return FileBody(self._content)


def upload(job: Job, result: Artifact) -> SpoolFile:
    """The bytes of a result under a name that says what they are."""
    preview = result.form is Form.PHOTO and not result.file.as_photo
    extension = "jpg" if preview else result.file.key.rsplit(".", 1)[-1]
    number = f"_{result.number}" if len(job.files) > 1 else ""
    return SpoolFile(result.content, f"{_NAME}_{job.preset}_{job.code}{number}.{extension}")


def report_upload(job: Job, pdf: BinaryIO) -> SpoolFile:
    """The report under a name that says what it is."""
    return SpoolFile(pdf, f"{_NAME}_{job.preset}_{job.code}.pdf")


def media(job: Job, result: Artifact, *, as_photo: bool, caption: str | None) -> InputMediaPhoto | InputMediaDocument:
    """A result as a member of an album, or as what a message becomes."""
    kind = InputMediaPhoto if as_photo else InputMediaDocument
    return kind(media=upload(job, result), caption=caption)


def caption(job: Job, result: Artifact, told: str, *, numbered: bool) -> str | None:
    """How the job ended, as it is `told` under the first result; under each of several its number, if `numbered`."""
    total = len(job.files)
    number = f"{result.number}/{total}" if numbered and total > 1 else ""
    return "\n".join(filter(None, [told, number])) or None


def short_text(result: Artifact) -> str | None:
    """The words of a result in words, if they fit into a message."""
    result.content.seek(0)
    body = result.content.read(4 * _MAX_TEXT_UNITS + 1)
    text = body.decode(errors="replace")
    return text if len(text.encode("utf-16-le")) <= 2 * _MAX_TEXT_UNITS else None


def sent(messages: Sequence[Message]) -> list[Sent]:
    """What the record keeps of these messages."""
    return [Sent(message.message_id, _file_id(message)) for message in messages]


def _file_id(message: Message) -> str | None:
    if message.photo:
        return message.photo[-1].file_id
    return message.document.file_id if message.document else None
