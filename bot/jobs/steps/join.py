"""Hand pictures to the job that had asked for them, or find that it no longer does.

A picture that answers a question is recorded as a job of its own first: a delivery that comes again finds that
record, finished or not, whatever became of the other job meanwhile.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.jobs.ports.clock import Clock
from bot.jobs.ports.queue import JobQueue
from bot.jobs.steps.step import Due, Step
from storage.draft_events import AnswerAwaited, InputAdded, Joined, JoinRefused
from storage.errors import ObjectNotFoundError
from storage.event import Event
from storage.job import Job
from storage.repository import JobRepository


class Join(Step):
    """Repeating it changes nothing: the other job knows each picture by its message."""

    name = "join"
    done = "pictures_handed_on"

    def __init__(self, repository: JobRepository, queue: JobQueue, clock: Clock, patience: timedelta) -> None:
        self._repository, self._queue, self._clock, self._patience = repository, queue, clock, patience

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Once all pictures are there."""
        if job.draft and job.joins and not job.gathering_until and not job.cancel_requested:
            yield Due()

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Whoever gave another picture meanwhile, or called the job off, has been faster."""
        now, host_id = self._clock.now(), job.joins or ""
        added = [InputAdded(image, prompt=job.prompt) for image in job.inputs]
        try:
            host = await self._repository.change(host_id, [*added, AnswerAwaited(now + self._patience)], now)
        except ObjectNotFoundError:
            return [JoinRefused()]
        if not all(host.has_input(image) for image in job.inputs):
            return [JoinRefused()]
        await self._queue.enqueue(host_id)
        return [Joined(now)]
