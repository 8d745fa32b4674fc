"""What single persons may have."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PersonLimits:
    """What one person may have: jobs under way, images a day. None: as everybody.

    While `paused`, what is under way goes on, and nothing new is begun.
    """

    active: int | None = None
    daily: int | None = None
    paused: bool = False


class People(Protocol):
    """What is laid down for single persons."""

    async def limits_for(self, user: str) -> PersonLimits:
        """The person's own limits; asked once per job, so it should answer from memory. Raises `StorageError`."""
        ...
