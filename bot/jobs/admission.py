"""Who may go on: places per person and for predictions in flight, and the nudge for the next in line."""

from bot.jobs.places import Places
from bot.jobs.ports import JobQueue
from storage.job import Job, JobStatus, SlotState

# All predictions share one line.
_PREDICTIONS = "predictions"
_IN_FLIGHT = (SlotState.OPEN, SlotState.CLAIMED, SlotState.RUNNING)


class Admission:
    """`per_user` jobs of a person and `predictions` at Replicate may be under way at a time."""

    def __init__(self, *, per_user: int, predictions: int, queue: JobQueue) -> None:
        self._jobs = Places(per_user)
        self._predictions = Places(predictions)
        self._queue = queue

    def admit_job(self, job: Job) -> bool:
        """Take one of the person's places; False puts the job in line."""
        return self._jobs.take(job.origin.user, job.id)

    def admit_prediction(self, job: Job, part: int) -> bool:
        """Take a place for the prediction of a slot; False puts it in line."""
        return self._predictions.take(_PREDICTIONS, f"{job.id}/{part}")

    def jobs_of(self, user: str) -> int:
        """How many of the person's jobs are under way."""
        return self._jobs.count(user)

    def open_jobs_of(self, user: str) -> list[str]:
        """The person's jobs that this process knows to be under way or in line."""
        return self._jobs.of(user)

    def resume(self, job: Job) -> None:
        """Take the places that the job's own record says it has, whatever the limits are now."""
        if job.status is JobStatus.PROCESSING:
            self._jobs.hold(job.origin.user, job.id)
        for part, slot in enumerate(job.slots):
            if slot.state in (SlotState.CLAIMED, SlotState.RUNNING):
                self._predictions.hold(_PREDICTIONS, f"{job.id}/{part}")

    async def settle(self, job: Job) -> None:
        """Give back what the job no longer needs, and nudge whoever is next."""
        next_in_line: list[str] = []
        for part, slot in enumerate(job.slots):
            if job.status.terminal or job.outcome or slot.state not in _IN_FLIGHT:
                next_in_line += self._predictions.free(_PREDICTIONS, f"{job.id}/{part}")
        if job.status.terminal:
            next_in_line += self._jobs.free(job.origin.user, job.id)
        await self._nudge(next_in_line)

    async def forget(self, job_id: str) -> None:
        """Give back all that a job holds whose record is gone."""
        belongs = lambda holder: holder.partition("/")[0] == job_id  # noqa: E731 - used twice, here only
        await self._nudge(self._jobs.forget(belongs) + self._predictions.forget(belongs))

    async def _nudge(self, holders: list[str]) -> None:
        for holder in holders:
            await self._queue.enqueue(holder.partition("/")[0])
