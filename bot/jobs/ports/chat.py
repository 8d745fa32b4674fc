"""How people hear of their jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from bot.jobs.parcels import Form
from bot.jobs.status import Status
from storage.job import Job, JobFile


@dataclass(frozen=True, slots=True)
class Artifact:
    """A result and the bytes to hand over; `content` is positioned anywhere and may be read from several times.

    `number` is its place among the job's results, from 1. As a `PHOTO` the content may be a preview of the file.
    """

    file: JobFile
    content: BinaryIO
    form: Form = Form.PHOTO
    number: int = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of ours. `file_id` is Telegram's name for what is in it, to send it again without an upload."""

    message_id: int
    file_id: str | None = None


class Notifier(Protocol):
    """Speaks to the chat that a job came from.

    Every method raises `ChatGoneError` when nobody is there any more, `ChatMovedError` when the job does not know yet
    that its group is another chat now, and `NotDoneError` when the message is known
    not to have been accepted and time helps. Methods that edit may be repeated at will.
    """

    async def announce(self, job: Job, status: Status) -> int:
        """Send the status message, without a ping; returns its message id."""
        ...

    async def show_status(self, job: Job, status: Status, picture: bytes | None = None) -> bool:
        """Edit the status message; showing again what it shows is fine. False when it was deleted.

        With a `picture`, a JPEG of what the model has made so far, it becomes that picture, the words below it.
        """
        ...

    async def send_outcome(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        """Send the outcome as a new message, or album, that pings and quotes the original.

        `results` are of one form, at most an album of them; there are none where the job gave none, or they are gone.
        Returns one `Sent` per result, or those of the words that were sent instead.

        Raises:
            OutcomeUnknownError: it may or may not have been accepted.
        """
        ...

    async def send_more(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        """Send more results, of one form, after the first message: silently. Else as `send_outcome`."""
        ...

    async def edit_into_outcome(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        """Make the status message the outcome, with at most one result: cannot duplicate, so it settles an unknown one.

        Raises:
            StatusMessageGoneError: there is none.
        """
        ...

    async def edit_into_report(self, job: Job, report: BinaryIO) -> int:
        """Make the status message the report, a PDF; returns its message id. It pings nobody and cannot duplicate.

        Raises:
            StatusMessageGoneError: there is none, or it has become the outcome.
        """
        ...

    async def retract_status(self, job: Job) -> None:
        """Delete the status message unless it has become outcome or report; one that is gone already is fine."""
        ...

    async def alert(self, code: str, text: str) -> None:
        """Tell the admins; the same code at most once in a while. Never raises for an unreachable admin."""
        ...


class Translate(Protocol):
    """The sentences that people read."""

    def __call__(self, key: str, locale: str, *, n: int | None = None, **facts: object) -> str:
        """The sentence of this key in this language, with these facts in it; `n` chooses the plural form."""
        ...
