"""Results on their way through this process: fetched once, stored, and handed on without reading them back.

They are held for as long as their job is being advanced and no longer, so that their number is bounded by the number
of jobs in work: while Telegram is away for a day, results wait in the storage.
"""

import tempfile
from collections.abc import Iterable, Sequence
from typing import BinaryIO, cast

import structlog

from bot.jobs.parcels import Item
from bot.jobs.ports.chat import Artifact
from storage.errors import ObjectNotFoundError
from storage.objects import ObjectStore

# What is larger goes to disk while it passes through. Many pass through at a time, each at the pace of its line, and
# no budget counts them; what Telegram makes of a photo is smaller.
SPOOL_IN_MEMORY_BYTES = 500_000

_log = structlog.get_logger()


def new_spool() -> BinaryIO:
    """A file for one picture: in memory while it is small. The caller closes it."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=SPOOL_IN_MEMORY_BYTES))


class Artifacts:
    """The bytes of results, by job and key."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._held: dict[str, dict[str, BinaryIO]] = {}

    def keep(self, job_id: str, key: str, content: BinaryIO) -> None:
        """Hold on to the bytes of `key` until `drop`."""
        self._held.setdefault(job_id, {})[key] = content

    async def fetch(self, job_id: str, keys: Iterable[str]) -> None:
        """Read back from the storage what is not held; what is gone from there is logged and left out.

        Raises:
            StorageUnavailableError: try again later.
        """
        for key in keys:
            if key in self._held.get(job_id, {}):
                continue
            spool = new_spool()
            try:
                async for chunk in self._store.stream(key):
                    spool.write(chunk)
            except ObjectNotFoundError:
                spool.close()
                _log.error("artifact_missing", key=key)
            except BaseException:
                spool.close()
                raise
            else:
                self.keep(job_id, key, spool)

    def of(self, job_id: str, parcel: Sequence[Item]) -> Sequence[Artifact]:
        """What is held of these, in their order."""
        held = self._held.get(job_id, {})
        return [Artifact(item.file, held[item.key], item.form, item.number) for item in parcel if item.key in held]

    def held(self, job_id: str, key: str) -> BinaryIO | None:
        """The bytes of this key, if they are held."""
        return self._held.get(job_id, {}).get(key)

    def drop(self, job_id: str) -> None:
        """Let go of the job's bytes; they are in the storage."""
        for content in self._held.pop(job_id, {}).values():
            content.close()
