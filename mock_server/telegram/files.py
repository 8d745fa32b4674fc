"""The files of the emulated Telegram: kept in a directory, known by file_id, bounded in total size."""

import asyncio
import mimetypes
import secrets
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from mock_server.telegram.pictures import (
    Rendition,
    render_ladder,
    render_profile_photo,
    render_sticker,
    render_thumbnail,
)

FileKind = Literal["photo", "document", "thumbnail", "sticker", "video"]

_ID_PREFIX: dict[FileKind, str] = {
    "photo": "AgACAgIA",
    "document": "BQACAgIA",
    "thumbnail": "AAMCAgAD",
    "sticker": "CAACAgIA",
    "video": "BAACAgIA",
}
_SUFFIX: dict[FileKind, str] = {"photo": ".jpg", "thumbnail": ".jpg", "sticker": ".webp", "video": ".mp4"}
LIVE_PHOTO_S = 3
_OCTETS = "application/octet-stream"
_EMPTY_MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


@dataclass(frozen=True)
class StoredFile:
    """One file Telegram keeps; a photo has one per size."""

    file_id: str
    unique_id: str
    kind: FileKind
    path: str
    size: int
    width: int = 0
    height: int = 0
    name: str = ""
    mime_type: str = "image/jpeg"
    thumbnail: "StoredFile | None" = None

    def as_photo_size(self) -> dict[str, Any]:
        """Give the PhotoSize object of this file."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
            "width": self.width,
            "height": self.height,
        }

    def as_document(self) -> dict[str, Any]:
        """Give the Document object of this file."""
        document: dict[str, Any] = {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
            "file_name": self.name,
            "mime_type": self.mime_type,
        }
        if self.thumbnail is not None:
            document["thumbnail"] = self.thumbnail.as_photo_size()
        return document

    def as_sticker(self, emoji: str) -> dict[str, Any]:
        """Give the Sticker object of this file, a still one that belongs to no set."""
        kind = {"type": "regular", "is_animated": False, "is_video": False, "emoji": emoji}
        thumbnail = {"thumbnail": self.thumbnail.as_photo_size()} if self.thumbnail is not None else {}
        return self.as_photo_size() | kind | thumbnail

    def as_live_photo(self, still: "Photo") -> dict[str, Any]:
        """Give the LivePhoto object of this video; `still` is its photo."""
        sizes = [size.as_photo_size() for size in still]
        return self.as_photo_size() | {"duration": LIVE_PHOTO_S, "mime_type": "video/mp4", "photo": sizes}


Photo = tuple[StoredFile, ...]
"""The sizes of one photo, biggest last."""


class FileStore:
    """Keeps files in `directory` up to `max_bytes`; beyond that the oldest are forgotten.

    Ids are random, so that an id from an earlier run never leads to another file.
    """

    def __init__(self, directory: Path, max_bytes: int, photo_boxes: tuple[int, ...]) -> None:
        self._directory, self._max_bytes, self._boxes = directory, max_bytes, photo_boxes
        self._files: dict[str, StoredFile] = {}  # oldest first
        self._photos: dict[str, Photo] = {}
        self._by_path: dict[str, StoredFile] = {}
        self._kept: frozenset[str] = frozenset()
        self._total = 0
        self._count = 0

    async def add_photo(self, data: bytes, *, max_sides_sum: int | None) -> Photo:
        """Store a picture as a photo: its sizes, re-encoded.

        Raises: UnreadablePictureError, PictureDimensionsError.
        """
        ladder = await asyncio.to_thread(render_ladder, data, self._boxes, max_sides_sum=max_sides_sum)
        return await self._add_sizes(ladder)

    async def add_profile_photo(self, data: bytes) -> Photo:
        """Store a JPEG as the bot's picture; it stays until there is another, whatever else is forgotten.

        Raises: UnreadablePictureError, PictureDimensionsError, NotJpegError.
        """
        photo = await self._add_sizes(await asyncio.to_thread(render_profile_photo, data))
        self._kept = frozenset(size.file_id for size in photo)
        return photo

    def forget_profile_photo(self) -> None:
        """From now on it is forgotten like any other."""
        self._kept = frozenset()

    async def add_document(self, data: bytes, name: str, mime_type: str | None = None) -> StoredFile:
        """Store bytes as they are; the MIME type comes from the name unless the sender gives one."""
        preview = await asyncio.to_thread(render_thumbnail, data)
        thumbnail = await self._add_rendition("thumbnail", preview) if preview else None
        guessed = mime_type or mimetypes.guess_type(name)[0] or _OCTETS
        return await self._add("document", data, name=name, mime_type=guessed, thumbnail=thumbnail)

    async def add_sticker(self, data: bytes) -> StoredFile:
        """Store a picture as a still sticker: WebP, its longer side 512 pixels, transparency kept.

        Raises: UnreadablePictureError, PictureDimensionsError.
        """
        sticker = await asyncio.to_thread(render_sticker, data)
        preview = await asyncio.to_thread(render_thumbnail, data)
        thumbnail = await self._add_rendition("thumbnail", preview) if preview else None
        return await self._add("sticker", sticker.data, width=sticker.width, height=sticker.height, thumbnail=thumbnail)

    async def add_live_video(self, still: Photo) -> StoredFile:
        """Store the video of a live photo: a stub without frames, as large as `still` says."""
        return await self._add("video", _EMPTY_MP4, width=still[-1].width, height=still[-1].height)

    def get(self, file_id: str) -> StoredFile | None:
        """Give the file of this id, or None when it is unknown or forgotten."""
        return self._files.get(file_id)

    def photo_of(self, file_id: str) -> Photo | None:
        """Give all sizes of the photo that has this id for one of its sizes."""
        return self._photos.get(file_id)

    def location(self, path: str) -> Path | None:
        """Give where the bytes of a `file_path` are; None for a path that was never handed out."""
        return self._directory / path if path in self._by_path else None

    async def read(self, file: StoredFile) -> bytes:
        """Give the bytes of a file.

        Raises: FileNotFoundError when it was forgotten.
        """
        return await asyncio.to_thread((self._directory / file.path).read_bytes)

    async def _add_sizes(self, ladder: list[Rendition]) -> Photo:
        photo = tuple([await self._add_rendition("photo", rendition) for rendition in ladder])
        self._photos.update((size.file_id, photo) for size in photo)
        return photo

    async def _add_rendition(self, kind: FileKind, rendition: Rendition) -> StoredFile:
        return await self._add(kind, rendition.data, width=rendition.width, height=rendition.height)

    async def _add(self, kind: FileKind, data: bytes, *, name: str = "", **facts: Any) -> StoredFile:
        self._count += 1
        suffix = _SUFFIX.get(kind) or _safe_suffix(PurePath(name).suffix)
        path = f"{kind}s/file_{self._count}{suffix}"
        file_id, unique_id = _ID_PREFIX[kind] + secrets.token_urlsafe(36), "AQAD" + secrets.token_urlsafe(8)
        file = StoredFile(file_id, unique_id, kind, path, len(data), name=name, **facts)
        await asyncio.to_thread(_write, self._directory / path, data)
        self._files[file_id] = self._by_path[path] = file
        self._total += file.size
        await self._forget_oldest()
        return file

    async def _forget_oldest(self) -> None:
        while self._total > self._max_bytes and len(self._files) > 1 + len(self._kept):
            file_id = next(one for one in self._files if one not in self._kept)
            file = self._files.pop(file_id)
            self._total -= file.size
            self._photos.pop(file_id, None)
            del self._by_path[file.path]
            await asyncio.to_thread((self._directory / file.path).unlink, missing_ok=True)


def _safe_suffix(suffix: str) -> str:
    bare = suffix[1:]
    return suffix if bare.isascii() and bare.isalnum() and len(bare) <= 8 else ""


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
