"""One attempt at one part of a step, and what follows from each way it can end."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from time import perf_counter
from typing import Any

import structlog

from bot.jobs.errors import (
    IN_LINE,
    ChatGoneError,
    ChatMovedError,
    JobFailedError,
    NotDoneError,
    OutcomeUnknownError,
    SlotFailedError,
)
from bot.jobs.guards.meter import SILENT, Meter, Timed, attempt_scope
from bot.jobs.ports.chat import Notifier
from bot.jobs.ports.clock import Clock
from bot.jobs.prediction_events import OPERATOR_CODES
from bot.jobs.run_words import note_failures, without_words
from bot.jobs.steps.step import Step
from replicate_gateway.retry import backoff_s
from storage.chat_events import ChatMoved
from storage.errors import StorageRefusedError, StorageUnavailableError
from storage.event import Event
from storage.job import LONGEST_POSTPONEMENT, Claim, Job, JobStatus, SlotState
from storage.lifecycle_events import OutcomeDecided, StepPostponed, StepResumed
from storage.repository import JobRepository
from storage.slot_events import PredictionCreated, SlotFailed

BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 60.0
# A step that fails in a way nobody foresaw is tried this often before it is given up.
MAX_UNFORESEEN = 3
_UNFORESEEN = "unforeseen"
# Telling somebody may wait for an outage to pass, but not for ever; and since each try reads the result back and
# writes the record, the waits grow with the outage: by a twentieth of what it has lasted.
GIVE_UP_TELLING = timedelta(hours=24)
TELLING_SHARE = 20

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Prepared:
    """Whether a step may go on to its claim, and the events of its preparation."""

    done: bool
    events: Sequence[Event]


class Attempt:
    """Does a step and turns every error into events.

    Only what ends the whole attempt to advance passes through: a storage that cannot be used, and cancellation.
    """

    def __init__(
        self, repository: JobRepository, notifier: Notifier, clock: Clock, random: Random, meter: Meter = SILENT
    ) -> None:
        self._repository, self._notifier = repository, notifier
        self._clock, self._random, self._meter = clock, random, meter

    async def prepare(self, job: Job, step: Step, part: int) -> Prepared:
        """What comes before the claim."""
        try:
            return Prepared(True, await step.prepare(job, part))
        except (StorageUnavailableError, StorageRefusedError):
            raise
        except Exception as error:  # noqa: BLE001 - see `_follow`
            return Prepared(False, await self._follow(error, job, step, part, None))

    async def perform(self, job: Job, step: Step, part: int, claim: Claim) -> Sequence[Event]:
        """The step itself, after its claim."""
        started = perf_counter()
        try:
            with attempt_scope(), Timed(self._meter.step_ended, step.name, _outcome):
                events = await step.perform(job, part)
        except (StorageUnavailableError, StorageRefusedError):
            raise
        except Exception as error:  # noqa: BLE001 - see `_follow`
            return await self._follow(error, job, step, part, claim)
        if events and not (step.in_chat and job.origin.chat_id is None):
            ms = round((perf_counter() - started) * 1000, 1)
            _log.info(step.done, ms=ms, **_named(job, step, part, events))
        note_failures(job, events)
        resumed = [StepResumed(step.name, part)] if job.postponement(step.name, part) else []
        return [*events, *resumed]

    async def _follow(self, error: Exception, job: Job, step: Step, part: int, claim: Claim | None) -> Sequence[Event]:
        """The events that follow from this error. What nobody foresaw must not take the process down."""
        release = step.release(part, claim) if claim else None
        released = [release] if release else []
        match error:
            case NotDoneError():
                if error.code in OPERATOR_CODES:
                    await self._call_operator(job, error)
                return [*released, *self._later(job, step, part, error)]
            case OutcomeUnknownError():
                # The claim stands; the step that settles it is due from now on.
                _log.warning("outcome_unknown", step=step.name, error=str(error), **_named(job, step, part))
                return step.unanswered(part, self._clock.now())
            case ChatGoneError():
                _log.info("chat_gone", step=step.name)
                return [OutcomeDecided(JobStatus.CANCELED, self._clock.now(), "chat_gone")]
            case ChatMovedError():
                _log.info("chat_moved", step=step.name)
                return [*released, ChatMoved(error.chat_id)]
            case JobFailedError():
                await self._report_failure(job, step, part, error)
                if not step.by_slot or len(job.slots) == 1:
                    return [*released, OutcomeDecided(JobStatus.FAILED, self._clock.now(), error.code, error.facts)]
                # The other images may still be made.
                seen = SlotState.OPEN if released else job.slots[part].state
                return [*released, SlotFailed(part, error.code, seen, error.facts)]
            case SlotFailedError():
                named = _named(job, step, part)
                _log.warning("slot_failed", step=step.name, code=error.code, preset=job.preset, **named)
                return [SlotFailed(part, error.code, job.slots[part].state)]
            case _:
                # Not released: what crashed may have had its effect.
                return await self._unforeseen(job, step, part, error)

    def postponed(self, job: Job, step: Step, part: int, error: NotDoneError) -> Sequence[Event]:
        """The event that puts a step off, with a wait that grows with its attempts; none while it stands in line."""
        before = job.postponement(step.name, part)
        if before and before.code == error.code and error.code in IN_LINE and before.holds(self._clock.now()):
            return []
        attempts = before.attempts + 1 if before and before.code == error.code else 1
        wait_s = backoff_s(attempts, base_s=BACKOFF_BASE_S, cap_s=BACKOFF_CAP_S, random=self._random.random)
        wait_s += error.retry_after_s or 0.0  # the jitter on top keeps jobs that wait for the same thing apart
        wait_s = min(wait_s, LONGEST_POSTPONEMENT.total_seconds())
        self._meter.step_postponed(step.name, error.code)
        named = _named(job, step, part) | _cause(error, job)
        _log.info("step_postponed", step=step.name, code=error.code, wait_s=round(wait_s, 2), **named)
        return [StepPostponed(step.name, part, self._clock.now() + timedelta(seconds=wait_s), error.code)]

    def _later(self, job: Job, step: Step, part: int, error: NotDoneError) -> Sequence[Event]:
        before = job.postponement(step.name, part)
        tried = 1 + (before.attempts if before and before.code == error.code else 0)
        if error.tries is not None and tried >= error.tries:
            named = _named(job, step, part) | _cause(error, job)
            _log.info("step_given_up", step=step.name, code=error.code, tried=tried, **named)
            return [step.give_up(job, part, error.code, self._clock.now())]
        if not job.outcome:
            return self.postponed(job, step, part, error)
        lasted = self._clock.now() - job.outcome.at
        if lasted > GIVE_UP_TELLING:
            _log.error("telling_given_up", step=step.name, code=error.code)
            return [step.give_up(job, part, error.code, self._clock.now())]
        wait_s = max(error.retry_after_s or 0.0, lasted.total_seconds() / TELLING_SHARE)
        return self.postponed(job, step, part, NotDoneError(error.code, retry_after_s=wait_s))

    async def _report_failure(self, job: Job, step: Step, part: int, error: JobFailedError) -> None:
        operator = error.code in OPERATOR_CODES
        # An API that refuses a request may quote it, and with it what the person wrote.
        cause = without_words(str(error.__cause__), job.prompt) if error.__cause__ else None
        log = _log.error if operator else _log.info
        kind = {"cause": f"{type(error.__cause__).__name__}: {cause}"} if cause is not None else {}
        log("job_failed", step=step.name, code=error.code, preset=job.preset, **_named(job, step, part), **kind)
        if operator:
            await self._call_operator(job, error)

    async def _call_operator(self, job: Job, error: JobFailedError | NotDoneError) -> None:
        cause = without_words(str(error.__cause__), job.prompt) if error.__cause__ else None
        what = f"{error.code}: {cause}" if cause else error.code
        await self._notifier.alert(error.code, f"{what} (preset {job.preset}, job {job.code})")

    async def _unforeseen(self, job: Job, step: Step, part: int, error: Exception) -> Sequence[Event]:
        before = job.postponement(step.name, part)
        attempts = before.attempts + 1 if before and before.code == _UNFORESEEN else 1
        _log.error("step_crashed", step=step.name, attempts=attempts, exc_info=error, **_named(job, step, part))
        if attempts < MAX_UNFORESEEN:
            return self.postponed(job, step, part, NotDoneError(_UNFORESEEN))
        key = await self._repository.keep_poison(
            "jobs",
            job.id,
            {"step": step.name, "part": part, "job": job, "traceback": traceback.format_exception(error)},
        )
        await self._notifier.alert(
            _UNFORESEEN, f"job {job.code} (preset {job.preset}) failed in {step.name}: see {key}"
        )
        return [step.give_up(job, part, "internal", self._clock.now())]


def _outcome(error: Exception) -> str:
    match error:
        case NotDoneError() | ChatMovedError():
            return "postponed"
        case JobFailedError() | SlotFailedError():
            return "failed"
        case ChatGoneError():
            return "chat_gone"
        case OutcomeUnknownError():
            return "unknown"
        case StorageUnavailableError() | StorageRefusedError():
            return "storage"
        case _:
            return "crashed"


def _cause(error: NotDoneError, job: Job) -> dict[str, str]:
    """What is behind a wait; an API that refuses a request may quote it, and with it what the person wrote."""
    return {"cause": without_words(error.cause, job.prompt)} if error.cause else {}


def _named(job: Job, step: Step, part: int, events: Sequence[Event] = ()) -> dict[str, Any]:
    """What a log line is about: the part, where there are several, and the prediction, if it is about one."""
    parts = len(job.slots) if step.by_slot else len(job.inputs) if step.by_input else 1
    named: dict[str, Any] = {"part": part} if parts > 1 else {}
    created = next((e.prediction_id for e in events if isinstance(e, PredictionCreated)), None)
    its_own = part < len(job.slots) and (step.by_slot or len(job.slots) == 1)
    known = job.slots[part].prediction_id if its_own else None
    prediction_id = created or known
    return named | {"prediction_id": prediction_id} if prediction_id else named
