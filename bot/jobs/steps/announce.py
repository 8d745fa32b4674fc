"""The one living status message of a job: sent once, edited when what it says is no longer true."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import structlog

from bot.jobs.ports import Clock, Notifier
from bot.jobs.steps.step import Due, Step
from storage.errors import StorageError
from storage.event import Event
from storage.events import Announced, StatusShown
from storage.job import Job, JobStatus
from storage.repository import JobRepository

# Why a step waits -> what the person reads meanwhile. Reasons that pass in seconds are not worth an edit.
_WAITING = {
    "user_busy": "waiting_for_own_jobs",
    "replicate_full": "waiting_for_place",
    "replicate_busy": "waiting_for_place",
    "replicate_unreachable": "waiting_for_place",
    "create_unclear": "waiting_for_place",
}


_log = structlog.get_logger()


def wanted_status(job: Job) -> str:
    """The key of the text that the status message should show."""
    return next((_WAITING[p.code] for p in job.postponed if p.code in _WAITING), "accepted")


class Announce(Step):
    """Not claimed: sending it again after a crash makes no ping, and an edit repeated changes nothing."""

    name = "announce"
    done = "status_shown"

    def __init__(self, notifier: Notifier, repository: JobRepository, clock: Clock) -> None:
        self._notifier, self._repository, self._clock = notifier, repository, clock

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """From the moment it is known whether the job waits, and as long as there is no outcome to show instead."""
        begun = job.status is JobStatus.PROCESSING or job.postponed
        if begun and not job.outcome and not job.cancel_requested and job.status_shown != wanted_status(job):
            yield Due()

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Send it, or edit it."""
        key = wanted_status(job)
        if job.status_message_id is None:
            return [await self._written(job, Announced(await self._notifier.announce(job, key), key))]
        await self._notifier.show_status(job, key)
        return [StatusShown(key)]

    async def _written(self, job: Job, announced: Announced) -> Announced:
        """Written at once: of all facts this is the one that nobody could find out again."""
        try:
            await self._repository.change(job.id, [announced], self._clock.now())
        except StorageError as error:
            _log.info("announcement_not_written_yet", error=str(error))
        return announced

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """A job goes on without a status message; the outcome then comes as a message of its own."""
        return StatusShown(wanted_status(job))
