"""The queue inside one process: ready jobs, a timer for the others. Forgotten on exit; the sweep finds them again."""

import asyncio
import heapq
from collections.abc import Sequence

from bot.jobs.background import Background
from bot.jobs.ports.queue import JobHandler, QueueDepth

# Earlier nudges leave entries behind; so many of them are not worth a clean-up.
_STALE_TIMERS = 64


class InProcessQueue:
    """Advances at most `concurrency` jobs at a time, each of them at most once at a time.

    Nothing but the due time is held for a job that waits, so thousands of them cost next to nothing.
    """

    def __init__(self, *, concurrency: int) -> None:
        self._concurrency = concurrency
        self._background = Background()
        self._handler: JobHandler | None = None
        self._due: dict[str, float] = {}  # job -> loop time of its earliest nudge
        self._timers: list[tuple[float, str]] = []  # a heap; entries that `_due` does not confirm are stale
        self._ready: dict[str, float] = {}  # job -> loop time of its arrival, in that order
        self._running: dict[str, bool] = {}  # job -> nudged while it ran
        self._timer: asyncio.TimerHandle | None = None
        self._open = True

    def start(self, handler: JobHandler) -> None:
        """From now on nudged jobs are handed to `handler`."""
        self._handler = handler
        self._dispatch()

    async def enqueue(self, job_id: str, delay_s: float = 0.0) -> None:
        """See `bot.jobs.ports.queue.JobQueue`."""
        if delay_s <= 0:
            self._due.pop(job_id, None)
            if job_id in self._running:
                self._running[job_id] = True
            else:
                self._arrive(job_id)
                self._dispatch()
            return
        at = asyncio.get_running_loop().time() + delay_s
        if job_id in self._ready or self._due.get(job_id, at + 1) <= at:
            return
        self._due[job_id] = at
        if len(self._timers) > 2 * len(self._due) + _STALE_TIMERS:
            self._timers = [(when, job) for job, when in self._due.items()]
            heapq.heapify(self._timers)
        else:
            heapq.heappush(self._timers, (at, job_id))
        if self._timer is None or at < self._timer.when():
            self._set_timer()

    def scheduled(self, job_id: str) -> bool:
        """Whether the job will be advanced without another nudge."""
        return job_id in self._due or job_id in self._ready or job_id in self._running

    async def unscheduled(self, job_ids: Sequence[str]) -> list[str]:
        """See `bot.jobs.ports.queue.JobQueue`."""
        return [job_id for job_id in job_ids if not self.scheduled(job_id)]

    async def state(self) -> str:
        """Nothing behind it can fail."""
        return "ok"

    async def depth(self) -> QueueDepth:
        """See `QueueDepth`."""
        oldest = next(iter(self._ready.values()), None)
        age_s = 0.0 if oldest is None else asyncio.get_running_loop().time() - oldest
        return QueueDepth(ready=len(self._ready), later=len(self._due), running=len(self._running), oldest_s=age_s)

    async def stop(self, grace_s: float) -> int:
        """Start nothing new, let what runs finish; returns how many had to be cut short after `grace_s`."""
        self._open = False
        if self._timer:
            self._timer.cancel()
        return await self._background.drain(grace_s)

    def _arrive(self, job_id: str) -> None:
        self._ready.setdefault(job_id, asyncio.get_running_loop().time())

    def _dispatch(self) -> None:
        while self._open and self._handler and self._ready and len(self._running) < self._concurrency:
            job_id = next(iter(self._ready))
            del self._ready[job_id]
            self._running[job_id] = False
            self._background.spawn(self._run(self._handler, job_id), name=f"advance {job_id}")

    async def _run(self, handler: JobHandler, job_id: str) -> None:
        try:
            await handler(job_id)
        finally:
            if self._running.pop(job_id):
                self._due.pop(job_id, None)
                self._arrive(job_id)
            self._dispatch()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._timers and self._open:
            self._timer = asyncio.get_running_loop().call_at(self._timers[0][0], self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._timers and self._timers[0][0] <= now:
            at, job_id = heapq.heappop(self._timers)
            if self._due.get(job_id) == at:
                del self._due[job_id]
                if job_id in self._running:
                    self._running[job_id] = True
                else:
                    self._arrive(job_id)
        self._set_timer()
        self._dispatch()
