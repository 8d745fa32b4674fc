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

    @property
    def key(self) -> str:
        """What the record keeps of it."""
        return self.lines[0].key

    @property
    def mark(self) -> str:
        """The same for statuses that read the same; short, and no secret."""
        facts = [(line.key, sorted(line.facts.items())) for line in self.lines]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

    @property
    def told_by_key(self) -> bool:
        """Whether the key alone says all."""
        return len(self.lines) == 1 and not self.lines[0].facts


def status(key: str, *more: Line, changes_at: datetime | None = None, settled: bool = False, **facts: Fact) -> Status:
    """A status whose first line is `key`."""
    return Status((Line(key, facts), *more), changes_at, settled)
