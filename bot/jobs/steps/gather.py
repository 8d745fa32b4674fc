"""Wait for the pictures of an album: Telegram sends them one by one and never says which is the last."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.jobs.ports.clock import Clock
from bot.jobs.steps.step import Due, Step
from storage.draft_events import GatheringEnded, still_gathered
from storage.event import Event
from storage.job import Claim, Job

# Whom Telegram did not reach for a moment it tries again after longer and longer waits.
_AFTER_A_START = 3


class Gather(Step):
    """The end is claimed: it must be written before anything follows from it, since the doors go on adding.

    An album that was gathered when the process ended is given `_AFTER_A_START` times as long from the next start on.
    """

    name = "gather"
    done = "album_gathered"

    def __init__(self, patience: timedelta, clock: Clock) -> None:
        self._started = clock.now()
        self._resumed_until = self._started + _AFTER_A_START * patience

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """When nothing has come for a while."""
        if job.draft and job.gathering_until and not job.cancel_requested:
            resumed = job.updated_at < self._started
            until = job.gathering_until if still_gathered(job, now) else now
            yield Due(not_before=max(until, self._resumed_until) if resumed else until)

    def claim(self, job: Job, part: int, claim: Claim) -> Event:
        """Refused when another picture came at the last moment."""
        return GatheringEnded(claim.at)
