"""Objects as files below a directory: atomic, durable, in key order. Blocking; `storage.files` brings the threads.

A write goes to `.tmp/` on the same file system, is flushed, and is renamed into place: a reader, or whoever starts
after a crash, sees the old object or the new one. One process owns the directory, so a lock in it is enough to
make "compare, then rename" one step.
"""

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from storage.durable_files import (
    flush_directories,
    rename_into,
    sorted_names,
    unlink_and_prune,
    write_new,
)
from storage.errors import (
    ObjectNotFoundError,
    ObjectTooLargeError,
    PreconditionFailedError,
    StorageRefusedError,
    StorageUnavailableError,
)
from storage.file_errors import disk_errors
from storage.file_format import ObjectFile, describe, header_for
from storage.objects import ObjectInfo, StoredObject
from storage.valid_arguments import check_key, check_prefix

LOCK_NAME = ".lock"
_TEMPORARY = ".tmp"
_RESERVED = {LOCK_NAME, _TEMPORARY}
_READ_BYTES = 256 * 1024


class FileTree:
    """The objects below `root`, which this process must own."""

    def __init__(self, root: Path) -> None:
        self._root, self._temporary = root, root / _TEMPORARY
        self._names = threading.Lock()  # held while names change, not while bytes are flushed

    def prepare(self) -> None:
        """Create the directories where missing; the photos in them are nobody else's business."""
        with disk_errors("create the storage directory", str(self._root.absolute())):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._temporary.mkdir(mode=0o700, exist_ok=True)

    def sweep(self) -> None:
        """Remove what is left of writes that did not come to their end."""
        with disk_errors("clean the storage directory", str(self._root.absolute())):
            for leftover in self._temporary.iterdir():
                leftover.unlink()

    def check_writable(self) -> None:
        """Raise what a write would raise now."""
        with disk_errors("write to the storage directory", str(self._root.absolute())):
            path = self._temporary_path()
            write_new(path, [b"."])
            path.unlink()

    def open(self, key: str) -> tuple[BinaryIO, ObjectFile]:
        """The object's file, at the first byte of its body. A later replace or delete does not touch it."""
        path = self._path(key)
        with disk_errors("read", key):
            try:
                file = path.open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                self._check_present()
                raise ObjectNotFoundError(key) from error
            try:
                return file, describe(key, path, file)
            except BaseException:
                file.close()
                raise

    def read(self, key: str, max_bytes: int) -> StoredObject:
        """The object whole."""
        file, found = self.open(key)
        with file, disk_errors("read", key):
            if found.size > max_bytes:
                raise ObjectTooLargeError(key, max_bytes)
            body = file.read()
        return StoredObject(body, _etag(_digest_of([body])), found.content_type)

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> str:
        """Write the object durably and whole, if the condition holds when it takes its name; returns the ETag."""
        path, temporary = self._path(key), self._temporary_path()
        digest = _digest_of([])
        with disk_errors("write", key):
            write_new(temporary, _as_stored(key, content_type, chunks, digest))
            try:
                with self._names:
                    self._check_condition(key, path, if_absent=if_absent, if_match=if_match)
                    changed = rename_into(temporary, path)
            except BaseException:
                temporary.unlink()
                raise
            flush_directories(changed)
        return _etag(digest)

    def remove(self, keys: Sequence[str]) -> None:
        """Remove the objects, and the directories that they leave empty."""
        paths = [self._path(key) for key in keys]
        changed = set()
        with disk_errors("delete objects"):
            for path in paths:
                with self._names:
                    folder = unlink_and_prune(path, self._root)
                if folder:
                    changed.add(folder)
                else:
                    self._check_present()
            flush_directories(changed)

    def rows(self, prefix: str, start_after: str) -> Iterator[ObjectInfo]:
        """The objects whose keys begin with `prefix` and follow `start_after`, in key order."""
        check_prefix(prefix)
        for key in self._keys(prefix[: prefix.rfind("/") + 1], prefix, start_after):
            with suppress(ObjectNotFoundError):  # deleted since its directory was read
                file, found = self.open(key)
                with file:
                    modified_at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
                yield ObjectInfo(key, found.size, modified_at)

    def folders(self, prefix: str) -> Iterator[str]:
        """What follows `prefix` up to the next slash, wherever there are objects."""
        check_prefix(prefix)
        with disk_errors("list", prefix):
            names = sorted_names(self._root / prefix)
        if not names:
            self._check_present()
        for name in names:
            key = prefix + name
            if name.endswith("/") and key.rstrip("/") not in _RESERVED and any(True for _ in self._keys(key, key, "")):
                yield name.rstrip("/")

    def _keys(self, folder: str, prefix: str, start_after: str) -> Iterator[str]:
        with disk_errors("list", folder):
            names = sorted_names(self._root / folder)
        if not names:
            self._check_present()
        for name in names:
            key = folder + name
            if not key.startswith(prefix) or key.rstrip("/") in _RESERVED:
                continue
            if not name.endswith("/"):
                if key > start_after:
                    yield key
            elif key > start_after or start_after.startswith(key):
                yield from self._keys(key, prefix, start_after)

    def _check_present(self) -> None:
        """Where nothing was found: a disk that is not mounted has no objects, and is no proof that there are none."""
        if not self._temporary.is_dir():
            raise StorageUnavailableError("the storage directory is gone")

    def _path(self, key: str) -> Path:
        check_key(key)
        if key.partition("/")[0] in _RESERVED:
            raise StorageRefusedError(f"the storage keeps this name for itself: {key}")
        return self._root / key

    def _temporary_path(self) -> Path:
        return self._temporary / uuid4().hex

    def _check_condition(self, key: str, path: Path, *, if_absent: bool, if_match: str | None) -> None:
        if if_absent and path.exists():
            raise PreconditionFailedError(key)
        if if_match is not None and self._current_etag(key) != if_match:
            raise PreconditionFailedError(key)

    def _current_etag(self, key: str) -> str | None:
        try:
            file, _ = self.open(key)
        except ObjectNotFoundError:
            return None
        with file:
            return _etag(_digest_of(iter(lambda: file.read(_READ_BYTES), b"")))


def _as_stored(key: str, content_type: str, chunks: Iterable[bytes], digest: "hashlib.blake2b") -> Iterator[bytes]:
    """The bytes of the file for these chunks of a body; feeds `digest` with the body."""
    rest = iter(chunks)
    first = next(rest, b"")
    yield header_for(key, content_type, first)
    for chunk in chain([first], rest):
        digest.update(chunk)
        yield chunk


def _digest_of(chunks: Iterable[bytes]) -> "hashlib.blake2b":
    digest = hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        digest.update(chunk)
    return digest


def _etag(digest: "hashlib.blake2b") -> str:
    return f'"{digest.hexdigest()}"'
