"""The same job on smaller pictures: what helps when a model has run out of memory."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import replace
from io import SEEK_END
from typing import BinaryIO

from bot.jobs.errors import NoSuchResultError, TooSmallToShrinkError
from bot.jobs.images import ImageLimits, ImageRefusedError
from bot.jobs.images.outputs import read_header
from bot.jobs.images.preview import preview_jpeg
from bot.jobs.results.result_service import ResultService, Trigger, remade_id
from bot.jobs.service import JobService
from storage import object_keys
from storage.job import InputImage, Job
from storage.objects import ObjectStore

MAX_SIDE = 2048
# A photo of Telegram's has 1280 pixels, so it can be halved twice. A model that has no room for that has none for any.
MIN_LONG_SIDE = 320


class SmallerAgain:
    """Shrinks what was sent, stores it, and asks for the same once more.

    Each picture gets half as many pixels along its sides as it had, and no side above `MAX_SIDE`; one that would fall
    below `MIN_LONG_SIDE` stays as it is.
    """

    def __init__(self, jobs: JobService, results: ResultService, store: ObjectStore, executor: Executor) -> None:
        self._jobs, self._results, self._store, self._executor = jobs, results, store, executor

    async def again(self, job_id: str, user: str, trigger: Trigger) -> str:
        """Returns the new job's id; the same for the same trigger.

        Raises:
            NoSuchJobError: this person has no such job.
            NoSuchResultError: its pictures are no longer kept.
            TooSmallToShrinkError: none of them can be made smaller: the same would be paid for once more.
        """
        job = await self._jobs.job(job_id, user)
        new_id = remade_id(job, "smaller", trigger)
        keys = [image.key for image in job.inputs if image.key]
        async with self._results.opened(job, keys) as contents:
            if len(keys) < len(job.inputs) or set(keys) - contents.keys():
                raise NoSuchResultError(job.id, 1)
            inputs = [await self._smaller(job, new_id, index, contents) for index in range(len(job.inputs))]
        if all(image.key == before.key for image, before in zip(inputs, job.inputs, strict=True)):
            raise TooSmallToShrinkError(job.id, MIN_LONG_SIDE)
        return await self._results.remake(job, "smaller", trigger, inputs)

    async def _smaller(self, job: Job, new_id: str, index: int, contents: Mapping[str, BinaryIO]) -> InputImage:
        image = job.inputs[index]
        loop = asyncio.get_running_loop()
        try:
            body = await loop.run_in_executor(self._executor, _halved, contents[image.key or ""])
        except ImageRefusedError as error:
            raise NoSuchResultError(job.id, index) from error
        if body is None:
            return replace(image, link=None)  # links do not live long
        small = object_keys.input_image(new_id, index, "jpg")
        await self._store.put(small, body, content_type="image/jpeg")
        return InputImage("", size=len(body), key=small, content_type="image/jpeg")


def _halved(source: BinaryIO) -> bytes | None:
    """A JPEG of half the sides; None where there would be too little left of it."""
    _, *sides = read_header(source, source.seek(0, SEEK_END))
    short, long = sorted(sides)
    side = min(MAX_SIDE, long // 2)
    if side < MIN_LONG_SIDE or short * side // long < ImageLimits().min_side:
        return None
    return preview_jpeg(source, max_side=side)
