"""`advance`: look at the record, do what is missing, write down what happened, until there is nothing to do now.

Every trigger (an update, a callback, a poll, a sweep, a restart) only says "advance this job", so recovery is not a
second code path. What happened is written in as few writes as safety allows: facts wait in memory for the next
claim, or for the end of the round, and are found out again should they be lost. Claims are always written before
what they announce is done.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

import structlog
from structlog.contextvars import bind_contextvars

from bot.jobs.admission import Admission
from bot.jobs.attempt import Attempt
from bot.jobs.errors import IN_LINE, NotDoneError
from bot.jobs.ports import Clock, Peers
from bot.jobs.steps.close import Close
from bot.jobs.steps.step import Step
from storage.errors import StorageError
from storage.event import Event, EventRefusedError
from storage.job import Claim, Job
from storage.repository import JobRepository
from storage.transitions import apply_all

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Action:
    """One part of one step that may be done now."""

    step: Step
    part: int


class Advancer:
    """Advances jobs; the caller sees to it that no job is advanced twice at a time in this process."""

    def __init__(
        self,
        repository: JobRepository,
        steps: Sequence[Step],
        close: Close,
        attempt: Attempt,
        admission: Admission,
        peers: Peers,
        clock: Clock,
    ) -> None:
        self._repository, self._steps, self._close, self._attempt = repository, steps, close, attempt
        self._admission, self._peers, self._clock = admission, peers, clock
        # What happened but could not be written yet: kept for the next try, since this process knows better than
        # the record. Only jobs met while the storage is down are in here.
        self._unwritten: dict[str, list[Event]] = {}

    async def advance(self, job_id: str) -> datetime | None:
        """Do all that can be done for the job now; returns when to come back, or None when it is finished.

        Raises:
            StorageError: try again later; nothing is lost.
            ObjectNotFoundError: there is no such job.
        """
        pending = self._unwritten.pop(job_id, [])
        try:
            job = apply_all(await self._repository.load(job_id), pending, self._clock.now())
            bind_contextvars(chat_id=job.origin.chat_id, update_id=job.origin.update_id)
            self._admission.resume(job)
            job = await self._rounds(job, pending)
        except StorageError:
            if pending:
                self._unwritten[job_id] = pending
            raise
        if job.status.terminal:
            await self._close(job)
        await self._admission.settle(job)
        return None if job.status.terminal else self._wake_at(job)

    async def _rounds(self, job: Job, pending: list[Event]) -> Job:
        put_off: set[tuple[str, int]] = set()  # what could not be done is not asked for again right away
        while ready := [a for a in self._ready(job) if (a.step.name, a.part) not in put_off]:
            claimed = await self._claim(job, ready, pending)
            if claimed is None:  # somebody else was faster; see what they did
                job = await self._repository.fresh(job.id)
                continue
            job = await self._perform(claimed, ready, pending)
            put_off |= {(p.step, p.part) for p in job.postponed}
        if any(not event.soft for event in pending):
            job = await self._write(job, pending)
        return job

    def _ready(self, job: Job) -> list[_Action]:
        now = self._clock.now()
        ready = []
        for step, part, at in self._missing(job, now):
            waits = job.postponement(step.name, part)
            if at is None or at <= now or (waits and waits.code in IN_LINE):
                ready.append(_Action(step, part))
        return ready

    def _wake_at(self, job: Job) -> datetime | None:
        now = self._clock.now()
        return min((at or now for _, _, at in self._missing(job, now)), default=None)

    def _missing(self, job: Job, now: datetime) -> list[tuple[Step, int, datetime | None]]:
        if job.status.terminal:
            return []
        missing = []
        for step in self._steps:
            for due in step.due(job, now):
                waits = job.postponement(step.name, due.part) if job.postponed else None
                at = max(waits.until, due.not_before or waits.until) if waits else due.not_before
                missing.append((step, due.part, at))
        return missing

    async def _claim(self, job: Job, ready: list[_Action], pending: list[Event]) -> Job | None:
        """Record the claims of all actions in one write; None when one of them was refused.

        Actions that find no place leave `ready`.
        """
        now = self._clock.now()
        claim = Claim(self._peers.me, now)
        claims: list[Event] = []
        for action in tuple(ready):
            try:
                action.step.enter(job, action.part)
            except NotDoneError as error:
                ready.remove(action)
                postponed = self._attempt.postponed(job, action.step, action.part, error)
                pending += postponed
                job = apply_all(job, postponed, now)
                continue
            event = action.step.claim(action.part, claim)
            if event:
                claims.append(event)
        if not claims:
            return job
        try:
            return await self._write(job, pending, claims)
        except EventRefusedError:
            await self._write(job, pending)
            return None

    async def _perform(self, job: Job, ready: list[_Action], pending: list[Event]) -> Job:
        results = await asyncio.gather(
            *(self._attempt(job, action.step, action.part) for action in ready), return_exceptions=True
        )
        failures = [result for result in results if isinstance(result, BaseException)]
        events = [event for result in results if not isinstance(result, BaseException) for event in result]
        pending += events
        for failure in failures:
            raise failure
        return apply_all(job, events, self._clock.now())

    async def _write(self, job: Job, pending: list[Event], claims: Sequence[Event] = ()) -> Job:
        """One write for everything that is not written yet; `pending` is empty afterwards."""
        started = perf_counter()
        before = job.status
        job = await self._repository.change(job.id, [*pending, *claims], self._clock.now())
        pending.clear()
        ms = round((perf_counter() - started) * 1000, 1)
        _log.debug("job_written", ms=ms)
        if job.status is not before or job.status.terminal:
            _log.info("job_transitioned", status=job.status.value, ms=ms)
        return job


def delay_until(at: datetime, now: datetime) -> float:
    """Seconds from `now` to `at`, never negative."""
    return max(0.0, (at - now) / timedelta(seconds=1))
