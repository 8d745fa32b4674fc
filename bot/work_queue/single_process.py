"""The shared state of a process that works alone: nothing has to be agreed on with anybody."""

import uuid

from bot.jobs.drafts import ProcessDrafts
from bot.jobs.limits.places import ProcessPlaces
from bot.jobs.ports.shared_state import SharedState


class EveryChore:
    """`ChoreLeases` where nobody else could do the work."""

    async def take(self, chore: str, for_s: float) -> bool:
        """It is always this process's turn."""
        del chore, for_s
        return True


class NoNotes:
    """`Notes` where there is nobody to tell."""

    async def put(self, job_id: str, name: str, text: str) -> None:
        """Nobody would read it."""
        del job_id, name, text

    async def of(self, job_id: str) -> None:
        """Nobody wrote any."""
        del job_id


def new_run_id() -> str:
    """A name for this run of this process, never the same again."""
    return uuid.uuid4().hex[:12]


def single_process(*, jobs_per_person: int, jobs_per_key: int, predictions: int) -> SharedState:
    """The state that one process shares with nobody."""
    return SharedState(
        run_id=new_run_id(),
        job_places=ProcessPlaces(jobs_per_person),
        key_places=ProcessPlaces(jobs_per_key),
        prediction_places=ProcessPlaces(predictions),
        chores=EveryChore(),
        notes=NoNotes(),
        drafts=ProcessDrafts(),
        single_process=True,
    )
