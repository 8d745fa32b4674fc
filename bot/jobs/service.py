"""What the doors call. Each call returns once the fact is durable; the work follows through the queue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

import structlog
from structlog.contextvars import bind_contextvars

from bot.jobs.admission import Admission
from bot.jobs.background import Background
from bot.jobs.callback_reference import JobReference
from bot.jobs.errors import NoSuchJobError
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports import Clock, JobQueue
from bot.jobs.replicate_news import news_of
from bot.jobs.run_follower import RunFollower
from replicate_gateway.errors import GatewayError
from replicate_gateway.prediction import Prediction
from replicate_gateway.protocol import ReplicateGateway
from storage.errors import ObjectNotFoundError
from storage.events import CancelRequested, OutcomeDecided
from storage.job import InputImage, Job, JobStatus, Origin, Slot, SlotState
from storage.object_keys import is_job_id
from storage.repository import JobRepository

_MAX_SEED = 2**31 - 1

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Submission:
    """What a person asks for, as a door understood it. The same delivery must always give the same `job_id`."""

    job_id: str
    origin: Origin
    preset: str
    inputs: tuple[InputImage, ...]
    prompt: str = ""
    seeds: tuple[int | None, ...] = (None,)

    def with_inputs(self, inputs: Sequence[InputImage]) -> "Submission":
        """The same with other inputs."""
        return replace(self, inputs=tuple(inputs))

    def same_as(self, job: Job) -> bool:
        """Whether the recorded job is what is asked for here: a repeated request must not pass for another one."""
        recorded = (job.preset, job.prompt, job.origin.on_behalf_of, tuple(slot.seed for slot in job.slots))
        asked = (self.preset, self.prompt, self.origin.on_behalf_of, self.seeds)
        return asked == recorded and [*map(_source, self.inputs)] == [*map(_source, job.inputs)]


def seeds_of(job_id: str, count: int) -> tuple[int, ...]:
    """Seeds that follow from the job, so that a redelivered request asks for the very same images."""
    first = int(job_id[:8], 16)
    return tuple((first + number) % _MAX_SEED for number in range(count))


def _source(image: InputImage) -> str | None:
    """What tells a picture from others: a URL, a file id, or the key of an upload, which holds a digest of it."""
    return image.url or image.file_id or (image.key or "").partition(".")[0]


class CallbackResult(StrEnum):
    """What became of a callback; each of them is answered with 200."""

    RECORDED = "recorded"
    PROGRESS = "progress"  # nothing that a record keeps; the person may see it
    REPEATED = "repeated"  # it brought nothing new
    SUPERSEDED = "superseded"  # of a prediction that the job no longer waits for
    UNKNOWN = "unknown"  # of a prediction that no job of ours made


class JobService:
    """The use cases behind the doors.

    All methods raise `StorageUnavailableError` when the fact cannot be recorded now; the sender should try again.
    """

    def __init__(
        self,
        repository: JobRepository,
        queue: JobQueue,
        admission: Admission,
        gateway: ReplicateGateway,
        background: Background,
        pace: PollPace,
        follower: RunFollower,
        clock: Clock,
        *,
        job_timeout_s: float,
    ) -> None:
        self._repository, self._queue, self._admission, self._gateway = repository, queue, admission, gateway
        self._background, self._pace, self._follower, self._clock = background, pace, follower, clock
        self._timeout = timedelta(seconds=job_timeout_s)

    async def submit(self, submission: Submission) -> bool:
        """Record a job and have it advanced; False when it was recorded before, whether finished or not."""
        now = self._clock.now()
        job = Job(
            id=submission.job_id,
            origin=submission.origin,
            preset=submission.preset,
            prompt=submission.prompt,
            inputs=submission.inputs,
            slots=tuple(Slot(seed=seed) for seed in submission.seeds),
            created_at=now,
            updated_at=now,
            deadline=now + self._timeout,
        )
        bind_contextvars(job_id=job.id)
        if job.origin.chat_id is None:
            # Nobody is going to be told, so its owner must be able to find it, from the moment it is recorded.
            await self._repository.put_listed(job)
        created = await self._repository.create(job)
        _log.info("job_recorded" if created else "job_repeated", preset=job.preset, user=job.origin.user)
        await self._queue.enqueue(job.id)
        return created

    async def renew(self, job: Job) -> None:
        """The request for a recorded job came again: the first one may have failed before the job was marked open."""
        if not job.status.terminal:
            await self._repository.mark_open(job.id)
            await self._queue.enqueue(job.id)

    async def record_callback(self, reference: JobReference | None, prediction: Prediction) -> CallbackResult:
        """Record what Replicate says of a prediction, and have its job advanced if that was news.

        Mere progress of a prediction that this process follows is not recorded.
        """
        if reference and await self._follower.hear(reference.job_id, reference.slot, prediction):
            bind_contextvars(job_id=reference.job_id)
            return CallbackResult.PROGRESS
        reference = reference or await self._look_up(prediction.id)
        job = await self._find(reference) if reference else None
        if reference is None or job is None or reference.slot >= len(job.slots):
            return CallbackResult.UNKNOWN
        if job.status is JobStatus.PENDING:  # it has asked Replicate for nothing yet
            return CallbackResult.UNKNOWN
        bind_contextvars(job_id=job.id, chat_id=job.origin.chat_id)
        now = self._clock.now()
        changed = await self._repository.change(job.id, news_of(prediction, reference.slot, now), now)
        slot = changed.slots[reference.slot]
        if slot.prediction_id == prediction.id and (slot.state is SlotState.RUNNING or prediction.status.terminal):
            await self._follower.confirm(changed, reference.slot, prediction)
        if changed != job:
            await self._queue.enqueue(job.id)
            return CallbackResult.RECORDED
        unwanted = changed.outcome is not None and slot.state is SlotState.RUNNING
        if slot.prediction_id != prediction.id or unwanted:
            if not prediction.status.terminal:
                self._background.spawn(self._stop(prediction.id), name=f"stop {prediction.id}")
            return CallbackResult.SUPERSEDED
        # Its first delivery may have been recorded although we could not say so; then nobody was nudged.
        if prediction.status.terminal and not changed.status.terminal:
            await self._queue.enqueue(job.id)
        return CallbackResult.REPEATED

    async def ask(self, reference: JobReference) -> None:
        """Have Replicate asked how the slot's prediction stands: its callback was too large to be read."""
        job = await self._find(reference)
        prediction_id = job.slots[reference.slot].prediction_id if job and reference.slot < len(job.slots) else None
        if job and prediction_id and not job.status.terminal:
            self._pace.hurry(prediction_id, spaced=True)
            await self._queue.enqueue(job.id)

    async def cancel(self, job_id: str, user: str) -> Job:
        """Note that the person wants the job to stop; returns the job as it is then.

        Raises:
            NoSuchJobError: this person has no such job.
        """
        job = await self._find(JobReference(job_id, 0)) if is_job_id(job_id) else None
        if job is None or job.origin.user != user:
            raise NoSuchJobError(job_id)
        job = await self._repository.change(job_id, [CancelRequested()], self._clock.now())
        await self._queue.enqueue(job_id)
        return job

    async def leave(self, user: str, chat_id: int) -> int:
        """The person left the chat: nobody waits for its jobs any more; returns how many are being stopped."""
        stopped = 0
        for job_id in await self._admission.open_jobs_of(user):
            job = await self._find(JobReference(job_id, 0))
            if job is None or job.origin.chat_id != chat_id:
                continue
            now = self._clock.now()
            await self._repository.change(job_id, [OutcomeDecided(JobStatus.CANCELED, now, "chat_gone")], now)
            await self._queue.enqueue(job_id)
            stopped += 1
        return stopped

    async def _look_up(self, prediction_id: str) -> JobReference | None:
        task = await self._repository.find_task(prediction_id)
        return JobReference(task.job_id, task.slot) if task else None

    async def _find(self, reference: JobReference) -> Job | None:
        try:
            return await self._repository.load(reference.job_id)
        except ObjectNotFoundError:
            return None

    async def _stop(self, prediction_id: str) -> None:
        """Nobody waits for it, and it costs money; if it cannot be stopped it ends unread."""
        try:
            await self._gateway.cancel(prediction_id)
        except GatewayError as error:
            _log.warning("superseded_not_stopped", prediction_id=prediction_id, error=str(error))
