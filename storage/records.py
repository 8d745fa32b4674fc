"""The records and their JSON: jobs, task records, history entries; each begins with its schema version."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from storage import object_keys
from storage.job import Job
from storage.record_format import SCHEMA_VERSION, dump_record, load_record


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


_JOB: TypeAdapter[Job] = TypeAdapter(Job)
_TASK: TypeAdapter[TaskRecord] = TypeAdapter(TaskRecord)
_HISTORY: TypeAdapter[HistoryEntry] = TypeAdapter(HistoryEntry)


def dump_job(job: Job) -> bytes:
    """The job's JSON; what is at its default is left out."""
    return dump_record(_JOB, job)


def load_job(body: bytes, job_id: str) -> Job:
    """The job of this JSON.

    Raises:
        RecordCorruptError: it is not a job.
        RecordTooNewError: it is one of a newer version.
    """
    return load_record(_JOB, body, object_keys.job(job_id))


def dump_task(task: TaskRecord) -> bytes:
    """The task record's JSON."""
    return dump_record(_TASK, task)


def load_task(body: bytes, prediction_id: str) -> TaskRecord:
    """The task record of this JSON; raises `RecordCorruptError`."""
    return load_record(_TASK, body, object_keys.task(prediction_id))


def dump_history(entry: HistoryEntry) -> bytes:
    """The history entry's JSON."""
    return dump_record(_HISTORY, entry)


def load_history(body: bytes, key: str) -> HistoryEntry:
    """The history entry of this JSON; raises `RecordCorruptError`."""
    return load_record(_HISTORY, body, key)
