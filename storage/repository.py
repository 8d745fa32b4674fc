"""Jobs in an object store: created if absent, changed by compare-and-swap, found by marker, listed by history."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from storage import object_keys
from storage.errors import (
    ObjectNotFoundError,
    ObjectTooLargeError,
    PreconditionFailedError,
    RecordCorruptError,
    RecordTooNewError,
    StorageUnavailableError,
)
from storage.event import Event
from storage.gathered_deletes import GatheredDeletes
from storage.history import HistoryRecords
from storage.job import Job
from storage.object_keys import DraftOf
from storage.objects import ObjectStore
from storage.poison import as_json
from storage.recent import KeyedLocks, KnownJob, Locks, RecentJobs
from storage.record_format import JSON, MAX_RECORD_BYTES
from storage.records import dump_job, load_job
from storage.task_records import TaskRecords
from storage.transitions import apply_all

Watch = Callable[[Job | None, Job], None]

# Each lost race means that somebody else made progress; this many in a row means that something is wrong.
_MAX_LOST_RACES = 20


@dataclass(frozen=True, slots=True)
class OpenMarker:
    """A job that is marked open, and since when."""

    job_id: str
    marked_at: datetime


@dataclass(frozen=True, slots=True)
class DraftMarker:
    """A job that began as a draft, and whose it is."""

    whose: DraftOf
    job_id: str


class JobRepository(HistoryRecords, TaskRecords):
    """The truth about jobs. All methods raise the errors of `storage.objects.ObjectStore`.

    `conditional_writes` says whether the store honours conditions (see `ObjectStore.probe`). Where it does not,
    changes are ordered by `locks` alone: those of this process, or ones that all processes share.
    With `single_process` this process is the only one that changes jobs, and need not read again what it wrote.
    The markers of jobs that are closed within `gather_deletes_s` of each other are removed together.
    `watch` is told of every job that was written, as it was before (None: it is new) and as it is now.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        conditional_writes: bool = True,
        single_process: bool = True,
        locks: Locks | None = None,
        keep_recent: int = 1000,
        gather_deletes_s: float = 0.0,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(store, single_process=single_process)
        self._conditional, self._single_process, self._watch = conditional_writes, single_process, watch
        self._recent = RecentJobs(keep_recent)
        self._locks = locks or KeyedLocks()
        self._closing = GatheredDeletes(store, gather_deletes_s)

    async def create(self, job: Job) -> bool:
        """Record a new job and mark it open; False when the job exists already, which then stays as it is.

        When this returns, a crash can no longer lose the job. The marker of an existing job is renewed only while
        the job is not terminal.
        """
        async with self._locks.hold(job.id):
            marked = [asyncio.ensure_future(self._mark(key)) for key in _markers(job)]
            try:
                created = await self._create_record(job)
            finally:
                # Never leave a marker's write behind: its failure is ours, and its end is the job's durability.
                await asyncio.wait(marked)
                for mark in marked:
                    _ = mark.cancelled() or mark.exception()  # looked at, even if the record's own failure is told
            for mark in marked:
                mark.result()
        if not created and await self._finished(job.id):
            await self._store.delete(_markers(job))
        return created

    async def load(self, job_id: str) -> Job:
        """The job as this process last saw it if it is the only one, else as it is recorded now.

        Raises:
            ObjectNotFoundError: there is no such job.
            RecordCorruptError: its record cannot be read.
        """
        if not self._single_process:
            self._recent.forget(job_id)
        return (await self._known(job_id)).job

    async def find(self, job_id: str) -> Job | None:
        """As `load`, but None when there is no such job."""
        try:
            return await self.load(job_id)
        except ObjectNotFoundError:
            return None

    def last_seen(self, job_id: str) -> Job | None:
        """The job as this process last saw it, if it remembers; another process may know better."""
        known = self._recent.get(job_id)
        return known.job if known else None

    async def change(self, job_id: str, events: Iterable[Event], now: datetime) -> Job:
        """Fold the events into the job and write it, if they bring anything new; returns the job as it is then.

        Raises:
            IllegalTransitionError, EventRefusedError: the events do not fit the job as it is now recorded; nothing
                was written.
        """
        events = tuple(events)
        async with self._locks.hold(job_id):
            if not (self._single_process or self._conditional):
                self._recent.forget(job_id)  # nothing would refuse a write that follows from an old record
            for _ in range(_MAX_LOST_RACES):
                known = await self._known(job_id)
                job = apply_all(known.job, events, now)
                if job is known.job:
                    return job
                if await self._replace(job, known.etag):
                    self._tell(known.job, job)
                    return job
        raise StorageUnavailableError(f"lost {_MAX_LOST_RACES} races for a job record in a row")

    async def fresh(self, job_id: str) -> Job:
        """The job as it is recorded now, whatever this process remembers."""
        self._recent.forget(job_id)
        return await self.load(job_id)

    async def mark_open(self, job_id: str) -> None:
        """Have the job found by every sweep. The marker of a finished one is removed by whoever looks at it next."""
        await self._mark(object_keys.open_marker(job_id))

    async def is_open(self, job_id: str) -> bool:
        """Whether the job still needs somebody's attention."""
        try:
            await self._store.get(object_keys.open_marker(job_id), max_bytes=MAX_RECORD_BYTES)
        except ObjectNotFoundError:
            return False
        return True

    async def open_jobs(self) -> AsyncIterator[OpenMarker]:
        """All jobs that are marked open. The cost grows with these only."""
        async for row in self._store.list(object_keys.OPEN):
            job_id = object_keys.job_id_of_marker(row.key)
            if job_id:
                yield OpenMarker(job_id, row.modified_at)

    async def remove_marker_of_none(self, job_id: str) -> bool:
        """Remove the open marker if there is no such job; whether that was so."""
        async with self._locks.hold(job_id):
            if await self._exists(job_id):
                return False
            await self._store.delete([object_keys.open_marker(job_id)])
            return True

    async def with_code(self, code: str, *, limit: int = 5) -> list[Job]:
        """The jobs whose code, or more of their id, this is: one listing and a read each."""
        rows = [row async for row in self._store.list(object_keys.jobs_with_code(code), limit=limit)]
        found = (object_keys.job_id_of_record(row.key) for row in rows)
        return [await self.load(job_id) for job_id in found if job_id]

    async def drafts(self, whose: DraftOf | None = None) -> AsyncIterator[DraftMarker]:
        """The jobs that began as drafts and are not closed yet: this person's, or all; each person's by job id."""
        prefix = object_keys.drafts_prefix(whose) if whose else object_keys.DRAFTS
        async for row in self._store.list(prefix):
            found = object_keys.draft_of_marker(row.key)
            if found:
                yield DraftMarker(*found)

    async def mark_draft(self, whose: DraftOf, job_id: str) -> None:
        """Have a draft found in another chat, too."""
        await self._mark(object_keys.draft_marker(whose, job_id))

    async def close(self, job_id: str, prediction_ids: Iterable[str], whose: Iterable[DraftOf] = ()) -> None:
        """Remove the markers and the task records of a job that needs nobody's attention any more.

        `whose` it was is told of a job from a chat, which may have begun as a draft.
        """
        keys = [object_keys.task(p) for p in prediction_ids]
        keys += [object_keys.draft_marker(one, job_id) for one in whose]
        await self._closing.delete([*keys, object_keys.open_marker(job_id)])
        self._recent.forget(job_id)

    async def delete(self, job_id: str) -> None:
        """Delete the job's record; from then on no change brings it back."""
        async with self._locks.hold(job_id):
            await self._store.delete([object_keys.job(job_id)])
            self._recent.forget(job_id)

    async def keep_poison(self, kind: str, ident: str, document: Mapping[str, object]) -> str:
        """Keep what nobody foresaw, for the admin; returns its key."""
        key = object_keys.poison(kind, ident)
        body = as_json(document)
        await self._store.put(key, body[:MAX_RECORD_BYTES], content_type=JSON)
        return key

    async def _mark(self, key: str) -> None:
        await self._store.put(key, b"", content_type="text/plain")

    async def _create_record(self, job: Job) -> bool:
        key = object_keys.job(job.id)
        if not self._conditional and await self._exists(job.id):
            return False
        try:
            etag = await self._store.put(key, dump_job(job), content_type=JSON, if_absent=self._conditional)
        except PreconditionFailedError:
            return False
        self._recent.put(KnownJob(job, etag))
        self._tell(None, job)
        return True

    def _tell(self, before: Job | None, now: Job) -> None:
        if self._watch:
            self._watch(before, now)

    async def _exists(self, job_id: str) -> bool:
        """Whether the job is recorded, readable or not."""
        try:
            await self._known(job_id)
        except ObjectNotFoundError:
            return False
        except (RecordCorruptError, RecordTooNewError):
            return True
        return True

    async def _finished(self, job_id: str) -> bool:
        try:
            return (await self.load(job_id)).status.terminal
        except (RecordCorruptError, RecordTooNewError):
            return False  # whoever advances it will see

    async def _known(self, job_id: str) -> KnownJob:
        known = self._recent.get(job_id)
        if known is not None:
            return known
        key = object_keys.job(job_id)
        try:
            found = await self._store.get(key, max_bytes=MAX_RECORD_BYTES)
        except ObjectTooLargeError as error:
            raise RecordCorruptError(key, "is larger than any record") from error
        # Somebody may have changed the job while it was read; what they know is newer.
        known = self._recent.get(job_id) or KnownJob(load_job(found.body, job_id), found.etag)
        self._recent.put(known)
        return known

    async def _replace(self, job: Job, etag: str) -> bool:
        condition = etag if self._conditional else None
        try:
            etag = await self._store.put(object_keys.job(job.id), dump_job(job), content_type=JSON, if_match=condition)
        except PreconditionFailedError:
            self._recent.forget(job.id)
            return False
        except BaseException:
            # A write that failed, or was given up, may have happened all the same.
            self._recent.forget(job.id)
            raise
        self._recent.put(KnownJob(job, etag))
        return True


def _markers(job: Job) -> list[str]:
    """What an open job is found by; a draft also by whose it is."""
    keys = [object_keys.open_marker(job.id)]
    if job.draft and job.origin.chat_id is not None:
        keys.append(object_keys.draft_marker(DraftOf(job.origin.user, job.origin.chat_id), job.id))
    return keys
