"""Create the prediction of a slot. It costs money and cannot be undone, so it is claimed before it is done."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.jobs.callback_reference import CallbackReference
from bot.jobs.errors import JobFailedError, NotDoneError
from bot.jobs.limits.admission import Admission
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.pictures import InputLinks
from bot.jobs.prediction_events import news_of, output_kind, translated
from bot.jobs.steps.step import Due, Step
from bot.jobs.waiting.progress import Progress
from bot.jobs.waiting.run_follower import RunFollower
from bot.jobs.waiting.run_times import RunTimes
from replicate_gateway.errors import GatewayBusyError, GatewayError, PredictionRejectedError
from replicate_gateway.prediction import Prediction
from replicate_gateway.presets import OutputKind, Preset
from replicate_gateway.protocol import PredictionRequest, ReplicateGateway
from storage.errors import StorageError
from storage.event import Event
from storage.input_events import InputPublished
from storage.job import LONGEST_POSTPONEMENT, Claim, InputImage, Job, JobStatus, SlotState
from storage.lifecycle_events import StepPostponed, StepResumed
from storage.records import TaskRecord
from storage.repository import JobRepository
from storage.slot_events import CreateClaimed, CreateReleased

# A freed place nudges the next in line at once; this only bounds the wait should such a nudge be lost.
ASK_AGAIN_S = 30.0
# A claim that is older is not acted on: whoever stood still for so long may have lost the job to another process. The
# write of the claim lies in between, and takes half a minute at most.
START_WITHIN = timedelta(seconds=30)
# What `find_orphan` is to know: the claimed call is over, and only its answer is missing.
CALL_OVER = "create_unanswered"
SETTLED_BY = "find_orphan"
_MIN_CANCEL_AFTER_S = 5  # the least that Replicate takes
# An answer that was held back for the result may carry it, as a data URL: worth it for small pictures only.
_MAX_WAITED_PIXELS = 2_000_000
# Each holds a connection to Replicate and a worker of ours.
_MAX_WAITS = 16
_EVENTS = ("start", "output", "logs", "completed")  # all there are
_END_ONLY = ("completed",)

_log = structlog.get_logger()


class Create(Step):
    """One part per slot. The callback's URL names job and slot, so that an orphan finds its way home."""

    name = "create"
    done = "prediction_created"
    by_slot = True

    def __init__(
        self,
        gateway: ReplicateGateway,
        presets: Mapping[str, Preset],
        links: InputLinks,
        callbacks: CallbackReference | None,
        admission: Admission,
        pace: PollPace,
        progress: Progress,
        follower: RunFollower,
        run_times: RunTimes,
        repository: JobRepository,
        clock: Clock,
    ) -> None:
        self._gateway, self._presets, self._links, self._callbacks = gateway, presets, links, callbacks
        self._admission, self._pace, self._progress, self._follower = admission, pace, progress, follower
        self._run_times, self._repository, self._clock = run_times, repository, clock
        self._busy_until = clock.now()
        self._waits = 0

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Every open slot whose inputs are stored."""
        if job.status is JobStatus.PROCESSING and not job.outcome and not job.cancel_requested:
            for part, slot in enumerate(job.slots):
                if slot.state is SlotState.OPEN and all(job.inputs[index].key for index in job.inputs_of(slot)):
                    yield Due(part)

    async def prepare(self, job: Job, part: int) -> Sequence[Event]:
        """Take one of the places for predictions in flight, and bring the inputs where Replicate can read them.

        Nobody knocks while Replicate has said to wait, nor for what cannot be asked for: the offer may have changed.
        """
        self._input(job, part, ["" for _ in _images(job, part)])
        wait_s = (self._busy_until - self._clock.now()).total_seconds()
        if 0 < wait_s <= LONGEST_POSTPONEMENT.total_seconds():  # else the clock was set back
            raise NotDoneError("replicate_busy", retry_after_s=wait_s)
        if not await self._admission.admit_prediction(job, part):
            self._progress.stand_in_line(job, await self._admission.place_among_all(job, part))
            raise NotDoneError("replicate_full", retry_after_s=ASK_AGAIN_S)
        self._progress.stand_in_line(job, None)
        try:
            indices = job.inputs_of(job.slots[part])
            links = [await self._links.publish(job.inputs[index]) for index in indices]
        except GatewayError as error:
            raise translated(error) from error
        published = [InputPublished(index, link) for index, link in zip(indices, links, strict=True) if link]
        # How long was waited for the prediction of an earlier claim tells nothing about that of the next one.
        waited = [StepResumed(SETTLED_BY, part)] if job.postponement(SETTLED_BY, part) else []
        return [*published, *waited]

    def claim(self, job: Job, part: int, claim: Claim) -> Event:
        """From here on a prediction may exist that nobody knows of."""
        return CreateClaimed(part, claim)

    def release(self, part: int, claim: Claim) -> Event:
        """Replicate said no, or was never reached."""
        return CreateReleased(part, claim)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """One POST, never repeated here: only the record may say whether another one is safe."""
        request = await self._request(job, part)
        claim = job.slots[part].claim
        if claim is None or self._clock.now() - claim.at > START_WITHIN:
            raise NotDoneError("claim_too_old")
        self._waits += request.wait_s is not None
        try:
            prediction = await self._gateway.create(request)
        except GatewayError as error:
            if isinstance(error, GatewayBusyError):
                self._busy_until = self._clock.now() + min(timedelta(seconds=error.retry_after_s), LONGEST_POSTPONEMENT)
            raise translated(error) from error
        finally:
            self._waits -= request.wait_s is not None
        if request.webhook_events == _END_ONLY:
            self._pace.expect_no_news(prediction.id)
        if prediction.output is not None and not prediction.status.terminal:
            # All outputs exist, but the end of the run, and where they can be had, is told by another look only.
            self._pace.hurry(prediction.id)
        self._follower.take_in(job, part, prediction)
        return self.news(job, prediction, part)

    async def recorded(self, job: Job, part: int) -> None:
        """Tell the others, and write the task record: an index, the job's own record knows the prediction in any case.

        Only a callback that has lost its query needs it, and then the next poll makes up for it.
        """
        prediction_id = job.slots[part].prediction_id
        if prediction_id is None:  # it has ended meanwhile, and is not the slot's any more
            return
        await self._follower.tell(job.id, part)
        task = TaskRecord(prediction_id, job.id, part, job.origin.chat_id, self._clock.now())
        try:
            await self._repository.put_task(task)
        except StorageError as error:
            _log.warning("task_record_missing", prediction_id=prediction_id, error=str(error))

    def unanswered(self, part: int, now: datetime) -> Sequence[Event]:
        """The call is over: nobody, wherever they are, has to wait for it any more, but for what it may have made."""
        return [StepPostponed(SETTLED_BY, part, now, CALL_OVER)]

    def news(self, job: Job, prediction: Prediction, part: int) -> Sequence[Event]:
        """What this prediction means for its slot."""
        return news_of(prediction, part, self._clock.now(), output_kind(job, self._presets))

    async def traces(self, job: Job, part: int) -> Sequence[str]:
        """What the input of every prediction of this slot has in it; the same at every call."""
        return [await self._links.trace(image) for image in _images(job, part)]

    def is_ours(self, prediction: Prediction, job: Job, part: int, traces: Sequence[str]) -> bool:
        """Whether this prediction is one that the slot's create call made: our input, our seed, nobody else's."""
        if any(slot.prediction_id == prediction.id for slot in job.slots):
            return False
        if self._callbacks and prediction.webhook:
            return prediction.webhook == self._callbacks.url(job.id, part)
        seed, preset = job.slots[part].seed, self._presets.get(job.preset)
        field = preset.seed_field if preset else None
        if field and seed is not None and prediction.input.get(field) != seed:
            return False
        sent = json.dumps(prediction.input)
        return all(trace in sent for trace in traces)

    async def _request(self, job: Job, part: int) -> PredictionRequest:
        links = [image.link or await self._links.link(image) for image in _images(job, part)]
        preset = self._preset(job)
        return PredictionRequest(
            model=preset.model,
            input=self._input(job, part, links),
            webhook=self._callbacks.url(job.id, part) if self._callbacks else None,
            # Two or three callbacks for a run that is over before its progress is shown cost more than the run's end.
            webhook_events=_END_ONLY if self._run_times.over_at_once(job.preset) else _EVENTS,
            # Whatever becomes of us, nothing runs on long after the person was told that it took too long.
            cancel_after_s=max(_MIN_CANCEL_AFTER_S, math.ceil((job.deadline - self._clock.now()).total_seconds())),
            wait_s=self._wait_s(preset, job, part),
        )

    def _input(self, job: Job, part: int, links: Sequence[str]) -> Mapping[str, Any]:
        """The model's input; `JobFailedError` where the preset is not what it was when it was asked for."""
        preset = self._preset(job)
        if job.slots[part].writes and preset.output_kind is not OutputKind.TEXT:
            raise JobFailedError("preset_changed")
        try:
            return preset.build_input(images=links, prompt=job.prompt or None, seed=job.slots[part].seed)
        except PredictionRejectedError as error:
            raise JobFailedError("preset_changed") from error

    def _preset(self, job: Job) -> Preset:
        preset = self._presets.get(job.preset)
        if preset is None:
            raise JobFailedError("preset_gone")
        return preset

    def _wait_s(self, preset: Preset, job: Job, part: int) -> int | None:
        """Where nobody calls back, a fast model's answer is worth waiting for: it saves polls, and comes at once."""
        small = all((image.width or 0) * (image.height or 0) <= _MAX_WAITED_PIXELS for image in _images(job, part))
        return preset.wait_s if self._callbacks is None and small and self._waits < _MAX_WAITS else None


def _images(job: Job, part: int) -> Sequence[InputImage]:
    """The pictures that a slot works on."""
    return [job.inputs[index] for index in job.inputs_of(job.slots[part])]
