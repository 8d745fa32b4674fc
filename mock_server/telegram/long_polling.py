"""getUpdates: one poller at a time, which waits for news.

https://core.telegram.org/bots/api#getupdates
"""

import asyncio
from typing import Any

from mock_server.telegram.delivery import UpdateQueue
from mock_server.telegram.errors import conflict

MAX_TIMEOUT_S = 50


class LongPolling:
    """Hands waiting updates to whoever polls; a newer poll ends the older one with 409."""

    def __init__(self, queue: UpdateQueue) -> None:
        self._queue = queue
        self._turn = 0
        self._closed = False
        self._ended_by = ""

    async def poll(self, *, offset: int, limit: int, timeout_s: float) -> list[dict[str, Any]]:
        """Give up to `limit` updates from `offset` on, waiting up to `timeout_s` for the first.

        Raises: BotApiError 409 when another poll or a webhook takes over meanwhile.
        """
        turn = self._take_turn("other getUpdates request; make sure that only one bot instance is running")
        if offset:
            self._queue.confirm_before(offset)
        try:
            async with asyncio.timeout(min(timeout_s, MAX_TIMEOUT_S)):
                while not (updates := self._queue.waiting(limit)) and not self._closed:
                    await self._queue.bell.wait()
                    if turn != self._turn:
                        raise conflict(f"terminated by {self._ended_by}")
        except TimeoutError:
            return self._queue.waiting(limit) if turn == self._turn else []
        return updates

    def end(self) -> None:
        """End a poll that is under way, because a webhook is set."""
        self._take_turn("setWebhook request")

    def close(self) -> None:
        """Let a waiting poll return with nothing."""
        self._closed = True
        self._queue.bell.ring()

    def _take_turn(self, reason: str) -> int:
        self._turn, self._ended_by = self._turn + 1, reason
        self._queue.bell.ring()
        return self._turn
