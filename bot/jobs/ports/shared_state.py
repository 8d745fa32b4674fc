"""What the processes that share the work have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.jobs.draft_index import DraftIndex


class Places(Protocol):
    """A limited number of places under each key, and a line for them. Everything is idempotent, so that a step may
    ask again after any crash. A holder is a job's id, or a job's id, a slash and the number of a prediction.

    Every method raises `EngineUnavailableError` when the places are shared and cannot be asked about now.
    """

    async def take(self, key: str, holder: str, limit: int | None = None) -> bool:
        """Hold a place; False when there is none, and then `holder` stands in line. A `limit` is for this key alone."""
        ...

    async def hold(self, key: str, holder: str) -> None:
        """Hold a place whatever the limit says: the work is under way already."""
        ...

    async def free(self, key: str, *holders: str) -> list[str]:
        """Give these places (in line) back, all at once; returns who should ask again now."""
        ...

    async def place(self, key: str, holder: str) -> int | None:
        """Which place in line `holder` has, from 1; None when it does not stand there."""
        ...

    async def of(self, key: str) -> list[str]:
        """Who holds a place or stands in line."""
        ...

    async def count(self, key: str) -> int:
        """How many places are held."""
        ...

    async def forget(self, job_id: str) -> list[str]:
        """Give back everything the job holds, under whatever key; returns who should ask again now."""
        ...


class ChoreLeases(Protocol):
    """What one of several processes has to do for all."""

    async def take(self, chore: str, for_s: float) -> bool:
        """Whether this process is to do `chore` now; for `for_s` seconds no other one will."""
        ...


class Notes(Protocol):
    """What processes that share the work tell each other of a job while it is in work. Nothing depends on it: it may be
    lost, and goes away by itself.
    """

    async def put(self, job_id: str, name: str, text: str) -> None:
        """Note this under a name of the job's; the latest counts."""
        ...

    async def of(self, job_id: str) -> Mapping[str, str] | None:
        """All that is noted of the job; None where there is nobody to hear from, or it cannot be asked now."""
        ...


@dataclass(frozen=True, slots=True)
class SharedState:
    """What the processes that share the work agree on, and what one of them is called."""

    run_id: str  # the name of this run of this process; never the same again
    job_places: Places  # under each person
    key_places: Places  # for jobs, too: under each API key
    prediction_places: Places
    chores: ChoreLeases
    notes: Notes
    drafts: DraftIndex
    single_process: bool  # whether no other process works on these jobs
