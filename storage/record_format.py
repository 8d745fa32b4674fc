"""How records are written: one small JSON object that begins with its schema version."""

import re
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from storage.errors import RecordCorruptError, RecordTooNewError

SCHEMA_VERSION = 1
MAX_RECORD_BYTES = 1_000_000
JSON = "application/json"

_VERSION = re.compile(rb'\{"v":([0-9]{1,9})')

T = TypeVar("T")


def dump_record(adapter: TypeAdapter[T], value: T) -> bytes:
    """The record's JSON; what is at its default is left out."""
    body = adapter.dump_json(value, exclude_defaults=True)[1:]
    return b'{"v":%d%s' % (SCHEMA_VERSION, body if body == b"}" else b"," + body)


def load_record(adapter: TypeAdapter[T], body: bytes, key: str) -> T:
    """The value of this JSON.

    Raises:
        RecordCorruptError: it is not such a record.
        RecordTooNewError: it is one of a newer version.
    """
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
