"""What a front end may ask: how its jobs stand, which there are, whether there is room for another one.

Whoever looks every few seconds costs no storage: the repository remembers the records that this process has seen.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

import structlog

from bot.jobs.errors import NoSuchJobError
from bot.jobs.limits.admission import Admission
from bot.jobs.limits.quota import DailyQuota
from bot.jobs.ports.queue import JobQueue
from bot.jobs.sweep import Sweep
from storage.errors import ObjectNotFoundError, RecordCorruptError, RecordTooNewError
from storage.job import Job, JobStatus
from storage.object_keys import is_job_id, job_id_of_cursor, listed
from storage.repository import JobRepository

# Of other processes' work a poller hears this much later at most.
_LOOK_AGAIN_S = 1.0
_REMEMBERED_LOOKS = 10_000
# Of the open jobs, oldest first, so many are looked at for one that is pending: the others were nudged in any case.
_LOOKED_AT = 200
# Some job of the user ends, on the whole, in about so many seconds.
_FULL_AGAIN_S = 5

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NoRoom:
    """Why there may not be another job now: `too_many_active` or `daily_quota`, at most `limit` of them."""

    code: str
    limit: int
    retry_after_s: int


class TaskBoard:
    """Reads only, but for `trigger`. All methods raise `StorageError`."""

    def __init__(
        self,
        repository: JobRepository,
        queue: JobQueue,
        admission: Admission,
        quota: DailyQuota,
        sweep: Sweep,
        *,
        single_process: bool,
        max_active: int,
    ) -> None:
        self._repository, self._queue, self._admission, self._quota = repository, queue, admission, quota
        self._sweep, self._single_process, self._max_active = sweep, single_process, max_active
        self._looked: OrderedDict[str, float] = OrderedDict()

    async def find(self, job_id: str, user: str) -> Job:
        """The job as it is now.

        Raises:
            NoSuchJobError: this user has no such job.
        """
        if not is_job_id(job_id):
            raise NoSuchJobError(job_id)
        try:
            job = self._repository.last_seen(job_id)
            if job is None or not (self._single_process or job.status.terminal or self._looked_lately(job_id)):
                job = await self._repository.load(job_id)
        except ObjectNotFoundError as error:
            raise NoSuchJobError(job_id) from error
        if job.origin.user != user:
            raise NoSuchJobError(job_id)
        return job

    async def page(self, user: str, *, limit: int, after: str = "") -> tuple[list[Job], str | None]:
        """At most `limit` of an API key's jobs, newest first, and what to give as `after` for the next page."""
        rows = await self._repository.listed(user, limit=limit + 1, after=after)
        found = await asyncio.gather(*(self._readable(row, user) for row in rows[:limit]))
        return [job for job in found if job], rows[limit - 1] if len(rows) > limit else None

    async def no_room(self, user: str) -> NoRoom | None:
        """Why this API key may not start another job now, or None. May raise `EngineUnavailableError`."""
        active = len(await self._admission.open_jobs_of(user))
        if active >= self._max_active:
            return NoRoom("too_many_active", self._max_active, _FULL_AGAIN_S)
        refusal = await self._quota.refusal(user, active=active)
        return NoRoom("daily_quota", refusal.limit, refusal.wait_s) if refusal else None

    async def trigger(self) -> Job | None:
        """Have the oldest pending job advanced now, and every job that was forgotten; returns the former."""
        await self._sweep.once()
        markers = [marker async for marker in self._repository.open_jobs()]
        for marker in sorted(markers, key=lambda marker: marker.marked_at)[:_LOOKED_AT]:
            job = await self._recorded(marker.job_id)
            if job and job.status is JobStatus.PENDING:
                await self._queue.enqueue(job.id)
                return job
        return None

    def _looked_lately(self, job_id: str) -> bool:
        """Whether the record itself was looked at a moment ago; if not, it is going to be."""
        now = asyncio.get_running_loop().time()
        if now - self._looked.get(job_id, -_LOOK_AGAIN_S) < _LOOK_AGAIN_S:
            return True
        self._looked[job_id] = now
        self._looked.move_to_end(job_id)
        if len(self._looked) > _REMEMBERED_LOOKS:
            self._looked.popitem(last=False)
        return False

    async def _readable(self, row: str, user: str) -> Job | None:
        """The job of a row, unless that was written for one that was never recorded, or not then."""
        job_id = job_id_of_cursor(row)
        job = await self._recorded(job_id) if job_id else None
        return job if job and listed(user, job.created_at, job.id).endswith(f"/{row}") else None

    async def _recorded(self, job_id: str) -> Job | None:
        try:
            return await self._repository.find(job_id)
        except (RecordCorruptError, RecordTooNewError) as error:
            _log.warning("job_left_out", job_id=job_id, error=str(error))
            return None
