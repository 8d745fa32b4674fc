"""`advance`: look at the record, do what is missing, write down what happened, until there is nothing to do now.

Every trigger (an update, a callback, a poll, a sweep, a restart) only says "advance this job", so recovery is not a
second code path. What happened is written in as few writes as safety allows: facts wait in memory for the next
claim, or for the end of the round, and are found out again should they be lost. Claims are always written before
what they announce is done, and what has cost money as soon as it is known.
"""

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from time import perf_counter

import structlog
from structlog.contextvars import bind_contextvars

from bot.jobs.attempt import Attempt
from bot.jobs.drafts import Drafts
from bot.jobs.errors import IN_LINE, EngineUnavailableError, NoSuchJobError, NotDoneError
from bot.jobs.limits.admission import Admission
from bot.jobs.memory import Memory
from bot.jobs.ports.clock import Clock
from bot.jobs.results.artifacts import Artifacts
from bot.jobs.steps.close import Close
from bot.jobs.steps.step import Step
from bot.jobs.together import as_they_end, results_of, together
from bot.jobs.waiting.live_notes import LiveNotes
from storage.errors import ObjectNotFoundError, StorageError
from storage.event import Event, EventRefusedError
from storage.job import Claim, Job
from storage.repository import JobRepository
from storage.transitions import IllegalTransitionError, apply, apply_all

# A job's whole way takes about eight rounds; so many are a mistake of ours, and must not keep the process busy.
_MAX_ROUNDS = 100

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Action:
    """One part of one step that may be done now."""

    step: Step
    part: int

    @property
    def name(self) -> tuple[str, int]:
        """What a postponement calls it."""
        return self.step.name, self.part


class Advancer:
    """Advances jobs; the queue sees to it that no job is advanced twice at a time. `run_id` signs the claims."""

    def __init__(
        self,
        repository: JobRepository,
        steps: Sequence[Step],
        close: Close,
        attempt: Attempt,
        admission: Admission,
        drafts: Drafts,
        artifacts: Artifacts,
        notes: LiveNotes,
        run_id: str,
        clock: Clock,
        keep: timedelta,
    ) -> None:
        self._repository, self._steps, self._close, self._attempt = repository, steps, close, attempt
        self._admission, self._drafts = admission, drafts
        self._artifacts, self._notes = artifacts, notes
        self._run, self._clock, self._claims = run_id, clock, count(1)
        # What happened but could not be written yet: kept for the next try, since this process knows better than
        # the record. Only jobs met while the storage is down are in here.
        self._unwritten: Memory[str, list[Event]] = Memory(clock, keep)
        self._stopping = False

    def stop(self) -> None:
        """Begin nothing new: jobs end their round, write it down, and are left to the next process."""
        self._stopping = True

    async def advance(self, job_id: str) -> datetime | None:
        """Do all that can be done for the job now; returns when to come back, or None when it is finished.

        Raises:
            StorageError, EngineUnavailableError: try again later; nothing is lost.
            NoSuchJobError: there is no such job.
        """
        pending = self._unwritten.pop(job_id) or []
        try:
            recorded = await self._load(job_id)
            job = apply_all(recorded, pending, self._clock.now())
            if job.status.terminal and not await self._close.wanted(job):
                return None  # a nudge that came after its end: to close it again would count it twice
            await self._admission.resume(job)
            await self._notes.catch_up(job)
            job = await self._rounds(job, pending)
            # A listing names those, too, that are drafts no more but not closed yet: they go with their end.
            await self._drafts.note(job, was_draft=recorded.draft or job.status.terminal)
        except (StorageError, EngineUnavailableError):
            if pending:
                self._unwritten.put(job_id, pending)
            raise
        finally:
            self._artifacts.drop(job_id)
        if job.status.terminal:
            await self._close.remember(job)  # or the next of its person's would be let in beyond the day's quota
        # Before the job is closed: from then on nobody would come back to give its places to others.
        await self._admission.settle(job)
        return await self._close(job) if job.status.terminal else self._wake_at(job)

    async def forget(self, job_id: str) -> None:
        """Let go of what is held for a job whose record cannot be had any more."""
        self._unwritten.pop(job_id)
        await self._admission.forget(job_id)

    async def _load(self, job_id: str, *, fresh: bool = False) -> Job:
        try:
            job = await (self._repository.fresh if fresh else self._repository.load)(job_id)
        except ObjectNotFoundError as error:
            raise NoSuchJobError(job_id) from error
        bind_contextvars(chat_id=job.origin.chat_id, update_id=job.origin.update_id)
        return job

    async def _rounds(self, job: Job, pending: list[Event]) -> Job:
        put_off: set[tuple[str, int]] = set()  # what could not be done is not asked for again right away
        for _ in range(_MAX_ROUNDS):
            ready = [action for action in self._ready(job) if action.name not in put_off]
            if not ready or self._stopping:
                break
            before = job
            job, ready = await self._prepare(job, ready, pending)
            claim = self._new_claim()  # not before: preparing may take minutes, and claims grow old
            claimed = await self._claim(job, ready, claim, pending)
            if claimed is None:  # somebody else was faster; see what they did
                job = await self._load(job.id, fresh=True)
            else:
                job = await self._perform(claimed, ready, claim, pending)
            job = self._put_off_what_stands_still(before, job, ready, pending)
            now = self._clock.now()
            put_off |= {(p.step, p.part) for p in job.postponed if p.holds(now)}
        else:
            _log.error("job_goes_round_in_circles")
            job = self._put_off(job, ready, pending)
        if any(not event.soft for event in pending):
            job = await self._write(job, pending)
        return job

    def _new_claim(self) -> Claim:
        """Equal to no other, even if the clock stands still."""
        return Claim(f"{self._run}.{next(self._claims)}", self._clock.now())

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
                held = waits.until if waits and waits.holds(now) else None
                at = max(held, due.not_before or held) if held else due.not_before
                missing.append((step, due.part, at))
        return missing

    async def _prepare(self, job: Job, ready: list[_Action], pending: list[Event]) -> tuple[Job, list[_Action]]:
        """What comes before the claims; only actions that are prepared go on."""
        outcomes = results_of(await together([self._attempt.prepare(job, a.step, a.part) for a in ready]))
        events = [event for outcome in outcomes for event in outcome.events]
        pending += events
        prepared = [action for action, outcome in zip(ready, outcomes, strict=True) if outcome.done]
        return apply_all(job, events, self._clock.now()), prepared

    async def _claim(self, job: Job, ready: list[_Action], claim: Claim, pending: list[Event]) -> Job | None:
        """Record the claims of all actions in one write; None when one of them was refused."""
        claims = [event for action in ready if (event := action.step.claim(job, action.part, claim))]
        forgettable = all(event.soft for event in pending) or not any(action.step.on_record for action in ready)
        if not claims and forgettable:
            return job
        try:
            return await self._write(job, pending, claims)
        except (EventRefusedError, IllegalTransitionError):
            await self._write(job, pending)
            return None
        except StorageError:
            # The claims may have been written, but nothing that they announce was done.
            pending += [event for action in ready if (event := action.step.release(action.part, claim))]
            raise

    async def _perform(self, job: Job, ready: list[_Action], claim: Claim, pending: list[Event]) -> Job:
        """What is urgent is written when it is known: no other part, however slow, is waited for."""
        attempts = [self._attempt.perform(job, action.step, action.part, claim) for action in ready]
        results: dict[int, Sequence[Event] | BaseException] = {}
        refused: Exception | None = None
        async with aclosing(as_they_end(attempts)) as ended:
            async for some in ended:
                results |= some
                job = self._taken_in(job, some.values(), pending)
                if any(event.urgent for event in pending):
                    try:
                        job, refused = await self._write(job, pending), None
                    except (StorageError, EventRefusedError, IllegalTransitionError) as error:
                        refused = error  # what stays pending is tried again; first the others come to their end
        if refused:
            raise refused
        done = zip(ready, results_of(results[place] for place in range(len(ready))), strict=True)
        urgent = [action for action, events in done if any(event.urgent for event in events)]
        results_of(await together([action.step.recorded(job, action.part) for action in urgent]))
        return job

    def _taken_in(self, job: Job, results: Iterable[Sequence[Event] | BaseException], pending: list[Event]) -> Job:
        for event in (event for result in results if not isinstance(result, BaseException) for event in result):
            after = apply(job, event, self._clock.now())
            if after is not job:  # what brings nothing new must not have anything written
                pending.append(event)
            job = after
        return job

    def _put_off_what_stands_still(self, before: Job, job: Job, done: list[_Action], pending: list[Event]) -> Job:
        """A step that is due again although it changed nothing would be done for ever: a mistake of ours."""
        if job != before:
            return job
        now = self._clock.now()
        in_line = {(p.step, p.part) for p in job.postponed if p.code in IN_LINE and p.holds(now)}
        still_ready = {action.name for action in self._ready(job)} - in_line  # who was nudged may still have to wait
        return self._put_off(job, [action for action in done if action.name in still_ready], pending)

    def _put_off(self, job: Job, actions: list[_Action], pending: list[Event]) -> Job:
        for action in actions:
            _log.error("step_stands_still", step=action.step.name, part=action.part)
            events = self._attempt.postponed(job, action.step, action.part, NotDoneError("no_progress"))
            pending += events
            job = apply_all(job, events, self._clock.now())
        return job

    async def _write(self, job: Job, pending: list[Event], claims: Sequence[Event] = ()) -> Job:
        """One write for everything that is not written yet; `pending` is empty afterwards."""
        started = perf_counter()
        before = job.status
        try:
            job = await self._repository.change(job.id, [*pending, *claims], self._clock.now())
        except ObjectNotFoundError as error:
            await self._close.undo(job)
            raise NoSuchJobError(job.id) from error
        pending.clear()
        ms = round((perf_counter() - started) * 1000, 1)
        _log.debug("job_written", ms=ms)
        if job.status is not before or job.status.terminal:
            _log.info("job_transitioned", status=job.status.value, ms=ms, **_ending(job))
        return job


def _ending(job: Job) -> dict[str, object]:
    """What the log says of a job that has ended, so that nobody has to look for its beginning."""
    if not job.status.terminal:
        return {}
    lasted_s = round((job.updated_at - job.created_at).total_seconds(), 3)
    return {"preset": job.preset, "lasted_s": lasted_s, "code": job.outcome.code if job.outcome else None}


def delay_until(at: datetime, now: datetime) -> float:
    """Seconds from `now` to `at`, never negative."""
    return max(0.0, (at - now) / timedelta(seconds=1))
