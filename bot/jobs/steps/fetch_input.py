"""Bring in what the person sent: download, check, store under our own key."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from datetime import datetime

import structlog

from bot.jobs.byte_budget import ByteBudget
from bot.jobs.errors import JobFailedError
from bot.jobs.images import ImageLimits, ImageRefusedError, check_input_image
from bot.jobs.ports import PhotoSource
from bot.jobs.steps.step import Due, Step
from storage import object_keys
from storage.event import Event
from storage.events import InputStored
from storage.job import InputImage, Job, JobStatus, SlotState
from storage.objects import ObjectStore
from storage.slot_events import SlotFailed

_log = structlog.get_logger()


class FetchInput(Step):
    """One part per input. The key is the same on every attempt, so a repeated fetch overwrites."""

    name = "fetch_input"
    done = "input_stored"

    def __init__(
        self, photos: PhotoSource, store: ObjectStore, limits: ImageLimits, budget: ByteBudget, executor: Executor
    ) -> None:
        self._photos, self._store, self._limits = photos, store, limits
        self._budget, self._executor = budget, executor

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Every input that an open slot needs and that has no key yet."""
        if job.status is JobStatus.PROCESSING and not job.outcome and not job.cancel_requested:
            open_slots = [slot for slot in job.slots if slot.state is SlotState.OPEN]
            needed = {index for slot in open_slots for index in job.inputs_of(slot)}
            yield from (Due(index) for index in sorted(needed) if job.inputs[index].key is None)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """A picture that cannot be used fails the slots that need it, each with a sentence that says why."""
        try:
            return [await self._store_checked(job, part, job.inputs[part])]
        except ImageRefusedError as error:
            return _refused(job, part, JobFailedError(error.code.value, error.data), error)
        except JobFailedError as error:
            return _refused(job, part, error, error.__cause__)

    async def _store_checked(self, job: Job, part: int, image: InputImage) -> InputStored:
        self._limits.check_bytes(image.size or 0)
        async with self._budget.reserve(image.size or self._limits.max_bytes):
            body = await self._photos.fetch(image.file_id, max_bytes=self._limits.max_bytes)
            loop = asyncio.get_running_loop()
            checked = await loop.run_in_executor(self._executor, check_input_image, body, self._limits)
            key = object_keys.input_image(job.id, part, checked.extension)
            await self._store.put(key, checked.body, content_type=checked.content_type)
        return InputStored(part, key, checked.content_type, checked.width, checked.height)


def _refused(job: Job, index: int, failure: JobFailedError, cause: BaseException | None) -> Sequence[Event]:
    """The other pictures of an album may be fine."""
    in_need = [part for part, slot in enumerate(job.slots) if index in job.inputs_of(slot)]
    if len(in_need) == len(job.slots):
        raise failure from cause
    _log.warning("input_refused", input=index, code=failure.code, slots=in_need)
    return [SlotFailed(part, failure.code, job.slots[part].state, failure.facts) for part in in_need]
