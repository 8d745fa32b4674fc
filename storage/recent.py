"""Small in-memory companions of the repository: the records this process saw last, and a lock per job."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from storage.job import Job


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A job and the ETag of the record it was read from or written to."""

    job: Job
    etag: str


class RecentJobs:
    """The latest records this process read or wrote, a bounded number of them.

    A stale entry does no harm: writes are conditional on the ETag, and a refused write reloads the record.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[str, KnownJob] = OrderedDict()

    def get(self, job_id: str) -> KnownJob | None:
        """The entry, if it is still held."""
        known = self._known.get(job_id)
        if known:
            self._known.move_to_end(job_id)
        return known

    def put(self, known: KnownJob) -> None:
        """Hold this entry and let the oldest go."""
        self._known[known.job.id] = known
        self._known.move_to_end(known.job.id)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def forget(self, job_id: str) -> None:
        """Read the record anew next time."""
        self._known.pop(job_id, None)


class Locks(Protocol):
    """One holder per key at a time, among all that change jobs."""

    def hold(self, key: str) -> AbstractAsyncContextManager[None]:
        """Be the only holder of `key`; raises `StorageUnavailableError` when that cannot be had in time."""
        ...


class KeyedLocks:
    """A lock per key that exists only while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Be the only holder of `key` in this process."""
        lock, users = self._locks.get(key, (None, 0))
        lock = lock or asyncio.Lock()
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            _, users = self._locks[key]
            if users == 1:
                del self._locks[key]
            else:
                self._locks[key] = (lock, users - 1)
