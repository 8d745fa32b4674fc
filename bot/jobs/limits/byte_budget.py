"""Memory for pictures in work, bounded by bytes and not by luck."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ByteBudget:
    """At most `limit` bytes are reserved at a time; whoever finds too little waits in line."""

    def __init__(self, limit: int) -> None:
        self._limit = self._free = limit
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def held(self) -> int:
        """How many bytes are reserved now."""
        return self._limit - self._free

    @asynccontextmanager
    async def reserve(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes. More than the whole budget counts as the whole budget, so nobody waits for ever."""
        size = min(max(size, 0), self._limit)
        await self._take(size)
        try:
            yield
        finally:
            self._give(size)

    async def _take(self, size: int) -> None:
        if not self._line and size <= self._free:
            self._free -= size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give(size)  # the turn came together with the cancellation
            elif (size, turn) in self._line:
                self._line.remove((size, turn))
                self._serve()
            raise

    def _give(self, size: int) -> None:
        self._free += size
        self._serve()

    def _serve(self) -> None:
        while self._line and self._line[0][0] <= self._free:
            size, turn = self._line.popleft()
            if turn.cancelled():
                continue
            self._free -= size
            turn.set_result(None)
