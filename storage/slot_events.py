"""What can happen to a slot: one image of the result, on its way from a create call to our storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from storage.event import Event, EventRefusedError
from storage.job import Claim, Job, JobFile, Slot, SlotState

# An input that cannot be read three times in a row will not be read the fourth time either.
MAX_DISCARDED = 3


@dataclass(frozen=True, slots=True)
class CreateClaimed(Event):
    """A create call is about to be made: from here on its outcome may be unknown."""

    slot: int
    claim: Claim

    def fold(self, job: Job) -> Job:
        """Refused unless the slot is open and the job still wants an image."""
        slot = job.slots[self.slot]
        if slot.claim == self.claim:
            return job
        if slot.state is not SlotState.OPEN or job.outcome or job.cancel_requested:
            raise EventRefusedError("the slot is not open")
        claimed = replace(slot, state=SlotState.CLAIMED, claim=self.claim, creates=slot.creates + 1)
        return job.with_slot(self.slot, claimed)


@dataclass(frozen=True, slots=True)
class CreateReleased(Event):
    """The claimed create call is known to have made no prediction; or `unclear`, but none was found in good time."""

    slot: int
    claim: Claim
    unclear: bool = False

    def fold(self, job: Job) -> Job:
        """The slot is open again, unless a prediction turned up meanwhile."""
        slot = job.slots[self.slot]
        if slot.state is not SlotState.CLAIMED or slot.claim != self.claim:
            return job
        creates = slot.creates if self.unclear else slot.creates - 1
        return job.with_slot(self.slot, replace(slot, state=SlotState.OPEN, claim=None, creates=creates))


@dataclass(frozen=True, slots=True)
class PredictionCreated(Event):
    """A prediction works for the slot: the create call answered, or an orphan was found."""

    urgent: ClassVar[bool] = True
    slot: int
    prediction_id: str
    at: datetime

    def fold(self, job: Job) -> Job:
        """The first prediction of a slot is the slot's prediction, and no other slot's."""
        slot = job.slots[self.slot]
        if slot.prediction_id is not None or slot.state.ended or _taken(job, self.prediction_id):
            return job
        return job.with_slot(self.slot, adopted(slot, self.prediction_id, self.at))


@dataclass(frozen=True, slots=True)
class PredictionEnded(Event):
    """Replicate has finished: with outputs to fetch, or with a failure code. `error` and `logs` are its own words."""

    slot: int
    prediction_id: str
    at: datetime
    output: tuple[str, ...] = ()
    failure: str | None = None
    predict_time_s: float | None = None
    error: str | None = None
    logs: str | None = None

    def fold(self, job: Job) -> Job:
        """News of another prediction than the slot's, or of a slot that is past it, changes nothing."""
        slot = job.slots[self.slot]
        if slot.prediction_id is None and not slot.state.ended and not _taken(job, self.prediction_id):
            slot = adopted(slot, self.prediction_id, self.at)
        if slot.prediction_id != self.prediction_id or slot.state is not SlotState.RUNNING:
            return job
        ended = replace(
            slot,
            state=SlotState.FAILED if self.failure else SlotState.SUCCEEDED,
            heard_at=self.at,
            output=self.output,
            failure=self.failure,
            predict_time_s=self.predict_time_s,
            error=self.error,
            logs=self.logs,
        )
        return job.with_slot(self.slot, ended)


@dataclass(frozen=True, slots=True)
class PredictionDiscarded(Event):
    """The prediction failed because it could not read its input: we were away. Another one may be made."""

    slot: int
    prediction_id: str
    at: datetime
    failure: str
    error: str | None = None
    logs: str | None = None

    def fold(self, job: Job) -> Job:
        """The slot is open again, a few times."""
        slot = job.slots[self.slot]
        if slot.prediction_id != self.prediction_id or slot.state is not SlotState.RUNNING:
            return job
        slot = replace(slot, error=self.error, logs=self.logs)
        if len(slot.discarded) >= MAX_DISCARDED:
            return job.with_slot(self.slot, replace(slot, state=SlotState.FAILED, failure=self.failure))
        discarded = (*slot.discarded, self.prediction_id)
        return job.with_slot(
            self.slot, replace(slot, state=SlotState.OPEN, claim=None, prediction_id=None, discarded=discarded)
        )


@dataclass(frozen=True, slots=True)
class OutputArchived(Event):
    """The outputs of a slot are in our storage."""

    slot: int
    files: tuple[JobFile, ...]

    def fold(self, job: Job) -> Job:
        """The URLs are forgotten: they are bearer links and soon dead."""
        slot = job.slots[self.slot]
        if slot.state is not SlotState.SUCCEEDED:
            return job
        return job.with_slot(self.slot, replace(slot, state=SlotState.ARCHIVED, output=(), files=self.files))


@dataclass(frozen=True, slots=True)
class SlotFailed(Event):
    """There will be no image in this slot. `seen` is how far it was when that was found out.

    `facts` are the numbers in the sentence about it.
    """

    slot: int
    failure: str
    seen: SlotState
    facts: Mapping[str, str | int | float] = field(default_factory=dict)

    def fold(self, job: Job) -> Job:
        """What got further meanwhile is not undone."""
        slot = job.slots[self.slot]
        if slot.state is not self.seen or slot.state.ended:
            return job
        failed = replace(slot, state=SlotState.FAILED, output=(), failure=self.failure, facts=dict(self.facts))
        return job.with_slot(self.slot, failed)


def adopted(slot: Slot, prediction_id: str, at: datetime) -> Slot:
    """The slot with this prediction as its own."""
    return replace(slot, state=SlotState.RUNNING, claim=None, prediction_id=prediction_id, heard_at=at)


def _taken(job: Job, prediction_id: str) -> bool:
    return any(slot.prediction_id == prediction_id or prediction_id in slot.discarded for slot in job.slots)
