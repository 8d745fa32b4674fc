"""Hand over the report: the status message becomes it, which pings nobody and cannot happen twice."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.errors import ChatGoneError, StatusMessageGoneError
from bot.jobs.ports.chat import Notifier
from bot.jobs.results.artifacts import Artifacts
from bot.jobs.results.report import wants_report
from bot.jobs.status import status
from bot.jobs.steps.step import Due, Step
from storage.chat_events import Announced
from storage.delivery_events import ReportSettled
from storage.event import Event
from storage.job import Job

_REPORT = status("report")


class ShowReport(Step):
    """Where there is no status message any more a new silent one is sent first."""

    name = "show_report"
    done = "report_delivered"
    in_chat = True
    on_record = True

    def __init__(self, notifier: Notifier, artifacts: Artifacts) -> None:
        self._notifier, self._artifacts = notifier, artifacts

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """It is stored."""
        if job.report and not job.status.terminal and wants_report(job):
            yield Due()

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Nobody misses what is gone from the storage: it is logged where it is read."""
        key = job.report.pdf if job.report else None
        if key is None or job.origin.chat_id is None:
            return [ReportSettled()]
        await self._artifacts.fetch(job.id, [key])
        pdf = self._artifacts.held(job.id, key)
        if pdf is None:
            return [ReportSettled()]
        try:
            return [ReportSettled(await self._notifier.edit_into_report(job, pdf))]
        except ChatGoneError:
            return [ReportSettled()]
        except StatusMessageGoneError:
            return [Announced(await self._notifier.announce(job, _REPORT), _REPORT.key, job.origin.speaks_in)]

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """The results are what counts."""
        return ReportSettled()
