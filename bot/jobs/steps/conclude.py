"""The person has all that there is: the job is completed, if its last message has not said so already."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.steps.step import Due, Step
from bot.jobs.steps.tell import all_told
from storage.delivery_events import ResultTold
from storage.event import Event
from storage.job import Job


class Conclude(Step):
    """Nothing is done here, so this costs no write of its own."""

    name = "conclude"
    done = "job_concluded"

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Whatever came last, a report or something that was given up."""
        if not job.status.terminal and all_told(job):
            yield Due()

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """The last event of a job that went well."""
        return [ResultTold()]
