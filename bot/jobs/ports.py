"""What the use cases need from the doors and the process around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from bot.jobs.draft_index import DraftIndex
from bot.jobs.parcels import Form
from bot.jobs.status import Status
from storage.job import InputImage, Job, JobFile


class Clock(Protocol):
    """The time. Tests bring their own."""

    def now(self) -> datetime:
        """Now, aware, UTC."""
        ...


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


@dataclass(frozen=True, slots=True)
class PersonLimits:
    """What one person may have: jobs under way, images a day. None: as everybody.

    While `paused`, what is under way goes on, and nothing new is begun.
    """

    active: int | None = None
    daily: int | None = None
    paused: bool = False


class People(Protocol):
    """What is laid down for single persons."""

    async def limits_for(self, user: str) -> PersonLimits:
        """The person's own limits; asked once per job, so it should answer from memory. Raises `StorageError`."""
        ...


class Say(Protocol):
    """The sentences that people read."""

    def __call__(self, key: str, locale: str, *, n: int | None = None, **facts: object) -> str:
        """The sentence of this key in this language, with these facts in it; `n` chooses the plural form."""
        ...


class PictureSource(Protocol):
    """Where the pictures that people want worked on can be had: Telegram by file id, or the web by URL."""

    async def fetch(self, address: str, /, *, max_bytes: int) -> bytes:
        """The picture's bytes.

        Raises:
            NotDoneError: time helps.
            JobFailedError: it is gone (`input_gone`), larger than `max_bytes` (`too_many_bytes`), or must not be
                fetched from there.
        """
        ...


class OutputSource(Protocol):
    """Where results can be fetched: Replicate's delivery hosts, and no others."""

    async def fetch(self, url: str, into: BinaryIO, *, max_bytes: int) -> int:
        """Write the output into `into`; returns its size in bytes.

        Raises:
            replicate_gateway.errors.OutputRefusedError: host, redirect, size or answer are not acceptable.
            replicate_gateway.errors.GatewayUnavailableError: time helps.
        """
        ...


class JobQueue(Protocol):
    """Nudges: "advance this job, not before then". The record is the truth; losing or doubling one is harmless.

    A nudged job is handed to one worker at a time, whatever number of processes there are: whoever advances it may
    take every claim in its record that has no confirmation for one of the past.
    """

    async def enqueue(self, job_id: str, delay_s: float = 0.0) -> None:
        """Have the job advanced in `delay_s` seconds; of several nudges the earliest counts."""
        ...

    async def unscheduled(self, job_ids: Sequence[str]) -> list[str]:
        """Those of these jobs for which no nudge is known to be on its way; in doubt they are among them."""
        ...


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How much there is to do: jobs that may be advanced now but are not, those put off, and those in work.

    `oldest_s` is how long the first of the ready ones has waited.
    """

    ready: int
    later: int
    running: int
    oldest_s: float


class JobHandler(Protocol):
    """What a queue hands jobs to. It never raises, but may be canceled."""

    async def __call__(self, job_id: str) -> None:
        """Advance the job."""
        ...

    async def set_aside(self, job_id: str) -> None:
        """The job is no longer handed out: each process that advanced it died."""
        ...


class Places(Protocol):
    """A limited number of places under each key, and a line for them. Everything is idempotent, so that a step may
    ask again after any crash. A holder is a job's id, or a job's id, a slash and the number of a prediction.

    Every method raises `EngineUnavailableError` when the places are shared and cannot be asked about now.
    """

    async def take(self, key: str, holder: str, limit: int | None = None) -> bool:
        """Hold a place; False when there is none, and then `holder` stands in line. A `limit` is for this key alone."""
        ...

    async def hold(self, key: str, holder: str) -> None:
        """Hold a place whatever the limit says: the work is under way already."""
        ...

    async def free(self, key: str, holder: str) -> list[str]:
        """Give the place (in line) back; returns who should ask again now."""
        ...

    async def place(self, key: str, holder: str) -> int | None:
        """Which place in line `holder` has, from 1; None when it does not stand there."""
        ...

    async def of(self, key: str) -> list[str]:
        """Who holds a place or stands in line."""
        ...

    async def count(self, key: str) -> int:
        """How many places are held."""
        ...

    async def forget(self, job_id: str) -> list[str]:
        """Give back everything the job holds, under whatever key; returns who should ask again now."""
        ...


class Turns(Protocol):
    """What one of several processes has to do for all."""

    async def take(self, work: str, for_s: float) -> bool:
        """Whether this process is to do `work` now; for `for_s` seconds no other one will."""
        ...


class Notes(Protocol):
    """What processes that share the work tell each other of a job while it is in work. Nothing depends on it: it may be
    lost, and goes away by itself.
    """

    async def put(self, job_id: str, name: str, text: str) -> None:
        """Note this under a name of the job's; the latest counts."""
        ...

    async def of(self, job_id: str) -> Mapping[str, str] | None:
        """All that is noted of the job; None where there is nobody to hear from, or it cannot be asked now."""
        ...


@dataclass(frozen=True, slots=True)
class Team:
    """What the processes that share the work agree on, and what one of them is called."""

    run_id: str  # the name of this run of this process; never the same again
    job_places: Places  # under each person
    key_places: Places  # for jobs, too: under each API key
    prediction_places: Places
    turns: Turns
    notes: Notes
    drafts: DraftIndex
    alone: bool  # whether no other process works on these jobs


class InputLinks(Protocol):
    """How Replicate gets to see a stored input."""

    async def publish(self, image: InputImage) -> str | None:
        """Upload the input to where Replicate can read it; None when there is nothing to do.

        Raises:
            GatewayError: it could not be uploaded; may be repeated.
            JobFailedError: the input is gone.
        """
        ...

    async def link(self, image: InputImage) -> str:
        """A URL for the prediction's input that works for as long as a prediction may wait.

        Raises:
            JobFailedError: the input is gone.
        """
        ...

    async def trace(self, image: InputImage) -> str:
        """What every link to this input has in it, and no link to another picture: it tells a prediction of ours.

        Raises:
            JobFailedError: the input is gone.
        """
        ...
