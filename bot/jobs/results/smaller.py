"""The same job on smaller pictures: what helps when a model has run out of memory."""

import asyncio
from concurrent.futures import Executor
from dataclasses import replace

from bot.jobs.errors import NoSuchResultError
from bot.jobs.images import ImageRefusedError
from bot.jobs.images.preview import preview_jpeg
from bot.jobs.results.result_service import ResultService, Trigger
from bot.jobs.service import JobService
from bot.jobs.submission import Submission
from storage import object_keys
from storage.job import InputImage, Job
from storage.object_keys import job_id_of
from storage.objects import ObjectStore

MAX_SIDE = 2048


class SmallerAgain:
    """Shrinks what was sent, stores it, and asks for the same once more."""

    def __init__(self, jobs: JobService, results: ResultService, store: ObjectStore, executor: Executor) -> None:
        self._jobs, self._results, self._store, self._executor = jobs, results, store, executor

    async def again(self, job_id: str, user: str, trigger: Trigger) -> str:
        """Returns the new job's id; the same for the same trigger.

        Raises:
            NoSuchJobError: this person has no such job.
            NoSuchResultError: its pictures are no longer kept.
        """
        job = await self._jobs.job(job_id, user)
        new_id = job_id_of(job.id, "smaller", trigger.ident)
        inputs = [await self._smaller(job, new_id, index) for index in range(len(job.inputs))]
        origin = replace(job.origin, locale=trigger.locale, update_id=trigger.update_id)
        wishes = replace(job.wishes, ask=(), started=True)
        asked = Submission(new_id, origin, job.preset, tuple(inputs), prompt=job.prompt, wishes=wishes, chosen=True)
        await self._jobs.submit(asked)
        return new_id

    async def _smaller(self, job: Job, new_id: str, index: int) -> InputImage:
        key = job.inputs[index].key
        if key is None:
            raise NoSuchResultError(job.id, index)
        async with self._results.opened(job, [key]) as contents:
            if key not in contents:
                raise NoSuchResultError(job.id, index)
            loop = asyncio.get_running_loop()
            try:
                body = await loop.run_in_executor(
                    self._executor, lambda: preview_jpeg(contents[key], max_side=MAX_SIDE)
                )
            except ImageRefusedError as error:
                raise NoSuchResultError(job.id, index) from error
        small = object_keys.input_image(new_id, index, "jpg")
        await self._store.put(small, body, content_type="image/jpeg")
        return InputImage("", size=len(body), key=small, content_type="image/jpeg")
