"""One attempt at one part of a step, and what follows from each way it can end."""

import traceback
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from time import perf_counter

import structlog

from bot.jobs.errors import (
    IN_LINE,
    ChatGoneError,
    JobFailedError,
    NotDoneError,
    OutcomeUnknownError,
    SlotFailedError,
)
from bot.jobs.ports import Clock, Notifier
from bot.jobs.replicate_news import OPERATOR_CODES
from bot.jobs.steps.step import Step
from replicate_gateway.retry import backoff_s
from storage.errors import StorageError
from storage.event import Event
from storage.events import OutcomeDecided, StepPostponed, StepResumed
from storage.job import Job, JobStatus
from storage.repository import JobRepository
from storage.slot_events import PredictionCreated, SlotFailed

_BACKOFF_BASE_S = 1.0
_BACKOFF_CAP_S = 60.0
# A step that fails in a way nobody foresaw is tried this often before it is given up.
_MAX_UNFORESEEN = 3
# Telling somebody may wait for an outage to pass, but not for ever.
_GIVE_UP_TELLING = timedelta(hours=24)

_log = structlog.get_logger()


class Attempt:
    """Performs a step and turns every error into events; only `StorageError` and cancellation pass through."""

    def __init__(self, repository: JobRepository, notifier: Notifier, clock: Clock, random: Random) -> None:
        self._repository, self._notifier = repository, notifier
        self._clock, self._random = clock, random

    async def __call__(self, job: Job, step: Step, part: int) -> Sequence[Event]:
        """The events that follow from this attempt."""
        started = perf_counter()
        try:
            events = await step.perform(job, part)
        except NotDoneError as error:
            return [*self._released(job, step, part), *self._later(job, step, part, error)]
        except OutcomeUnknownError as error:
            # The claim stands; the step that settles it is due from now on.
            _log.warning("outcome_unknown", step=step.name, part=part, error=str(error))
            return []
        except ChatGoneError:
            _log.info("chat_gone", step=step.name)
            return [OutcomeDecided(JobStatus.CANCELED, self._clock.now(), "chat_gone")]
        except JobFailedError as error:
            return [*self._released(job, step, part), await self._failed(step, error)]
        except SlotFailedError as error:
            _log.warning("slot_failed", step=step.name, part=part, code=error.code)
            return [SlotFailed(part, error.code)]
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - a job must not take the process down; it is kept as poison
            # Not released: what crashed may have had its effect.
            return await self._unforeseen(job, step, part, error)
        ms = round((perf_counter() - started) * 1000, 1)
        _log.info(step.done, part=part, ms=ms, **_prediction(job, part, events))
        resumed = [StepResumed(step.name, part)] if job.postponement(step.name, part) else []
        return [*events, *resumed]

    def postponed(self, job: Job, step: Step, part: int, error: NotDoneError) -> Sequence[Event]:
        """The event that puts a step off, with a wait that grows with its attempts; none while it stands in line."""
        before = job.postponement(step.name, part)
        if before and before.code == error.code and error.code in IN_LINE and before.until > self._clock.now():
            return []
        attempts = before.attempts if before else 0
        wait_s = backoff_s(attempts, base_s=_BACKOFF_BASE_S, cap_s=_BACKOFF_CAP_S, random=self._random.random)
        wait_s = max(wait_s, error.retry_after_s or 0.0)
        _log.info("step_postponed", step=step.name, part=part, code=error.code, wait_s=round(wait_s, 2))
        return [StepPostponed(step.name, part, self._clock.now() + timedelta(seconds=wait_s), error.code)]

    def _later(self, job: Job, step: Step, part: int, error: NotDoneError) -> Sequence[Event]:
        if job.outcome and self._clock.now() - job.outcome.at > _GIVE_UP_TELLING:
            _log.error("telling_given_up", step=step.name, code=error.code)
            return [step.give_up(job, part, error.code, self._clock.now())]
        return self.postponed(job, step, part, error)

    def _released(self, job: Job, step: Step, part: int) -> Sequence[Event]:
        event = step.release(job, part)
        return [event] if event else []

    async def _failed(self, step: Step, error: JobFailedError) -> Event:
        operator = error.code in OPERATOR_CODES
        log = _log.error if operator else _log.info
        log("job_failed", step=step.name, code=error.code, cause=repr(error.__cause__) if error.__cause__ else None)
        if operator:
            await self._notifier.alert(error.code, f"{error.code}: {error.__cause__}")
        return OutcomeDecided(JobStatus.FAILED, self._clock.now(), error.code, error.facts)

    async def _unforeseen(self, job: Job, step: Step, part: int, error: Exception) -> Sequence[Event]:
        before = job.postponement(step.name, part)
        attempts = before.attempts + 1 if before else 1
        _log.exception("step_crashed", step=step.name, part=part, attempts=attempts)
        if attempts < _MAX_UNFORESEEN:
            return self.postponed(job, step, part, NotDoneError("unforeseen"))
        key = await self._repository.keep_poison(
            "jobs",
            job.id,
            {"step": step.name, "part": part, "job": job, "traceback": traceback.format_exception(error)},
        )
        await self._notifier.alert("unforeseen", f"job {job.code} failed in {step.name}: see {key}")
        return [step.give_up(job, part, "internal", self._clock.now())]


def _prediction(job: Job, part: int, events: Sequence[Event]) -> dict[str, str]:
    """The prediction that a log line is about, if it is about one."""
    named = next((e.prediction_id for e in events if isinstance(e, PredictionCreated)), None)
    known = job.slots[part].prediction_id if part < len(job.slots) else None
    prediction_id = named or known
    return {"prediction_id": prediction_id} if prediction_id else {}
