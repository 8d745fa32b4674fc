"""Files uploaded to /v1/files: bytes on disk, JSON as the official clients want it."""

import asyncio
import hashlib
import json
import mimetypes
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mock_server.replicate.problems import not_found, too_large
from mock_server.replicate.wire_format import new_id, timestamp

FILE_TTL_S = 24 * 3600
MOST_FILES = 2_000
NO_FILE = "File not found"
LONGEST_NAME_BYTES = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """One upload."""

    id: str
    name: str
    content_type: str
    size: int
    sha256: str
    md5: str
    created_at: float
    path: Path
    metadata: dict[str, Any] = field(default_factory=dict)

    def shown(self, origin: str) -> dict[str, Any]:
        """The file as the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "content_type": self.content_type,
            "size": self.size,
            "etag": self.md5,
            "checksums": {"sha256": self.sha256, "md5": self.md5},
            "metadata": self.metadata,
            "created_at": timestamp(self.created_at),
            "expires_at": timestamp(self.created_at + FILE_TTL_S),
            "urls": {"get": f"{origin}/v1/files/{self.id}"},
        }


class FileStore:
    """Uploads in one directory, each for a day, the oldest dropped when there are too many."""

    def __init__(self, directory: Path, clock: Callable[[], float], max_bytes: int) -> None:
        """`directory` exists and belongs to this store alone."""
        self._last_created_at = 0.0
        self._directory = directory
        self._clock = clock
        self._max_bytes = max_bytes
        self._files: dict[str, UploadedFile] = {}

    async def receive(self, chunks: AsyncIterator[bytes], *, name: str, content_type: str | None) -> UploadedFile:
        """Stores an upload.

        Raises:
            Problem: 413 above the size limit.
        """
        file_id = new_id()
        path = self._directory / file_id
        sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        complete = False
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._max_bytes:
                    raise too_large(self._max_bytes)
                sha256.update(chunk)
                md5.update(chunk)
                await asyncio.to_thread(_append, path, chunk)
            complete = True
        finally:
            if not complete:
                await asyncio.to_thread(path.unlink, missing_ok=True)
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return UploadedFile(
            id=file_id,
            name=name,
            content_type=content_type or guessed,
            size=size,
            sha256=sha256.hexdigest(),
            md5=md5.hexdigest(),
            created_at=self._moment(),
            path=path,
        )

    async def add(self, file: UploadedFile) -> None:
        """Makes a received upload visible."""
        self._files[file.id] = file
        now = self._clock()
        expired = [old.id for old in self._files.values() if now >= old.created_at + FILE_TTL_S]
        surplus = list(self._files)[: max(0, len(self._files) - MOST_FILES)]
        for file_id in {*expired, *surplus}:
            await self.delete(file_id)

    async def discard(self, file: UploadedFile) -> None:
        """Removes the bytes of an upload that was received but never added."""
        await asyncio.to_thread(file.path.unlink, missing_ok=True)

    def get(self, file_id: str) -> UploadedFile:
        """The file.

        Raises:
            Problem: 404 for one unknown, deleted or expired.
        """
        file = self._files.get(file_id)
        if file is None or self._clock() >= file.created_at + FILE_TTL_S:
            raise not_found(NO_FILE)
        return file

    def path_of(self, file_id: str) -> Path | None:
        """Where the bytes of a live file are, for the mock's own models."""
        file = self._files.get(file_id)
        return None if file is None or self._clock() >= file.created_at + FILE_TTL_S else file.path

    def newest_first(self) -> list[UploadedFile]:
        """All live files."""
        now = self._clock()
        return [file for file in reversed(self._files.values()) if now < file.created_at + FILE_TTL_S]

    async def delete(self, file_id: str) -> None:
        """Forgets a file and its bytes.

        Raises:
            Problem: 404 for an unknown one.
        """
        file = self._files.pop(file_id, None)
        if file is None:
            raise not_found(NO_FILE)
        await asyncio.to_thread(file.path.unlink, missing_ok=True)

    async def delete_all(self) -> None:
        """Forgets every file and its bytes."""
        for file_id in list(self._files):
            await self.delete(file_id)
        self._last_created_at = 0.0

    def _moment(self) -> float:
        """Now, but later than the one before: pages are cut by it."""
        self._last_created_at = max(self._clock(), self._last_created_at + 1e-6)
        return self._last_created_at


def parse_metadata(text: str) -> dict[str, Any]:
    """The `metadata` of an upload.

    Raises:
        ValueError: no JSON object.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError("The part metadata is no JSON object.")  # noqa: TRY004 -- one kind of fault for the caller
    return value


def _append(path: Path, chunk: bytes) -> None:
    with path.open("ab") as file:
        file.write(chunk)
