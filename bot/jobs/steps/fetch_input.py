"""Bring in what the person sent: download, check, store under our own key."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.errors import JobFailedError
from bot.jobs.images import ImageRefusedError
from bot.jobs.input_store import InputStore
from bot.jobs.ports import PictureSource
from bot.jobs.steps.step import Due, Step
from storage.event import Event
from storage.events import InputStored
from storage.job import InputImage, Job, JobStatus


class FetchInput(Step):
    """One part per input. The key is the same on every attempt, so a repeated fetch overwrites."""

    name = "fetch_input"
    done = "input_stored"

    def __init__(self, photos: PictureSource, web: PictureSource, inputs: InputStore) -> None:
        self._photos, self._web, self._inputs = photos, web, inputs

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """Every input that has no key yet."""
        if job.status is JobStatus.PROCESSING and not job.outcome and not job.cancel_requested:
            yield from (Due(index) for index, image in enumerate(job.inputs) if image.key is None)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """A picture that cannot be used ends the job with a sentence that says why."""
        image = job.inputs[part]
        try:
            async with self._inputs.room(image.size):
                stored = await self._inputs.put(job.id, part, await self._fetch(image))
        except ImageRefusedError as error:
            raise JobFailedError(error.code.value, error.data) from error
        checked = stored.image
        return [InputStored(part, stored.key, checked.content_type, checked.width, checked.height)]

    async def _fetch(self, image: InputImage) -> bytes:
        max_bytes = self._inputs.limits.max_bytes
        if image.url is not None:
            return await self._web.fetch(image.url, max_bytes=max_bytes)
        if image.file_id is not None:
            return await self._photos.fetch(image.file_id, max_bytes=max_bytes)
        raise JobFailedError("input_gone")
