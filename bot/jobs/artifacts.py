"""Results on their way through this process: fetched once, stored, and handed on without reading them back."""

import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import BinaryIO, cast

from bot.jobs.ports import Artifact
from storage.job import Job, JobFile
from storage.objects import ObjectStore

# What is larger goes to disk while it passes through.
SPOOL_IN_MEMORY_BYTES = 2_000_000


def new_spool() -> BinaryIO:
    """A file for one result: in memory while it is small."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=SPOOL_IN_MEMORY_BYTES))


class Artifacts:
    """Keeps the bytes of results between archiving and delivery, for jobs being advanced by this process."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._kept: dict[str, dict[str, BinaryIO]] = {}

    def keep(self, job_id: str, key: str, content: BinaryIO) -> None:
        """Hold on to the bytes of `key` until `drop`."""
        self._kept.setdefault(job_id, {})[key] = content

    async def open(self, job: Job, stack: AsyncExitStack) -> Sequence[Artifact]:
        """All results of the job: those held, and the others read back from the storage."""
        return [Artifact(file, await self._content(job.id, file, stack)) for file in job.files]

    def drop(self, job_id: str) -> None:
        """Let go of the job's bytes; they are in the storage."""
        for content in self._kept.pop(job_id, {}).values():
            content.close()

    async def _content(self, job_id: str, file: JobFile, stack: AsyncExitStack) -> BinaryIO:
        held = self._kept.get(job_id, {}).get(file.key)
        if held:
            return held
        spool = new_spool()
        stack.callback(spool.close)
        async for chunk in self._store.stream(file.key):
            spool.write(chunk)
        return spool
