"""Settle how the job ends, once and for all; the person is told afterwards."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.jobs.limits.quota import DailyQuota
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.people import People
from bot.jobs.prediction_events import OPERATOR_CODES
from bot.jobs.steps.admit import paused
from bot.jobs.steps.step import Due, Step
from storage.event import Event
from storage.job import Job, JobStatus, Slot, SlotState
from storage.lifecycle_events import OutcomeDecided

# Replicate keeps outputs for an hour: until then a result that is ready is worth fetching, however late.
FETCHABLE = timedelta(hours=1)


class Decide(Step):
    """Canceled when the person asked for it, or did not answer; else by what the slots gave; else by the deadline."""

    name = "decide"
    done = "outcome_decided"

    def __init__(self, clock: Clock, pace: PollPace, quota: DailyQuota, people: People) -> None:
        self._clock, self._pace, self._quota, self._people = clock, pace, quota, people

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Now if there is something to decide on, else at the deadline; but not while new jobs are paused.

        What was asked of nobody is not unanswered, however long we were away.
        """
        if job.outcome:
            return
        if job.cancel_requested or (job.slots and all(slot.state.ended for slot in job.slots)):
            yield Due()
        elif paused(job) or (job.draft and not job.status_shown):
            return
        elif all(self._hopeless(slot, job.deadline) for slot in job.slots):
            yield Due(not_before=job.deadline)
        else:
            yield Due(not_before=job.deadline + FETCHABLE)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """One image is a result; the facts say how many are missing, and how many the person may have today yet."""
        now = self._clock.now()
        if job.cancel_requested:
            return [OutcomeDecided(JobStatus.CANCELED, now, "canceled_by_person")]
        if not job.slots:
            return [OutcomeDecided(JobStatus.CANCELED, now, "not_answered", seen=())]
        seen = tuple(slot.state for slot in job.slots)
        archived = sum(slot.state is SlotState.ARCHIVED for slot in job.slots)
        if archived:
            facts = await self._facts(job, archived)
            return [OutcomeDecided(JobStatus.COMPLETED, now, facts=facts, seen=seen)]
        failed = next((slot for slot in job.slots if slot.failure), None)
        if failed is None:
            return [OutcomeDecided(JobStatus.FAILED, now, _refused(job) or "timeout", seen=seen)]
        # Replicate was told to stop then, see `bot.jobs.steps.create`; before that it did so for a reason of its own.
        late = failed.failure == "prediction_canceled" and now >= job.deadline
        code = "timeout" if late else failed.failure
        return [OutcomeDecided(JobStatus.FAILED, now, code, failed.facts, seen=seen)]

    async def _facts(self, job: Job, archived: int) -> dict[str, str | int | float]:
        facts: dict[str, str | int | float] = {}
        if missing := len(job.slots) - archived:
            facts["missing"] = missing
        if job.origin.chat_id is not None:  # nobody else reads it
            user = job.origin.user
            own = await self._people.limits_for(user)
            facts["left"] = await self._quota.left(user, images=archived, limit=own.daily)
        return facts

    def _hopeless(self, slot: Slot, deadline: datetime) -> bool:
        """Whether nothing can come of the slot after the deadline.

        A process may have slept long: Replicate must have had its chance to say how the prediction stands.
        """
        if slot.state is SlotState.RUNNING and slot.prediction_id:
            return self._pace.answered_since(slot.prediction_id, deadline)
        return slot.state is not SlotState.SUCCEEDED


def _refused(job: Job) -> str | None:
    """What the operator would have had to mend for the job to get on, if that is what it waited for in the end."""
    refused = [p for p in job.postponed if p.code in OPERATOR_CODES and p.until >= job.deadline]
    return next((p.code for p in refused if not job.slots[p.part].state.ended), None)
