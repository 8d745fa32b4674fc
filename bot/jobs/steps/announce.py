"""The one living status message of a job: sent once, edited when what it says is no longer true."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import structlog

from bot.jobs.ports import Clock, Notifier
from bot.jobs.questions import open_question
from bot.jobs.steps.step import Due, Step
from replicate_gateway.presets import Preset
from storage.errors import StorageError
from storage.event import Event
from storage.events import Announced, StatusShown
from storage.job import Job, JobStatus
from storage.repository import JobRepository
from storage.wishes import Question

# Why a step waits -> what the person reads meanwhile. Reasons that pass in seconds are not worth an edit.
_WAITING = {
    "paused": "waiting_for_pause",
    "user_busy": "waiting_for_own_jobs",
    "replicate_full": "waiting_for_place",
    "replicate_busy": "waiting_for_place",
    "replicate_unreachable": "waiting_for_place",
    "create_unclear": "waiting_for_place",
}
# The open question -> what the person reads.
_ASKING = {
    Question.PRESET: "ask_preset",
    Question.IMAGE: "ask_image",
    Question.PROMPT: "ask_prompt",
    Question.ALBUM: "ask_album",
    Question.START: "ask_start",
}

_log = structlog.get_logger()


def wanted_status(job: Job) -> str:
    """The key of the text that the status message should show."""
    return next((_WAITING[p.code] for p in job.postponed if p.code in _WAITING), "accepted")


class Announce(Step):
    """Not claimed: sending it again after a crash makes no ping, and an edit repeated changes nothing."""

    name = "announce"
    done = "status_shown"

    def __init__(
        self, notifier: Notifier, presets: Mapping[str, Preset], repository: JobRepository, clock: Clock
    ) -> None:
        self._notifier, self._presets, self._repository, self._clock = notifier, presets, repository, clock

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """From the moment it is known whether the job waits, and as long as there is no outcome to show instead."""
        if job.outcome or job.cancel_requested or (job.draft and not open_question(job, self._presets)):
            return
        begun = job.status is JobStatus.PROCESSING or job.postponed or job.draft
        if begun and job.status_shown != self._wanted(job):
            yield Due()

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Send it, or edit it."""
        key = self._wanted(job)
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
        return StatusShown(self._wanted(job))

    def _wanted(self, job: Job) -> str:
        question = open_question(job, self._presets)
        return _ASKING[question] if question else wanted_status(job)
