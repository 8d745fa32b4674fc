"""What Replicate says of a prediction becomes a fact of its job. A call returns once that is durable."""

from collections.abc import Mapping
from enum import StrEnum

import structlog
from structlog.contextvars import bind_contextvars

from bot.jobs.background import Background
from bot.jobs.callback_reference import JobReference
from bot.jobs.origin_search import OriginSearch
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.queue import JobQueue
from bot.jobs.prediction_events import news_of, output_kind
from bot.jobs.run_words import note_failures
from bot.jobs.waiting.run_follower import RunFollower
from replicate_gateway.errors import GatewayError
from replicate_gateway.prediction import Prediction
from replicate_gateway.presets import Preset
from replicate_gateway.protocol import ReplicateGateway
from storage.errors import ObjectNotFoundError
from storage.job import JobStatus, SlotState
from storage.repository import JobRepository

_log = structlog.get_logger()


class CallbackResult(StrEnum):
    """What became of a callback; each of them is answered with 200."""

    RECORDED = "recorded"
    STARTED = "started"  # the first that is heard here of a run under way; no record keeps it
    PROGRESS = "progress"  # nothing that a record keeps; the person may see it
    REPEATED = "repeated"  # it brought nothing new
    SUPERSEDED = "superseded"  # of a prediction that the job no longer waits for
    UNKNOWN = "unknown"  # of a prediction that no job of ours made


class CallbackRecorder:
    """The use cases behind Replicate's door.

    All methods raise `StorageUnavailableError` when the fact cannot be recorded now; the sender should try again.
    """

    def __init__(
        self,
        repository: JobRepository,
        queue: JobQueue,
        presets: Mapping[str, Preset],
        gateway: ReplicateGateway,
        background: Background,
        follower: RunFollower,
        origins: OriginSearch,
        clock: Clock,
    ) -> None:
        self._repository, self._queue, self._presets, self._gateway = repository, queue, presets, gateway
        self._background, self._follower = background, follower
        self._origins, self._clock = origins, clock

    async def record(self, reference: JobReference | None, prediction: Prediction) -> CallbackResult:
        """Record what Replicate says of a prediction, and have its job advanced if that was news.

        Mere progress of a prediction that this process follows is not recorded.
        """
        if reference and await self._follower.hear(reference.job_id, reference.slot, prediction):
            bind_contextvars(job_id=reference.job_id)
            return CallbackResult.PROGRESS
        reference = reference or await self._look_up(prediction)
        job = await self._repository.find(reference.job_id) if reference else None
        if reference is None or job is None or reference.slot >= len(job.slots):
            return CallbackResult.UNKNOWN
        if job.status is JobStatus.PENDING:  # it has asked Replicate for nothing yet
            return CallbackResult.UNKNOWN
        bind_contextvars(job_id=job.id, chat_id=job.origin.chat_id, update_id=job.origin.update_id)
        now = self._clock.now()
        news = news_of(prediction, reference.slot, now, output_kind(job, self._presets))
        try:
            changed = await self._repository.change(job.id, news, now)
        except ObjectNotFoundError:  # everything of its person's was deleted in this moment
            return CallbackResult.UNKNOWN
        slot, started = changed.slots[reference.slot], False
        runs = slot.state is SlotState.RUNNING and not changed.status.terminal
        if slot.prediction_id == prediction.id and (runs or prediction.status.terminal):
            started = await self._follower.confirm(changed, reference.slot, prediction)
        if changed != job:
            note_failures(job, news)
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
        return CallbackResult.STARTED if started else CallbackResult.REPEATED

    async def ask(self, reference: JobReference) -> None:
        """Have Replicate asked how the slot's prediction stands: its callback was too large to be read."""
        job = await self._repository.find(reference.job_id)
        prediction_id = job.slots[reference.slot].prediction_id if job and reference.slot < len(job.slots) else None
        if job and prediction_id and not job.status.terminal:
            await self._follower.ask(job.id, prediction_id, spaced=True)

    async def _look_up(self, prediction: Prediction) -> JobReference | None:
        task = await self._repository.find_task(prediction.id)
        return JobReference(task.job_id, task.slot) if task else await self._origins.slot_of(prediction)

    async def _stop(self, prediction_id: str) -> None:
        """Nobody waits for it, and it costs money; if it cannot be stopped it ends unread."""
        try:
            await self._gateway.cancel(prediction_id)
        except GatewayError as error:
            _log.warning("superseded_not_stopped", prediction_id=prediction_id, error=str(error))
