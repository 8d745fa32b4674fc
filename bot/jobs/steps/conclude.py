"""The person has all that there is: the job is completed."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.parcels import next_parcel
from bot.jobs.report import wants_report
from bot.jobs.steps.step import Due, Step
from storage.event import Event
from storage.events import ResultTold
from storage.job import Job


class Conclude(Step):
    """Nothing is done here, so this costs no write of its own."""

    name = "conclude"
    done = "job_concluded"

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """All results are handed over, and so is the report if there is one."""
        if job.handed and not job.status.terminal and not next_parcel(job) and not wants_report(job):
            yield Due()

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """The last event of a job that went well."""
        return [ResultTold()]
