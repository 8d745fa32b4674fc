"""Another emulated party beside this Telegram: what the page may show of it, and the switches it offers.

The page shows one timeline for what went to and fro between the bot and everybody outside it. Whoever starts the
parties hands them over; this package knows none of them by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class NeighbourRecord:
    """One thing that went over the wire, without secrets.

    Attributes:
        at: seconds since 1970.
        to_bot: whether the neighbour called the bot; else the bot called the neighbour.
        status: HTTP status of the answer; None when none came, then `error` may say why.
        keys: names of what it is about (ids that other records have too), by which records find together.
        curl: how to repeat it: `method`, `url`, `headers`, and `body` when there is one.

    """

    at: float
    to_bot: bool
    title: str
    status: int | None
    error: str | None
    request: Any
    response: Any
    keys: tuple[str, ...]
    curl: Mapping[str, Any]


class Neighbour(Protocol):
    """A party whose journal and switches the page shows. Used on the event loop of the emulator; must not block."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def records(self) -> Sequence[NeighbourRecord]:
        """Give what happened lately, oldest first."""
        ...

    def scenarios(self) -> Mapping[str, str]:
        """Give the ways it can behave: id and a few words each. The first is that all goes well."""
        ...

    def scenario(self) -> str:
        """Give the id of the one that holds now; empty when it is none of these."""
        ...

    def choose(self, scenario: str) -> None:
        """Behave like this from now on.

        Raises: LookupError for an unknown id.
        """
        ...

    def release(self) -> int:
        """Let everything go on that is held back; give how much that was."""
        ...
