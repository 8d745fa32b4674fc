"""How fast messages may go out: a pace over all chats, and rest for a chat that asked for it."""

import asyncio
import math
from typing import Protocol

BURST_S = 1.0  # of the pace may go out at once


class Pace(Protocol):
    """One budget of messages for all who send as the same bot."""

    async def turn(self, max_wait_s: float, chat_id: int | str | None = None) -> float:
        """Take the next turn and return in how many seconds it is; or none, and return its seconds negated when they
        are more than `max_wait_s`. There is none for a chat that is to be left alone: its seconds, negated.
        """
        ...

    async def paused_for(self, chat_id: int | str) -> float:
        """For how many seconds this chat is to be left alone; 0 when it may be spoken to."""
        ...

    async def pause_chat(self, chat_id: int | str, for_s: float) -> None:
        """Leave this chat alone for so long."""
        ...


class ProcessPace:
    """The pace of one process; `per_second` of 0 is no limit."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._next_free = -math.inf  # loop time at which the next message fits the pace
        self._silent_until: dict[int | str, float] = {}

    async def turn(self, max_wait_s: float, chat_id: int | str | None = None) -> float:
        """See `Pace.turn`."""
        if chat_id is not None and (left_s := await self.paused_for(chat_id)) > 0:
            return -left_s
        if not self._interval:
            return 0.0
        now = _now()
        turn = max(self._next_free, now - BURST_S)
        wait_s = turn - now
        if wait_s > max_wait_s:
            return -wait_s
        self._next_free = turn + self._interval
        return max(0.0, wait_s)

    async def paused_for(self, chat_id: int | str) -> float:
        """See `Pace.paused_for`."""
        until = self._silent_until.get(chat_id)
        if until is None:
            return 0.0
        left_s = until - _now()
        if left_s <= 0:
            del self._silent_until[chat_id]
        return max(0.0, left_s)

    async def pause_chat(self, chat_id: int | str, for_s: float) -> None:
        """See `Pace.pause_chat`. Chats whose rest is over are forgotten now and then."""
        now = _now()
        if len(self._silent_until) > 1000:
            self._silent_until = {chat: until for chat, until in self._silent_until.items() if until > now}
        self._silent_until[chat_id] = now + for_s


def _now() -> float:
    return asyncio.get_running_loop().time()
