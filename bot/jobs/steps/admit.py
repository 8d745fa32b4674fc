"""Find a place for a new job within its person's limits."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.jobs.errors import NotDoneError
from bot.jobs.limits.admission import Admission
from bot.jobs.limits.quota import DailyQuota, QuotaRefusal
from bot.jobs.planning import MAX_SLOTS
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.people import People
from bot.jobs.steps.step import Due, Step
from bot.jobs.waiting.progress import Progress
from storage.errors import ObjectNotFoundError, RecordCorruptError, RecordTooNewError
from storage.event import Event
from storage.job import Job, JobStatus
from storage.lifecycle_events import Admitted, OutcomeDecided, PauseEnded
from storage.repository import JobRepository

# A freed place nudges the next in line at once; this only bounds the wait should such a nudge be lost.
ASK_AGAIN_S = 30.0
_PAUSED = "paused"


class Admit(Step):
    """Pending jobs only: they wait beyond `USER_MAX_ACTIVE_JOBS`, and are refused beyond `USER_DAILY_JOBS` images."""

    name = "admit"
    done = "job_admitted"

    def __init__(
        self,
        admission: Admission,
        quota: DailyQuota,
        people: People,
        progress: Progress,
        repository: JobRepository,
        clock: Clock,
        job_timeout: timedelta,
    ) -> None:
        self._admission, self._quota, self._people, self._progress = admission, quota, people, progress
        self._repository, self._clock, self._timeout = repository, clock, job_timeout

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """It is settled what is to be made, and nobody has looked at the limits yet."""
        if job.status is JobStatus.PENDING and job.slots and not job.outcome and not job.cancel_requested:
            yield Due()

    async def prepare(self, job: Job, part: int) -> Sequence[Event]:
        """The time of a pause does not count for the job's age."""
        if not paused(job) or (await self._people.limits_for(job.origin.user)).paused:
            return ()
        return [PauseEnded(self._clock.now() + self._timeout)]

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Take a place, then look at the day's quota: in this order two jobs cannot share the last of the day."""
        user = job.origin.user
        own = await self._people.limits_for(user)
        if own.paused:
            await self._admission.admit_job(job, limit=0)  # in line with the others it is found when it is called off
            raise NotDoneError(_PAUSED, retry_after_s=ASK_AGAIN_S)
        if not await self._admission.admit_job(job, own.active):
            self._progress.stand_in_line(job, await self._admission.place_among_own(job))
            raise NotDoneError("user_busy", retry_after_s=ASK_AGAIN_S)
        self._progress.stand_in_line(job, None)
        refusal = await self._refusal(job, own.daily)
        if refusal is None:
            return [Admitted()]
        facts: dict[str, str | int | float] = {"limit": refusal.limit, "wait_s": refusal.wait_s}
        if refusal.left:
            facts |= {"left": refusal.left, "wanted": len(job.slots)}
            return [OutcomeDecided(JobStatus.FAILED, refusal.at, "daily_quota_left", facts)]
        return [OutcomeDecided(JobStatus.FAILED, refusal.at, "daily_quota", facts)]

    async def _refusal(self, job: Job, limit: int | None) -> QuotaRefusal | None:
        """The person's other jobs are looked at only where it may depend on how many images they are going to bring."""
        user, images = job.origin.user, len(job.slots)
        others = await self._admission.jobs_of(user) - 1
        at_most = await self._quota.refusal(user, active=others * MAX_SLOTS, images=images, limit=limit)
        if not at_most or not others:
            return at_most
        under_way = await self._under_way_beside(job)
        return await self._quota.refusal(user, active=under_way, images=images, limit=limit)

    async def _under_way_beside(self, job: Job) -> int:
        """How many images the person's other jobs may still bring; those in line have no claim yet."""
        images = 0
        for job_id in await self._admission.open_jobs_of(job.origin.user):
            try:
                other = await self._repository.load(job_id)
            except (ObjectNotFoundError, RecordCorruptError, RecordTooNewError):
                continue
            fruitless = other.outcome is not None and other.outcome.status is not JobStatus.COMPLETED
            if other.id == job.id or fruitless or await self._admission.place_among_own(other) is not None:
                continue
            images += len(other.slots)
        return images


def paused(job: Job) -> bool:
    """Whether the job waits for the end of a pause, as far as it has been told."""
    waits = job.postponement(Admit.name, 0)
    return job.status is JobStatus.PENDING and waits is not None and waits.code == _PAUSED
