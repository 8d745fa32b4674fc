"""What is drawn of a job's course, whoever draws it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """A span that has ended; `outside` when it was spent on a call to somebody else. None: any id, no parent."""

    name: str
    trace_id: int
    span_id: int | None
    parent_id: int | None
    begun_ns: int  # since 1970
    ended_ns: int
    facts: Mapping[str, str]
    outside: bool = False
    failed: bool = False


class Spans(Protocol):
    """Draws spans. Cheap, never waits, never fails."""

    def draw(self, span: Span) -> None:
        """Draw this one."""
        ...

    def new_id(self) -> int:
        """An id for a span that is drawn later."""
        ...

    def now(self) -> int:
        """The time, in nanoseconds since 1970."""
        ...
