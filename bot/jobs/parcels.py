"""How a job's results are handed over: which messages, in which order. Pure, so that a crash changes nothing about it.

Telegram groups 2 to 10 pictures into an album, and photos and documents never share one:
https://core.telegram.org/bots/api#sendmediagroup.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile

from storage.job import Job, JobFile, JobStatus
from storage.wishes import Delivery

MAX_ALBUM = 10


class Form(StrEnum):
    """As what Telegram gets a result."""

    PHOTO = "photo"  # itself, or a preview of what is no photo for Telegram
    FILE = "file"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Item:
    """A result in one of the forms it is handed over in; `number` is its place among the job's results, from 1."""

    file: JobFile
    form: Form
    number: int

    @property
    def key(self) -> str:
        """Where the bytes to send are."""
        preview = self.file.preview if self.form is Form.PHOTO and not self.file.as_photo else None
        return preview or self.file.key


def items(job: Job) -> tuple[Item, ...]:
    """Everything that a completed job hands over, in order."""
    results = list(enumerate(job.files, 1))
    texts = [Item(file, Form.TEXT, n) for n, file in results if file.is_text]
    pictures = [(n, file) for n, file in results if not file.is_text]
    photos = [Item(file, Form.PHOTO, n) for n, file in pictures if file.as_photo or file.preview]
    files = [Item(file, Form.FILE, n) for n, file in pictures]
    match job.origin.delivery:
        case Delivery.FILE:
            return (*texts, *files)
        case Delivery.BOTH:
            return (*texts, *photos, *files)
        case _:
            return (*texts, *photos, *(item for item in files if not item.file.as_photo))


def next_parcel(job: Job) -> tuple[Item, ...]:
    """What goes into the next message, or album; empty when all is handed over, or there is no chat to do so."""
    if job.origin.chat_id is None or not job.outcome or job.outcome.status is not JobStatus.COMPLETED:
        return ()
    rest = items(job)[job.handed :]
    if not rest or rest[0].form is Form.TEXT:
        return rest[:1]
    return tuple(islice(takewhile(lambda item: item.form is rest[0].form, rest), MAX_ALBUM))
