"""Wait for the pictures of an album: Telegram sends them one by one and never says which is the last."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.jobs.steps.step import Due, Step
from storage.draft_events import GatheringEnded
from storage.event import Event
from storage.job import Claim, Job

# The members of an album arrive within a fraction of a second; a busy Telegram takes longer.
GATHER_FOR = timedelta(seconds=1.5)


class Gather(Step):
    """The end is claimed: it must be written before anything follows from it, since the doors go on adding."""

    name = "gather"
    done = "album_gathered"

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """When nothing has come for a while."""
        if job.draft and job.gathering_until and not job.cancel_requested:
            yield Due(not_before=job.gathering_until)

    def claim(self, job: Job, part: int, claim: Claim) -> Event:
        """Refused when another picture came at the last moment."""
        return GatheringEnded(claim.at)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Nothing is left to do."""
        return ()
