"""Server-sent events out of bytes as they arrive. Pure.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

import re
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r")
_MAX_RETRY_MS = 60_000
_BOM = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """A line or an event is longer than allowed."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event; `id` is the last one that the stream gave, and where to go on after a lost connection."""

    name: str
    data: str
    id: str


class EventStreamParser:
    """Reads one stream over any number of connections. Holds `max_event_bytes` at most."""

    def __init__(self, max_event_bytes: int) -> None:
        self._max_event_bytes = max_event_bytes
        self.last_event_id = ""
        self.retry_s = 0.0
        """How long the stream wants to be left alone before it is connected to again."""
        self.reconnected()

    def reconnected(self) -> None:
        """A new connection begins: what was not complete on the old one is dropped."""
        self._rest, self._first, self._id = b"", True, self.last_event_id
        self._begin_event()

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that are complete with this chunk.

        Raises:
            EventTooLargeError: one of them will not end within the bound.
        """
        self._rest += chunk
        # A carriage return at the end may be the first half of a line end.
        held_back = self._rest.endswith(b"\r")
        *lines, rest = _LINE_END.split(self._rest[:-1] if held_back else self._rest)
        self._rest = rest + b"\r" if held_back else rest
        if len(self._rest) + self._size > self._max_event_bytes:
            raise EventTooLargeError(f"an event of more than {self._max_event_bytes} bytes")
        return [event for line in lines if (event := self._take(line))]

    def _take(self, line: bytes) -> ServerSentEvent | None:
        line = line.removeprefix(_BOM) if self._first else line
        self._first = False
        if not line:
            return self._end_event()
        self._size += len(line)
        if self._size > self._max_event_bytes:
            raise EventTooLargeError(f"an event of more than {self._max_event_bytes} bytes")
        name, _, value = line.decode("utf-8", "replace").partition(":")
        self._take_field(name, value.removeprefix(" "))
        return None

    def _take_field(self, name: str, value: str) -> None:
        match name:
            case "event":
                self._name = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdecimal() and len(value) <= 9:
                self.retry_s = min(int(value), _MAX_RETRY_MS) / 1000

    def _end_event(self) -> ServerSentEvent | None:
        self.last_event_id = self._id  # only now: an event cut in two has to come again
        complete = ServerSentEvent(self._name or "message", "\n".join(self._data), self.last_event_id)
        empty = not self._data
        self._begin_event()
        return None if empty else complete

    def _begin_event(self) -> None:
        self._name, self._data, self._size = "", list[str](), 0
