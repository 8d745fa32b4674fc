"""A request body that is read from a file while it is sent, and can be sent again."""

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO

CHUNK_BYTES = 256 * 1024


async def read_exactly(source: BinaryIO, size: int) -> bytes:
    """`size` bytes from the current position of `source`.

    Raises:
        EOFError: `source` has fewer.
    """
    content = await asyncio.to_thread(source.read, size)
    if len(content) != size:
        raise EOFError(f"the source ended {size - len(content)} bytes early")
    return content


class FileBody:
    """`size` bytes of `source` for aiobotocore, which wants `read`, and aiohttp, which wants `__aiter__`.

    botocore calls `seek(0)` before it repeats a request. `failure` keeps what the source raised, because by the
    time it comes back from aiohttp it looks like a broken connection.
    """

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source, self._size = source, size
        self._start = source.tell() if source.seekable() else None
        self.failure: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._size
        try:
            while left:
                chunk = await read_exactly(self._source, min(left, CHUNK_BYTES))
                left -= len(chunk)
                yield chunk
        except (EOFError, OSError, ValueError) as error:
            self.failure = error
            raise

    async def read(self, amount: int = -1) -> bytes:
        """Part of what aiobotocore takes for a stream; aiohttp iterates instead."""
        return await asyncio.to_thread(self._source.read, self._size if amount < 0 else amount)

    def seek(self, offset: int) -> None:
        """Rewind for the next attempt; botocore makes none unless this works.

        Raises:
            OSError: the source cannot be read twice, or failed itself.
        """
        if self._start is None or self.failure is not None:
            raise OSError("the source cannot be read again")
        self._source.seek(self._start + offset)
