"""Tidy up after a job whose person was told: history, status message, markers. All of it may be repeated."""

from datetime import datetime, timedelta

import structlog

from bot.jobs.errors import ChatGoneError, NotDoneError
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports import Clock, Notifier
from bot.jobs.quota import DailyQuota
from storage.job import HistoryEntry, Job, JobStatus
from storage.repository import JobRepository

# A status message beside its result only looks untidy; after this it stays.
_RETRACT_WITHIN = timedelta(minutes=10)
_RETRACT_AGAIN_S = 1.0

_log = structlog.get_logger()


class Close:
    """The last thing to go is the open marker: until then any restart comes back here."""

    def __init__(
        self,
        repository: JobRepository,
        notifier: Notifier,
        quota: DailyQuota,
        pace: PollPace,
        clock: Clock,
    ) -> None:
        self._repository, self._notifier = repository, notifier
        self._quota, self._pace, self._clock = quota, pace, clock

    async def __call__(self, job: Job) -> datetime | None:
        """When to come back, or None when all is done. Raises `StorageError`, and then nothing is lost."""
        await self._history(job)
        again_in_s = await self._retract(job)
        if again_in_s is not None:
            return self._clock.now() + timedelta(seconds=again_in_s)
        predictions = [slot.prediction_id for slot in job.slots if slot.prediction_id]
        await self._repository.close(job.id, predictions)
        for prediction_id in predictions:
            self._pace.forget(prediction_id)
        return None

    async def _history(self, job: Job) -> None:
        if job.status is not JobStatus.COMPLETED or not job.outcome:
            return
        entry = HistoryEntry(
            job_id=job.id,
            preset=job.preset,
            done_at=job.outcome.at,
            input_key=job.inputs[0].key if job.inputs else None,
            keys=tuple(file.key for file in job.files),
            message_ids=job.message_ids,
        )
        await self._repository.put_history(job.origin.user, entry)
        self._quota.note(job.origin.user, entry.done_at)

    async def _retract(self, job: Job) -> float | None:
        """None when the status message is gone or may stay; else in how many seconds to try again."""
        if not job.message_ids or job.outcome is None:
            return None  # nothing took its place
        try:
            await self._notifier.retract_status(job)
        except NotDoneError as error:
            if self._clock.now() - job.outcome.at < _RETRACT_WITHIN:
                return max(error.retry_after_s or 0.0, _RETRACT_AGAIN_S)
            _log.info("status_not_retracted", reason=str(error))
        except ChatGoneError:
            return None
        except Exception:  # noqa: BLE001 - a status message that stays is not worth keeping a finished job open
            _log.exception("status_not_retracted")
        return None
