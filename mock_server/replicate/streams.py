"""Event streams of predictions: output, error, done, each with an id, kept so that a late reader misses nothing.

https://replicate.com/docs/topics/predictions/streaming
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

TEXT_PREFIX = "/v1/streams/"
FILE_PREFIX = "/v1/files/bcwr-"
"""Streams of URLs lie among the files: the npm client tells them from streams of text by this."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event; `data` may have several lines."""

    id: str
    event: Literal["output", "error", "done"]
    data: str

    def encode(self) -> bytes:
        """The event as server-sent events write it."""
        lines = self.data.split("\n")
        data = "".join(f"data: {line}\n" for line in lines)
        return f"event: {self.event}\nid: {self.id}\n{data}\n".encode(errors="replace")


class EventStream:
    """The events of one prediction so far, and the wait for further ones."""

    def __init__(self, path: str, started_at: float) -> None:
        """`path` is where it is read; ids begin with the second of `started_at`."""
        self.path = path
        self._second = int(started_at)
        self._events: list[StreamEvent] = []
        self._changed = asyncio.Event()
        self._closed = False

    def output(self, data: str) -> None:
        """Adds a piece of output."""
        self._add("output", data)

    def end(self, reason: Literal["canceled", "error"] | None = None, error: str | None = None) -> None:
        """Adds the last events; a reader returns after them."""
        if error is not None:
            self._add("error", json.dumps({"detail": error}))
        self._closed = True
        self._add("done", json.dumps({"reason": reason} if reason else {}))

    def forget(self) -> None:
        """Lets go of what was said; readers are let go too."""
        self._events.clear()
        self._closed = True
        self._changed.set()

    async def follow(self, last_event_id: str | None, silence_s: float) -> AsyncIterator[StreamEvent | None]:
        """Every event after the one with that id, as it comes; all of them for an unknown id.

        None whenever none came for `silence_s`.
        """
        known = next((place for place, event in enumerate(self._events) if event.id == last_event_id), -1)
        place = known + 1
        while True:
            changed = self._changed
            for event in self._events[place:]:
                yield event
                place += 1
            if self._closed and place >= len(self._events):
                return
            try:
                async with asyncio.timeout(silence_s):
                    await changed.wait()
            except TimeoutError:
                yield None

    def _add(self, event: Literal["output", "error", "done"], data: str) -> None:
        self._events.append(StreamEvent(f"{self._second}:{len(self._events)}", event, data))
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
