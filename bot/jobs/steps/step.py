"""What a step is: a part of a job's way that can be seen to be missing, and done."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from storage.event import Event
from storage.job import Claim, Job, JobStatus
from storage.lifecycle_events import OutcomeDecided


@dataclass(frozen=True, slots=True)
class Due:
    """Part `part` (an input, a slot) of a step is missing and may be done from `not_before` on."""

    part: int = 0
    not_before: datetime | None = None


class Step(ABC):
    """One module per step. `due` only looks at the job; `perform` acts and says what happened.

    A step whose effect cannot be undone gives a `claim` event. Whatever may fail beforehand belongs into `prepare`;
    then the claim is recorded, then `perform` is called. `release` takes the claim back when the effect is known not
    to have happened.
    """

    name: ClassVar[str]
    done: ClassVar[str]  # the log event when it was done
    by_slot: ClassVar[bool] = False  # whether its parts are slots, of which one may fail and the others go on
    by_input: ClassVar[bool] = False  # whether its parts are inputs
    in_chat: ClassVar[bool] = False  # whether all it does is to show something, so that a job without a chat has none
    # Whether all that happened before must be written first: what this does can be seen, and must not be done twice
    # only because the way to it was forgotten.
    on_record: ClassVar[bool] = False

    @abstractmethod
    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """The parts of this step that are missing from the job."""

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Do it; the events that follow. Nothing is left to do where the claim itself is what happens.

        Raises:
            NotDoneError, OutcomeUnknownError, JobFailedError, SlotFailedError, ChatGoneError, ChatMovedError: see
                `bot.jobs.errors`.
            StorageError: the storage cannot be used; whatever was done shows when the job is looked at again.
        """
        return ()

    async def prepare(self, job: Job, part: int) -> Sequence[Event]:
        """All that comes before the claim; its events are recorded with it. May raise what `perform` may."""
        return ()

    def claim(self, job: Job, part: int, claim: Claim) -> Event | None:
        """The event that announces an effect that cannot be undone; it is written before `perform` is called."""
        return None

    def release(self, part: int, claim: Claim) -> Event | None:
        """The event that takes this claim back."""
        return None

    def unanswered(self, part: int, now: datetime) -> Sequence[Event]:
        """What is known all the same when `perform` has raised `OutcomeUnknownError`: the claim stands."""
        return ()

    async def recorded(self, job: Job, part: int) -> None:
        """What is to follow when an urgent event of `perform` is on record; lost with the process, nobody misses it."""
        return

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """What follows when this step keeps failing in a way nobody foresaw."""
        return OutcomeDecided(JobStatus.FAILED, now, code)
