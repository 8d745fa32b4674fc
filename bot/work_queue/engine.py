"""What carries the work, opened as the settings say: one process on its own, or several through Redis or Valkey."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import structlog

from bot.addresses import host_of
from bot.jobs.errors import EngineUnavailableError
from bot.jobs.limits.send_pace import Pace, ProcessPace
from bot.jobs.ports.queue import JobHandler, JobQueue, QueueDepth
from bot.jobs.ports.shared_state import SharedState
from bot.startup_retry import retry_at_start
from bot.work_queue.in_process import InProcessQueue
from bot.work_queue.single_process import new_run_id, single_process
from storage.recent import Locks

_log = structlog.get_logger()


class WorkQueue(JobQueue, Protocol):
    """A queue that this process also takes work from."""

    def start(self, handler: JobHandler) -> None:
        """From now on nudged jobs are handed to `handler`."""
        ...

    async def stop(self, grace_s: float) -> int:
        """Start nothing new, let what runs finish; returns how many had to be cut short after `grace_s`."""
        ...

    async def state(self) -> str:
        """`ok`, or what is wrong with the engine behind it."""
        ...

    async def depth(self) -> QueueDepth:
        """How much there is to do, for all processes together; raises `EngineUnavailableError`."""
        ...


@dataclass(frozen=True, slots=True)
class Shares:
    """What is limited over all processes."""

    jobs_per_person: int
    jobs_per_key: int
    predictions: int
    messages_per_s: float


@dataclass(frozen=True, slots=True)
class Engine:
    """The queue and all that goes with it."""

    queue: WorkQueue
    shared: SharedState
    pace: Pace
    locks: Locks | None  # None: those of the process


@asynccontextmanager
async def open_engine(url: str | None, bot_id: str, shares: Shares, *, concurrency: int) -> AsyncIterator[Engine]:
    """The engine at `url`, or the process itself.

    Raises:
        EngineRefusedError: the engine does not take us.
        EngineUnavailableError: it did not come up within a minute.
    """
    if url is None:
        shared = single_process(
            jobs_per_person=shares.jobs_per_person, jobs_per_key=shares.jobs_per_key, predictions=shares.predictions
        )
        yield Engine(InProcessQueue(concurrency=concurrency), shared, ProcessPace(shares.messages_per_s), None)
        return
    from bot.work_queue.redis_client import Keys, open_redis  # noqa: PLC0415 - needed with a queue only

    async with open_redis(url) as redis:
        await _await(redis, url)
        yield _shared(redis, Keys(bot_id), shares, concurrency)


def _shared(redis: Any, keys: Any, shares: Shares, concurrency: int) -> Engine:
    from bot.work_queue import redis_streams  # noqa: PLC0415 - needed with a queue only
    from bot.work_queue.shared_drafts import SharedDrafts  # noqa: PLC0415
    from bot.work_queue.shared_places import SharedPlaces  # noqa: PLC0415
    from bot.work_queue.shared_state import SharedChoreLeases, SharedLocks, SharedNotes, SharedPace  # noqa: PLC0415

    run_id = new_run_id()
    shared = SharedState(
        run_id=run_id,
        job_places=SharedPlaces(redis, keys, "jobs", shares.jobs_per_person),
        key_places=SharedPlaces(redis, keys, "api-jobs", shares.jobs_per_key),
        prediction_places=SharedPlaces(redis, keys, "predictions", shares.predictions),
        chores=SharedChoreLeases(redis, keys, run_id),
        notes=SharedNotes(redis, keys),
        drafts=SharedDrafts(redis, keys),
        single_process=False,
    )
    return Engine(
        queue=redis_streams.RedisStreamsQueue(
            redis, keys, run_id, concurrency=concurrency, lease_s=redis_streams.LEASE_S
        ),
        shared=shared,
        pace=SharedPace(redis, keys, shares.messages_per_s),
        locks=SharedLocks(redis, keys, run_id),
    )


async def _await(redis: Any, url: str) -> None:
    from bot.work_queue.redis_client import greet  # noqa: PLC0415 - needed with a queue only

    def say(error: EngineUnavailableError) -> None:
        _log.warning("engine_awaited", host=host_of(url), error=error.why)

    await retry_at_start(partial(greet, redis), EngineUnavailableError, say)
