"""The records and their JSON: jobs, task records, history entries; each begins with its schema version."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from storage import object_keys
from storage.errors import RecordCorruptError, RecordTooNewError
from storage.job import SCHEMA_VERSION, Job

_VERSION = re.compile(rb'\{"v":([0-9]{1,9})')


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
    results: int = 1  # how many images of the day's quota it took
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
