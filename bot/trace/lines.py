"""Log lines from a stream of any length, one at a time; what is no log line is counted and left out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

# Ours have some hundred bytes, one with a traceback some thousand. A line without an end must not fill the memory.
MAX_LINE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event. `fields` are the others of the line; `at` is aware, UTC."""

    at: datetime
    level: str
    event: str
    fields: dict[str, Any]

    def text(self, name: str) -> str:
        """A field as text; empty where it is missing."""
        found = self.fields.get(name)
        return "" if found is None else str(found)

    @property
    def ms(self) -> float:
        """How long what it tells of took; 0 where it does not say."""
        found = self.fields.get("ms")
        return float(found) if isinstance(found, int | float) and 0 <= found < float("inf") else 0.0


class LogLines:
    """The lines of a stream. `foreign` and `broken` count what the latest reading left out."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._read = False
        self.foreign = self.broken = 0

    def containing(self, *words: bytes) -> Iterator[LogLine]:
        """The lines that hold one of these words anywhere: only they are parsed, which makes long logs quick to read.

        Raises:
            OSError: the stream cannot be read, or is read again and cannot go back.
        """
        if self._read:
            self._stream.seek(0)
        self._read, self.foreign, self.broken = True, 0, 0
        for raw in self._raw_lines():
            if b"{" not in raw:
                self.foreign += bool(raw.strip())
            elif not raw.rstrip().endswith(b"}"):
                self.broken += 1
            elif any(word in raw for word in words) and (line := self._parsed(raw)):
                yield line

    def _raw_lines(self) -> Iterator[bytes]:
        while raw := self._stream.readline(MAX_LINE_BYTES):
            if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
                self.broken += 1
                while (rest := self._stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
            else:
                yield raw

    def _parsed(self, raw: bytes) -> LogLine | None:
        """Compose and the journal write a few words of their own before the object."""
        try:
            document = json.loads(raw[raw.index(b"{") :])
            at = datetime.fromisoformat(document["timestamp"]).astimezone(UTC)
            event = str(document["event"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            self.broken += 1
            return None
        return LogLine(at, str(document.get("level")), event, document)
