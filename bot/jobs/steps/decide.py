"""Settle how the job ends, once and for all; the person is told afterwards."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.jobs.poll_pace import PollPace
from bot.jobs.ports import Clock
from bot.jobs.steps.step import Due, Step
from storage.event import Event
from storage.events import OutcomeDecided
from storage.job import Job, JobStatus, Slot, SlotState

# Replicate keeps outputs for an hour: until then a result that is ready is worth fetching, however late.
_FETCHABLE = timedelta(hours=1)


class Decide(Step):
    """Canceled when the person asked for it; else by what the slots gave; else by the deadline."""

    name = "decide"
    done = "outcome_decided"

    def __init__(self, clock: Clock, pace: PollPace) -> None:
        self._clock, self._pace = clock, pace

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Now if there is something to decide on, at the deadline in any case."""
        if job.outcome:
            return
        if job.cancel_requested or all(slot.state.ended for slot in job.slots):
            yield Due()
        elif any(slot.state is SlotState.SUCCEEDED for slot in job.slots):
            yield Due(not_before=job.deadline + _FETCHABLE)
        elif all(self._asked(slot, job.deadline) for slot in job.slots):
            yield Due(not_before=job.deadline)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """One image is a result; the facts say how many are missing."""
        now = self._clock.now()
        if job.cancel_requested:
            return [OutcomeDecided(JobStatus.CANCELED, now, "canceled_by_person")]
        seen = tuple(slot.state for slot in job.slots)
        archived = sum(slot.state is SlotState.ARCHIVED for slot in job.slots)
        missing = len(job.slots) - archived
        if archived:
            return [OutcomeDecided(JobStatus.COMPLETED, now, facts={"missing": missing} if missing else {}, seen=seen)]
        code = next((slot.failure for slot in job.slots if slot.failure), None)
        return [OutcomeDecided(JobStatus.FAILED, now, code or "timeout", seen=seen)]

    def _asked(self, slot: Slot, deadline: datetime) -> bool:
        """Whether Replicate had its chance to say how the slot's prediction stands; a process may have slept long."""
        if slot.state is not SlotState.RUNNING or not slot.prediction_id:
            return True
        return self._pace.asked_since(slot.prediction_id, deadline)
