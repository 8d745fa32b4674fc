"""Find the jobs that nobody is going to advance: after a restart, or because a nudge was lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from bot.jobs.ports.clock import Clock
from bot.jobs.ports.queue import JobQueue
from bot.jobs.ports.shared_state import ChoreLeases
from storage.errors import StorageError
from storage.repository import JobRepository, OpenMarker

SWEEP_INTERVAL_S = 60.0
_TURN = 0.9  # of the interval, so that whoever swept last time is in time for the next
# A marker is written beside its record; one that has had no record for this long never will.
_ORPHAN_MARKER_AGE = timedelta(hours=1)
_AT_A_TIME = 500  # markers about which the queue is asked at once

_log = structlog.get_logger()


class Sweep:
    """Reads the list of open markers, and no record: advancing a job reads its own."""

    def __init__(self, repository: JobRepository, queue: JobQueue, chores: ChoreLeases, clock: Clock) -> None:
        self._repository, self._queue, self._chores, self._clock = repository, queue, chores, clock

    async def once(self) -> int:
        """Nudge every open job that is not scheduled; returns how many. Raises `StorageError`."""
        nudged = 0
        async for markers in self._batches():
            unscheduled = set(await self._queue.unscheduled([marker.job_id for marker in markers]))
            for marker in markers:
                if marker.job_id in unscheduled and not await self._orphan(marker):
                    await self._queue.enqueue(marker.job_id)
                    nudged += 1
        if nudged:
            _log.info("open_jobs_swept", nudged=nudged)
        return nudged

    async def run(self) -> None:
        """Sweep now and on a timer, until canceled; of several processes one does it for all."""
        while True:
            try:
                if await self._chores.take("sweep", SWEEP_INTERVAL_S * _TURN):
                    await self.once()
            except StorageError as error:
                _log.warning("sweep_postponed", error=str(error))
            except Exception:  # noqa: BLE001 - whatever it was, the next sweep must come
                _log.exception("sweep_crashed")
            await asyncio.sleep(SWEEP_INTERVAL_S)

    async def _batches(self) -> AsyncIterator[list[OpenMarker]]:
        batch: list[OpenMarker] = []
        async for marker in self._repository.open_jobs():
            batch.append(marker)
            if len(batch) == _AT_A_TIME:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _orphan(self, marker: OpenMarker) -> bool:
        """Whether this marker belongs to no job; then it is removed."""
        old = self._clock.now() - marker.marked_at > _ORPHAN_MARKER_AGE
        if not old or not await self._repository.remove_marker_of_none(marker.job_id):
            return False
        _log.warning("orphan_marker_removed", job_id=marker.job_id)
        return True
