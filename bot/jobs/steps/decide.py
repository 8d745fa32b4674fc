"""Settle how the job ends, once and for all; the person is told afterwards."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.ports import Clock
from bot.jobs.steps.step import Due, Step
from storage.event import Event
from storage.events import OutcomeDecided
from storage.job import Job, JobStatus, SlotState


class Decide(Step):
    """Canceled when the person asked for it; else by what the slots gave; else by the deadline."""

    name = "decide"
    done = "outcome_decided"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Now if there is something to decide on, at the deadline in any case."""
        if not job.outcome:
            settled = job.cancel_requested or all(slot.state.ended for slot in job.slots)
            yield Due(not_before=None if settled else job.deadline)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """One image is a result; the facts say how many are missing."""
        now = self._clock.now()
        if job.cancel_requested:
            return [OutcomeDecided(JobStatus.CANCELED, now, "canceled_by_person")]
        archived = sum(slot.state is SlotState.ARCHIVED for slot in job.slots)
        missing = len(job.slots) - archived
        if archived:
            return [OutcomeDecided(JobStatus.COMPLETED, now, facts={"missing": missing} if missing else {})]
        code = next((slot.failure for slot in job.slots if slot.failure), None)
        return [OutcomeDecided(JobStatus.FAILED, now, code or "timeout")]
