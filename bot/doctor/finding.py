"""What an examination comes to: one sentence on the state, one on what mends it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a part is. Only `failed` makes the exit code 1."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of the part called `name`; `fix` is None where there is nothing to do."""

    name: str
    state: State
    what: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is examined; gives the findings about it."""

    name: str

    def ok(self, what: str) -> Finding:
        """It plays its part."""
        return Finding(self.name, State.OK, what)

    def warning(self, what: str, fix: str) -> Finding:
        """The bot can work, but less well than it might."""
        return Finding(self.name, State.WARNING, what, fix)

    def failed(self, what: str, fix: str) -> Finding:
        """The bot cannot do its work like this."""
        return Finding(self.name, State.FAILED, what, fix)

    def skipped(self, why: str) -> Finding:
        """It could not be examined."""
        return Finding(self.name, State.SKIPPED, why)
