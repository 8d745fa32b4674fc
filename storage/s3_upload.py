"""A request body that is read from a file while it is sent, and can be sent again."""

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO

CHUNK_BYTES = 256 * 1024


def read_exactly(source: BinaryIO, size: int) -> bytes:
    """`size` bytes from the current position of `source`.

    Raises:
        EOFError: `source` has fewer.
    """
    content = source.read(size)
    if len(content) != size:
        raise EOFError(f"the source ended {size - len(content)} bytes early")
    return content


class FileBody:
    """`size` bytes of `source` for aiohttp, from where it stands now, each time it is sent.

    `failure` keeps what the source raised, because by the time it comes back from aiohttp it looks like a broken
    connection.
    """

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source, self.size = source, size
        self._start = source.tell() if source.seekable() else None
        self._sent = False
        self.failure: Exception | None = None

    @property
    def repeatable(self) -> bool:
        """Whether the source can be read once more."""
        return self._start is not None and self.failure is None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            self._rewind()
            left = self.size
            while left:
                chunk = await asyncio.to_thread(read_exactly, self._source, min(left, CHUNK_BYTES))
                left -= len(chunk)
                yield chunk
        except (EOFError, OSError, ValueError) as error:
            self.failure = error
            raise

    def _rewind(self) -> None:
        if self._sent:
            if self._start is None:
                raise OSError("the source cannot be read again")
            self._source.seek(self._start)
        self._sent = True
