"""How long models took lately: one small record, so that a new process need not guess."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from storage import object_keys
from storage.errors import RecordCorruptError

SCHEMA_VERSION = 1
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class RunTimesRecord:
    """Seconds of the latest runs by preset, oldest first."""

    seconds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    v: int = SCHEMA_VERSION


_RECORD: TypeAdapter[RunTimesRecord] = TypeAdapter(RunTimesRecord)


def dump_run_times(record: RunTimesRecord) -> bytes:
    """The record's JSON."""
    return _RECORD.dump_json(record)


def load_run_times(body: bytes) -> RunTimesRecord:
    """The record of this JSON.

    Raises:
        RecordCorruptError: it is none, or one of another version.
    """
    try:
        record = _RECORD.validate_json(body)
    except ValidationError:
        raise RecordCorruptError(object_keys.RUN_TIMES, "does not read as a record") from None
    if record.v != SCHEMA_VERSION:
        raise RecordCorruptError(object_keys.RUN_TIMES, f"has version {record.v}")
    return record
