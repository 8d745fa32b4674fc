"""What a status message says: lines, each a text key with its facts. The words are the notifier's."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Fact = str | int | timedelta


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence."""

    key: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """Equal statuses read the same. `changes_at` is when the mere passing of time makes this one untrue.

    `settled` says that it will last: it may be shown right after another one, where anything else would flicker.
    """

    lines: tuple[Line, ...]
    changes_at: datetime | None = field(default=None, compare=False)
    settled: bool = field(default=False, compare=False)
    picture: str = ""
    """Where the latest picture is that the model has made so far."""

    @property
    def key(self) -> str:
        """What the record keeps of it."""
        return self.lines[0].key

    @property
    def mark(self) -> str:
        """The same for statuses that read the same; short, and no secret."""
        facts = [(line.key, sorted(line.facts.items())) for line in self.lines]
        return _digest(repr((facts, self.picture)))

    @property
    def picture_mark(self) -> str:
        """The same for the same picture; empty where there is none."""
        return self.picture and _digest(self.picture)

    @property
    def told_by_key(self) -> bool:
        """Whether the key alone says all."""
        return len(self.lines) == 1 and not self.lines[0].facts and not self.picture


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def status(key: str, *more: Line, changes_at: datetime | None = None, settled: bool = False, **facts: Fact) -> Status:
    """A status whose first line is `key`."""
    return Status((Line(key, facts), *more), changes_at, settled)
