"""Settle a create call of unknown outcome: find its prediction, or make sure that there is none."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.jobs.errors import JobFailedError, NotDoneError
from bot.jobs.ports.clock import Clock
from bot.jobs.prediction_events import postponed_by
from bot.jobs.steps.create import CALL_OVER, SETTLED_BY, START_WITHIN, Create
from bot.jobs.steps.step import Due, Step
from bot.jobs.waiting.run_follower import RunFollower
from replicate_gateway.errors import GatewayError
from replicate_gateway.prediction import Prediction
from replicate_gateway.protocol import CREATE_S, MAX_WAIT_S, ReplicateGateway
from storage.event import Event
from storage.job import Job, SlotState
from storage.slot_events import CreateReleased

# How long after its create call a prediction may still turn up, by its own callback or in Replicate's list.
GRACE_S = 30.0
# A claim's call is over so long after anybody has seen the claim, though the process that makes it may yet live.
CALL_S = START_WITHIN.total_seconds() + CREATE_S + MAX_WAIT_S
_MAX_CREATES = 10  # each of them cost a grace time, and none is known to have made anything
_CLOCK_SKEW = timedelta(seconds=60)
# Predictions that the account makes within the time of a call; Replicate takes 600 a minute, and short bursts:
# https://replicate.com/docs/topics/predictions/rate-limits
_LOOK_AT = 5_000


class FindOrphan(Step):
    """A prediction is ours when its callback URL, or its input, is the one that this slot would have sent."""

    name = SETTLED_BY
    done = "orphan_settled"
    by_slot = True

    def __init__(
        self, gateway: ReplicateGateway, create: Create, follower: RunFollower, clock: Clock, *, single_process: bool
    ) -> None:
        self._gateway, self._create, self._follower, self._clock = gateway, create, follower, clock
        self._single_process = single_process  # then whoever claimed is dead, or has heard the end of its call

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """The first claimed slot, whose claimant is gone: one at a time, lest two adopt the same orphan."""
        if job.outcome:
            return
        for part, slot in enumerate(job.slots):
            if slot.state is SlotState.CLAIMED and slot.claim:
                yield Due(part)
                return

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Adopt it; or wait out the grace time; or free the slot for another try."""
        slot = job.slots[part]
        if slot.claim is None:  # its callback was faster
            return []
        try:
            found, all_seen = await self.search(job, part, slot.claim.at)
        except GatewayError as error:
            raise postponed_by(error) from error
        if found:
            self._follower.take_in(job, part, found)
            return self._create.news(job, found, part)
        waited = job.postponement(self.name, part)
        if not all_seen or not waited or waited.code != "create_unclear":
            over = self._single_process or (waited and waited.code == CALL_OVER)
            raise NotDoneError("create_unclear", retry_after_s=GRACE_S if over else CALL_S + GRACE_S)
        if slot.creates >= _MAX_CREATES:
            raise JobFailedError("replicate_unclear")
        return [CreateReleased(part, slot.claim, unclear=True)]

    async def recorded(self, job: Job, part: int) -> None:
        """As if its create call had been answered."""
        await self._create.recorded(job, part)

    async def search(self, job: Job, part: int, claimed_at: datetime) -> tuple[Prediction | None, bool]:
        """The prediction that a create call claimed at this time made, if Replicate knows one; `GatewayError`.

        And whether there are no others that might be it.
        """
        since, until = claimed_at - _CLOCK_SKEW, claimed_at + timedelta(seconds=CALL_S) + _CLOCK_SKEW
        recent = await self._gateway.recent(created_after=since, created_before=until, limit=_LOOK_AT)
        traces = await self._create.traces(job, part)
        found = next((p for p in recent.predictions if self._create.is_ours(p, job, part, traces)), None)
        return found, recent.complete
