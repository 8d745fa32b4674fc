"""Bring in what the person sent: download, check, store under our own key."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import BinaryIO

import structlog

from bot.jobs.errors import JobFailedError
from bot.jobs.images import ImageRefusedError
from bot.jobs.input_store import InputStore
from bot.jobs.ports.pictures import PictureSource
from bot.jobs.results.artifacts import new_spool
from bot.jobs.steps.step import Due, Step
from storage.event import Event
from storage.input_events import InputStored
from storage.job import InputImage, Job, JobStatus, SlotState
from storage.slot_events import SlotFailed

_log = structlog.get_logger()


class FetchInput(Step):
    """One part per input. The key is the same on every attempt, so a repeated fetch overwrites."""

    name = "fetch_input"
    done = "input_stored"
    by_input = True

    def __init__(self, photos: PictureSource, web: PictureSource, inputs: InputStore) -> None:
        self._photos, self._web, self._inputs = photos, web, inputs

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Every input that an open slot needs and that has no key yet."""
        if job.status is JobStatus.PROCESSING and not job.outcome and not job.cancel_requested:
            open_slots = [slot for slot in job.slots if slot.state is SlotState.OPEN]
            needed = {index for slot in open_slots for index in job.inputs_of(slot)}
            yield from (Due(index) for index in sorted(needed) if job.inputs[index].key is None)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """A picture that cannot be used fails the slots that need it, each with a sentence that says why."""
        try:
            return [await self._stored(job, part, job.inputs[part])]
        except ImageRefusedError as error:
            return _refused(job, part, JobFailedError(error.code.value, error.data), error)
        except JobFailedError as error:
            return _refused(job, part, error, error.__cause__)

    async def _stored(self, job: Job, part: int, image: InputImage) -> InputStored:
        self._inputs.limits.check_bytes(image.size or 0)
        with new_spool() as spool:
            size = await self._fetch(image, spool)
            stored = await self._inputs.put(job.id, part, spool, size)
        return InputStored(part, stored.key, stored.content_type, stored.width, stored.height)

    async def _fetch(self, image: InputImage, into: BinaryIO) -> int:
        max_bytes = self._inputs.limits.max_bytes
        if image.url is not None:
            return await self._web.fetch(image.url, into, max_bytes=max_bytes)
        if image.file_id is not None:
            return await self._photos.fetch(image.file_id, into, max_bytes=max_bytes)
        raise JobFailedError("input_gone")


def _refused(job: Job, index: int, failure: JobFailedError, cause: BaseException | None) -> Sequence[Event]:
    """The other pictures of an album may be fine."""
    in_need = [part for part, slot in enumerate(job.slots) if index in job.inputs_of(slot)]
    if len(in_need) == len(job.slots):
        raise failure from cause
    _log.warning("input_refused", input=index, code=failure.code, slots=in_need)
    return [SlotFailed(part, failure.code, job.slots[part].state, failure.facts) for part in in_need]
