"""How an object lies in its file: bare where its name tells its type, else below one line that does.

So images and records can be looked at with any tool, and body and type still change in one rename.
"""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from storage.errors import StorageRefusedError

_MAGIC = b"\0darkroom object of type "
_MAX_TYPE_LENGTH = 127  # RFC 6838 allows 127 characters for each half; nothing real comes near
_HEADER_BYTES = len(_MAGIC) + _MAX_TYPE_LENGTH + 1
_UNKNOWN_TYPE = "application/octet-stream"

# A table of our own: the `mimetypes` module reads what each machine has installed.
_TYPE_BY_SUFFIX = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".txt": "text/plain",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """Where to find an object for sending: bytes of `path` from `offset` to the end."""

    path: Path
    offset: int
    size: int
    content_type: str


def header_for(key: str, content_type: str, first_bytes: bytes) -> bytes:
    """What goes before the body: nothing if the key tells the type, and the body cannot be taken for a header.

    Raises:
        StorageRefusedError: `content_type` is not one.
    """
    if content_type == _type_of_name(key) and not first_bytes.startswith(_MAGIC):
        return b""
    if not (content_type.isascii() and content_type.isprintable() and len(content_type) <= _MAX_TYPE_LENGTH):
        raise StorageRefusedError(f"not a content type: {content_type[:80]!r}")
    return _MAGIC + content_type.encode() + b"\n"


def describe(key: str, path: Path, file: BinaryIO) -> ObjectFile:
    """What `file` holds; leaves it at the first byte of the body."""
    size = os.fstat(file.fileno()).st_size
    beginning = file.read(_HEADER_BYTES)
    if not beginning.startswith(_MAGIC):
        file.seek(0)
        return ObjectFile(path, 0, size, _type_of_name(key))
    line, _, _ = beginning.partition(b"\n")
    offset = len(line) + 1
    file.seek(offset)
    return ObjectFile(path, offset, size - offset, line.removeprefix(_MAGIC).decode())


def _type_of_name(key: str) -> str:
    return _TYPE_BY_SUFFIX.get(PurePosixPath(key).suffix, _UNKNOWN_TYPE)
