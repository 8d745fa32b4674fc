"""What happened in the emulator, in order, and a way to wait for more."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any


class Bell:
    """Wakes everybody who waits right now, each ring anew."""

    def __init__(self) -> None:
        self._ring = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait."""
        rung, self._ring = self._ring, asyncio.Event()
        rung.set()

    async def wait(self) -> None:
        """Return at the next ring."""
        await self._ring.wait()


@dataclass(frozen=True)
class Event:
    """One thing that happened: `kind` (message, edit, delete, ...) and its JSON-ready facts."""

    seq: int
    kind: str
    data: dict[str, Any]


class EventLog:
    """A bounded, numbered list of events. Numbers start at 1 and have no gaps."""

    def __init__(self, keep: int = 5000) -> None:
        self._events: deque[Event] = deque(maxlen=keep)
        self._bell = Bell()
        self.last = 0
        self.closed = False

    def publish(self, kind: str, **data: Any) -> None:
        """Add an event and wake everybody who waits for one."""
        self.last += 1
        self._events.append(Event(self.last, kind, data))
        self._bell.ring()

    def since(self, seq: int) -> list[Event] | None:
        """Give the events after `seq`, or None when some of them are forgotten already (or never were)."""
        oldest = self._events[0].seq if self._events else self.last + 1
        if seq > self.last or seq + 1 < oldest:
            return None
        return [event for event in self._events if event.seq > seq]

    async def beyond(self, seq: int) -> int:
        """Wait for an event after `seq`; give the newest number. Returns at once when the log is closed."""
        while self.last <= seq and not self.closed:
            await self._bell.wait()
        return self.last

    def close(self) -> None:
        """Let go of everybody who waits."""
        self.closed = True
        self._bell.ring()
