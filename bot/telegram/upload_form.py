"""A form with files as few, large pieces of a length that is known beforehand.

aiohttp hands each boundary, header and value of a form to the system by itself, some thirty calls for a photo, and
sends a body of unknown length chunk by chunk with a header each.
"""

import os
from typing import BinaryIO

from aiohttp import FormData, Payload
from aiohttp.abc import AbstractStreamWriter

_PIECE_BYTES = 128 * 1024


class FileBody(Payload):
    """An open file from its start, read anew each time it is sent. It stays open, and is no bigger later than now."""

    _value: BinaryIO

    def __init__(self, content: BinaryIO) -> None:
        super().__init__(content)
        self._size = content.seek(0, os.SEEK_END)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """See `Payload.write`. Spools are in memory or in the page cache, so reading does not block."""
        self._value.seek(0)
        while chunk := self._value.read(_PIECE_BYTES):
            await writer.write(chunk)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """See `Payload.as_bytes`."""
        self._value.seek(0)
        return self._value.read()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """See `Payload.decode`; no text."""
        raise TypeError("a file is bytes")


class GatheredForm(FormData):
    """The same form, sent in pieces of some size."""

    def __init__(self, form: FormData) -> None:
        super().__init__()
        self._form = form

    def __call__(self) -> Payload:
        """See `FormData.__call__`."""
        return _Gathered(self._form())


class _Gathered(Payload):
    _value: Payload

    def __init__(self, body: Payload) -> None:
        super().__init__(body, headers=body.headers)
        self._size = body.size

    async def write(self, writer: AbstractStreamWriter) -> None:
        pieces = _Pieces(writer)
        await self._value.write(pieces)  # type: ignore[arg-type]  # a form writes to it, and does nothing else with it
        await pieces.flush()

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return await self._value.as_bytes(encoding, errors)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._value.decode(encoding, errors)

    async def close(self) -> None:
        await self._value.close()


class _Pieces:
    """Holds back what is small until there is enough of it."""

    def __init__(self, writer: AbstractStreamWriter) -> None:
        self._writer = writer
        self._held: list[bytes] = []
        self._size = 0

    async def write(self, chunk: bytes) -> None:
        self._held.append(chunk)
        self._size += len(chunk)
        if self._size >= _PIECE_BYTES:
            await self.flush()

    async def flush(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if held:
            await self._writer.write(b"".join(held))
