"""Deleting what is remembered: of one job, or everything of a person.

A job that is open is deleted by whoever closes it: the wish stands in its record. Closing puts the job into its
person's lists first, then looks into the record, then takes the open marker away; deleting everything writes the wish
into the records of all open jobs first, then looks into the lists. So one of the two sees the other, in any order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from bot.jobs.errors import NoSuchJobError
from bot.jobs.limits.quota import WINDOW_S
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.queue import JobQueue
from bot.jobs.together import results_of
from storage import object_keys
from storage.errors import ObjectNotFoundError, RecordCorruptError, RecordTooNewError
from storage.job import Job
from storage.lifecycle_events import ErasureRequested
from storage.objects import ObjectStore
from storage.people import People
from storage.person import Person
from storage.repository import JobRepository
from storage.spent import SpentQuotas

# Jobs that are looked at at a time: there may be hundreds, and Telegram waits a minute for its answer.
_AT_ONCE = 10
# How many finished jobs of somebody may lie after one whose result is deleted.
_LOOK_BACK = 1000

T = TypeVar("T")

_log = structlog.get_logger()


class JobErasure:
    """Everything that belongs to one job. Repeating it does no harm; raises `StorageError`."""

    def __init__(self, repository: JobRepository, store: ObjectStore) -> None:
        self._repository, self._store = repository, store

    async def erase(self, job: Job) -> int:
        """Pictures, report and record; returns how many objects that were.

        Pictures of other jobs that this one worked on stay with those. A picture goes even if it is not recorded yet.
        """
        keys = await self._found(
            object_keys.outputs_prefix(job.id),
            object_keys.reports_prefix(job.id),
            object_keys.poison("jobs", job.id),
            *(object_keys.input_prefix(job.id, index) for index in range(len(job.inputs))),
        )
        # The record goes last: as long as it is there, the rest is found by it.
        await self._store.delete([*keys, *map(object_keys.task, job.predictions)])
        await self._repository.delete(job.id)
        return len(keys) + 1

    async def _found(self, *prefixes: str) -> list[str]:
        return [row.key for prefix in prefixes async for row in self._store.list(prefix)]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was deleted, and how many jobs are stopped first and deleted then."""

    objects: int
    stopping: int


class PersonErasure:
    """Everything of a person. Repeating it does no harm; raises `StorageError`, and then it must be repeated."""

    def __init__(
        self,
        jobs: JobErasure,
        repository: JobRepository,
        store: ObjectStore,
        people: People,
        spent: SpentQuotas,
        queue: JobQueue,
        clock: Clock,
    ) -> None:
        self._jobs, self._repository, self._store = jobs, repository, store
        self._people, self._spent, self._queue, self._clock = people, spent, queue, clock

    async def erase(self, user: str) -> Erased:
        """What runs is canceled and goes with its end; all else goes now. What admins have decided stays.

        So does, for the day, how much of it was used: under a name that tells nobody whose it was.
        """
        stopping = await self._stop(user)
        since_s = self._clock.now().timestamp() - WINDOW_S
        used = await self._repository.done_since(user, since_s, limit=_LOOK_BACK)
        await self._spent.keep(user, used, since_s=since_s)
        objects = await self._erase_ended(user, stopping)
        person = await self._people.load(user)
        if person.banned or person.daily_jobs is not None:
            kept = Person(banned=person.banned, daily_jobs=person.daily_jobs)
            await self._people.change(user, lambda _: kept)
        else:
            objects += await self._people.remove(user)
        _log.info("person_erased", user=user, objects=objects, stopping=len(stopping))
        return Erased(objects, len(stopping))

    async def _stop(self, user: str) -> set[str]:
        """Have all open jobs deleted by whoever closes them; returns which these are."""

        async def stop(job_id: str) -> bool:
            job = await self._find(job_id)
            if job is None or job.origin.user != user:
                return False
            with suppress(ObjectNotFoundError):  # it was closed, and deleted, in this moment
                await self._repository.change(job.id, [ErasureRequested()], self._clock.now())
                await self._queue.enqueue(job.id)
            return True

        open_jobs = [marker.job_id async for marker in self._repository.open_jobs()]
        return {job_id for job_id, ours in zip(open_jobs, await _each(open_jobs, stop), strict=True) if ours}

    async def _erase_ended(self, user: str, stopping: set[str]) -> int:
        prefixes = (
            object_keys.history_prefix(user),
            object_keys.ended_prefix(user),
            object_keys.reminders_prefix(user),
        )
        rows = [row.key for prefix in prefixes async for row in self._store.list(prefix)]

        async def erase(key: str) -> int | None:
            job_id = object_keys.job_id_in(key)
            if job_id in stopping and await self._repository.is_open(job_id):
                return None  # it goes, with its entry, when it is closed
            job = await self._find(job_id) if job_id else None
            return await self._jobs.erase(job) if job else 0

        erased = dict(zip(rows, await _each(rows, erase), strict=True))
        gone = {key: objects for key, objects in erased.items() if objects is not None}
        await self._store.delete(list(gone))
        return len(gone) + sum(gone.values())

    async def _find(self, job_id: str) -> Job | None:
        try:
            return await self._repository.load(job_id)
        except (ObjectNotFoundError, RecordCorruptError, RecordTooNewError):
            return None


class ResultErasure:
    """One finished job on its person's wish. Its place in the day's quota stays used."""

    def __init__(self, jobs: JobErasure, repository: JobRepository) -> None:
        self._jobs, self._repository = jobs, repository

    async def erase(self, job: Job) -> int:
        """Everything but the entry in the history, which is emptied; returns how many objects were deleted.

        Raises:
            NoSuchJobError: it is not finished yet.
        """
        if not job.status.terminal:
            raise NoSuchJobError(job.id)
        keys = await self._repository.history_keys(job.origin.user, limit=_LOOK_BACK)
        key = next((key for key in keys if object_keys.job_id_in(key) == job.id), None)
        if key:
            entry = await self._repository.history_entry(key)
            await self._repository.put_history(job.origin.user, replace(entry, input_key=None, keys=(), message_ids=()))
        return await self._jobs.erase(job)


async def _each(job_ids: Iterable[str], work: Callable[[str], Awaitable[T]]) -> list[T]:
    """`work` on every job, a few at a time; all of them have ended when it raises what one of them raised."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(job_id: str) -> T:
        async with gate:
            return await work(job_id)

    return results_of(await asyncio.gather(*map(one, job_ids), return_exceptions=True))
