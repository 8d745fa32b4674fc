"""Tidy up after a job whose person was told: history, status message, markers. All of it may be repeated."""

import asyncio

import structlog

from bot.jobs.errors import ChatGoneError, NotDoneError
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports import Notifier
from bot.jobs.quota import DailyQuota
from storage.job import HistoryEntry, Job, JobStatus
from storage.repository import JobRepository

_log = structlog.get_logger()


class Close:
    """The last thing to go is the open marker: until then any restart comes back here."""

    def __init__(
        self,
        repository: JobRepository,
        notifier: Notifier,
        quota: DailyQuota,
        pace: PollPace,
    ) -> None:
        self._repository, self._notifier = repository, notifier
        self._quota, self._pace = quota, pace

    async def __call__(self, job: Job) -> None:
        """Raises `StorageError`, and then nothing is lost: it is called again."""
        await asyncio.gather(self._history(job), self._retract(job))
        predictions = [slot.prediction_id for slot in job.slots if slot.prediction_id]
        await self._repository.close(job.id, predictions)
        for prediction_id in predictions:
            self._pace.forget(prediction_id)

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

    async def _retract(self, job: Job) -> None:
        if not job.message_ids:
            return  # nothing took its place
        try:
            await self._notifier.retract_status(job)
        except (ChatGoneError, NotDoneError) as error:
            _log.info("status_not_retracted", reason=str(error) or type(error).__name__)
        except Exception:  # noqa: BLE001 - a status message that stays is not worth keeping a finished job open
            _log.exception("status_not_retracted")
