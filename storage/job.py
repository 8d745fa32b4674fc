"""A job as it is remembered: what a person asked for and how far it got. Frozen values and their JSON.

A *job* is what was asked for. It has *inputs* (pictures) and *slots*; a slot is one image of the result and is
filled by one prediction at Replicate. A *claim* says that somebody set out to do something that cannot be undone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from storage import object_keys
from storage.errors import RecordCorruptError, RecordTooNewError

SCHEMA_VERSION = 1
_VERSION = re.compile(rb'\{"v":([0-9]{1,9})')


class JobStatus(StrEnum):
    """Where a job stands; the last three are terminal and never left."""

    PENDING = "pending"  # recorded; no place for it yet
    PROCESSING = "processing"  # on its way
    COMPLETED = "completed"  # the result was handed over
    FAILED = "failed"  # the reason was handed over
    CANCELED = "canceled"  # the person, or their leaving, ended it

    @property
    def terminal(self) -> bool:
        """Whether nothing can change any more."""
        return self in _TERMINAL


_TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED})


class SlotState(StrEnum):
    """How far one image of the result got."""

    OPEN = "open"  # no prediction yet
    CLAIMED = "claimed"  # a create call is, or was, under way
    RUNNING = "running"  # the prediction is known and has not ended
    SUCCEEDED = "succeeded"  # it ended; its outputs wait at Replicate, for an hour
    ARCHIVED = "archived"  # the outputs are ours
    FAILED = "failed"  # there will be no image

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of this slot."""
        return self in (SlotState.ARCHIVED, SlotState.FAILED)


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody (`by`: one run of one process) set out at `at` to do what cannot be undone."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job came from and where its answer goes."""

    user: str  # "tg-<id>", or "api-<digest of the key>": whose history and quota
    locale: str
    chat_id: int | None = None
    message_id: int | None = None  # what the answer quotes
    thread_id: int | None = None
    update_id: int | None = None
    on_behalf_of: str | None = None  # whom the caller of the API works for, in its own words


@dataclass(frozen=True, slots=True)
class InputImage:
    """A picture to work on: Telegram's file, or what lies at a URL, or an upload.

    `key` is set once it was fetched, checked and stored; an upload comes with one.
    """

    file_id: str | None = None
    size: int | None = None  # bytes, as its sender claims
    as_file: bool = False
    key: str | None = None
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    link: str | None = None  # where it was uploaded to for Replicate, when it cannot read our storage
    url: str | None = None  # where the caller of the API lets us fetch it; may be as secret as a token


@dataclass(frozen=True, slots=True)
class JobFile:
    """A result that is ours. `number` is the display order, from 1 within the slot."""

    key: str
    content_type: str
    size: int
    number: int = 1
    kind: str = "generated"
    width: int | None = None
    height: int | None = None
    as_photo: bool = True  # whether Telegram takes it as a photo


@dataclass(frozen=True, slots=True)
class Slot:
    """One image of the result and the prediction that makes it."""

    seed: int | None = None
    state: SlotState = SlotState.OPEN
    creates: int = 0  # create calls so far, but for those that are known to have made nothing
    claim: Claim | None = None
    prediction_id: str | None = None
    heard_at: datetime | None = None  # the last news of the prediction
    output: tuple[str, ...] = ()  # URLs at Replicate, as secret as a token
    predict_time_s: float | None = None
    failure: str | None = None  # a failure code
    discarded: tuple[str, ...] = ()  # predictions that failed by no fault of the input; their news is no news
    files: tuple[JobFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ends, decided once. `code` and `facts` make the sentence that the person reads."""

    status: JobStatus
    at: datetime
    code: str | None = None
    facts: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Postponement:
    """A step that could not be done, and when it is tried again."""

    step: str
    part: int
    until: datetime
    attempts: int
    code: str


@dataclass(frozen=True, slots=True)
class Job:
    """What a person asked for, and how far it got."""

    id: str
    origin: Origin
    preset: str
    inputs: tuple[InputImage, ...]
    slots: tuple[Slot, ...]
    created_at: datetime
    updated_at: datetime
    deadline: datetime
    status: JobStatus = JobStatus.PENDING
    prompt: str = ""
    status_message_id: int | None = None
    status_shown: str = ""  # the text key that the status message shows
    cancel_requested: bool = False
    outcome: Outcome | None = None
    delivery: Claim | None = None
    message_ids: tuple[int, ...] = ()  # what was handed over
    postponed: tuple[Postponement, ...] = ()
    v: int = SCHEMA_VERSION

    @property
    def code(self) -> str:
        """What a person can quote and an admin can search for."""
        return self.id[:8]

    @property
    def files(self) -> tuple[JobFile, ...]:
        """All results in the order they are shown."""
        return tuple(file for slot in self.slots for file in slot.files)

    def postponement(self, step: str, part: int) -> Postponement | None:
        """Why this part of this step waits, if it does."""
        return next((p for p in self.postponed if p.step == step and p.part == part), None)

    def with_slot(self, index: int, slot: Slot) -> "Job":
        """The same job with another slot at `index`."""
        return replace(self, slots=(*self.slots[:index], slot, *self.slots[index + 1 :]))

    def with_input(self, index: int, image: InputImage) -> "Job":
        """The same job with another input at `index`."""
        return replace(self, inputs=(*self.inputs[:index], image, *self.inputs[index + 1 :]))


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """Leads from a prediction to its job and chat."""

    prediction_id: str
    job_id: str
    slot: int
    chat_id: int | None
    created_at: datetime
    v: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A finished job as a person's history shows it."""

    job_id: str
    preset: str
    done_at: datetime
    input_key: str | None
    keys: tuple[str, ...]
    message_ids: tuple[int, ...] = ()
    v: int = SCHEMA_VERSION


T = TypeVar("T")

_JOB: TypeAdapter[Job] = TypeAdapter(Job)
_TASK: TypeAdapter[TaskRecord] = TypeAdapter(TaskRecord)
_HISTORY: TypeAdapter[HistoryEntry] = TypeAdapter(HistoryEntry)


def dump_job(job: Job) -> bytes:
    """The job's JSON; what is at its default is left out."""
    return _dump(_JOB, job)


def load_job(body: bytes, job_id: str) -> Job:
    """The job of this JSON.

    Raises:
        RecordCorruptError: it is not a job.
        RecordTooNewError: it is one of a newer version.
    """
    return _load(_JOB, body, object_keys.job(job_id))


def dump_task(task: TaskRecord) -> bytes:
    """The task record's JSON."""
    return _dump(_TASK, task)


def load_task(body: bytes, prediction_id: str) -> TaskRecord:
    """The task record of this JSON; raises `RecordCorruptError`."""
    return _load(_TASK, body, object_keys.task(prediction_id))


def dump_history(entry: HistoryEntry) -> bytes:
    """The history entry's JSON."""
    return _dump(_HISTORY, entry)


def load_history(body: bytes, key: str) -> HistoryEntry:
    """The history entry of this JSON; raises `RecordCorruptError`."""
    return _load(_HISTORY, body, key)


def _dump(adapter: TypeAdapter[T], value: T) -> bytes:
    return b'{"v":%d,' % SCHEMA_VERSION + adapter.dump_json(value, exclude_defaults=True)[1:]


def _load(adapter: TypeAdapter[T], body: bytes, key: str) -> T:
    _check_version(body, key)
    try:
        value = adapter.validate_json(body)
    except ValidationError as error:
        # The error's own text would carry the record's content into logs.
        where = ", ".join(".".join(map(str, e["loc"])) or e["type"] for e in error.errors(include_input=False)[:3])
        raise RecordCorruptError(key, f"does not read as a record: {where}") from None
    return value


def _check_version(body: bytes, key: str) -> None:
    """The version comes first in every record, so that it can be told even where the rest has become foreign."""
    found = _VERSION.match(body)
    if found and int(found[1]) != SCHEMA_VERSION:
        raise RecordTooNewError(key, int(found[1]), SCHEMA_VERSION)
