"""Who may go on: places per person and for predictions in flight, and the nudge for the next in line."""

from bot.jobs.limits.users import is_api_user
from bot.jobs.ports.queue import JobQueue
from bot.jobs.ports.shared_state import Places
from storage.job import Job, JobStatus, SlotState

# All predictions share one line.
_PREDICTIONS = "predictions"
_IN_FLIGHT = (SlotState.OPEN, SlotState.CLAIMED, SlotState.RUNNING)


class Admission:
    """So many jobs of a person or an API key, and so many predictions at Replicate, may be under way at a time.

    All methods raise `EngineUnavailableError` when the places are shared and cannot be asked about now.
    """

    def __init__(self, *, people: Places, keys: Places, predictions: Places, queue: JobQueue) -> None:
        self._people, self._keys, self._predictions, self._queue = people, keys, predictions, queue

    async def admit_job(self, job: Job, limit: int | None = None) -> bool:
        """Take one of the person's places, of which there may be a `limit` of their own; False puts the job in line."""
        return await self._jobs(job.origin.user).take(job.origin.user, job.id, limit)

    async def admit_prediction(self, job: Job, part: int) -> bool:
        """Take a place for the prediction of a slot; False puts it in line."""
        return await self._predictions.take(_PREDICTIONS, f"{job.id}/{part}")

    async def place_among_own(self, job: Job) -> int | None:
        """The job's place in its person's line, from 1; None when it does not stand there."""
        return await self._jobs(job.origin.user).place(job.origin.user, job.id)

    async def place_among_all(self, job: Job, part: int) -> int | None:
        """The place of a slot's prediction in the line for all, from 1; None when it does not stand there."""
        return await self._predictions.place(_PREDICTIONS, f"{job.id}/{part}")

    async def jobs_of(self, user: str) -> int:
        """How many of the person's jobs are under way."""
        return await self._jobs(user).count(user)

    async def open_jobs_of(self, user: str) -> list[str]:
        """The person's jobs that are known to be under way or in line."""
        return await self._jobs(user).of(user)

    async def resume(self, job: Job) -> None:
        """Take the places that the job's own record says it has, whatever the limits are now."""
        if job.status is JobStatus.PROCESSING:
            await self._jobs(job.origin.user).hold(job.origin.user, job.id)
        for part, slot in enumerate(job.slots):
            if slot.state in (SlotState.CLAIMED, SlotState.RUNNING):
                await self._predictions.hold(_PREDICTIONS, f"{job.id}/{part}")

    async def settle(self, job: Job) -> None:
        """Give back what the job no longer needs, and nudge whoever is next."""
        over = job.status.terminal or job.outcome
        done = [f"{job.id}/{n}" for n, slot in enumerate(job.slots) if over or slot.state not in _IN_FLIGHT]
        next_in_line = await self._predictions.free(_PREDICTIONS, *done) if done else []
        if job.status.terminal:
            next_in_line += await self._jobs(job.origin.user).free(job.origin.user, job.id)
        await self._nudge(next_in_line)

    async def forget(self, job_id: str) -> None:
        """Give back all that a job holds whose record is gone."""
        for places in (self._people, self._keys, self._predictions):
            await self._nudge(await places.forget(job_id))

    def _jobs(self, user: str) -> Places:
        return self._keys if is_api_user(user) else self._people

    async def _nudge(self, holders: list[str]) -> None:
        for holder in holders:
            await self._queue.enqueue(holder.partition("/")[0])
