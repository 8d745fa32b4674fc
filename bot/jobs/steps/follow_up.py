"""Hand over the results that the first message had no room for: a second album, the files beside the photos."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.errors import ChatGoneError, NotDoneError, OutcomeUnknownError
from bot.jobs.parcels import next_parcel
from bot.jobs.ports.chat import Notifier
from bot.jobs.results.artifacts import Artifacts
from bot.jobs.steps.step import Due, Step
from bot.jobs.steps.tell import handed_over, shown_in, told
from storage.event import Event
from storage.job import Job

_UNCLEAR = "follow_up_unclear"


class FollowUp(Step):
    """One message, or album, at a time, and silent: the person was pinged. So it is sent again when a crash has made
    its outcome unknown, and once more when Telegram has: seen twice at worst, never lost.
    """

    name = "follow_up"
    done = "results_followed"
    in_chat = True
    on_record = True

    def __init__(self, notifier: Notifier, artifacts: Artifacts) -> None:
        self._notifier, self._artifacts = notifier, artifacts

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """The first results are there, and not all."""
        if job.handed and not job.status.terminal and next_parcel(job):
            yield Due()

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """The next parcel."""
        parcel = next_parcel(job)
        await self._artifacts.fetch(job.id, (item.key for item in parcel))
        artifacts = self._artifacts.of(job.id, parcel)
        try:
            sent = await self._notifier.send_more(job, artifacts) if artifacts else ()
        except ChatGoneError:
            return [told(job)]
        except OutcomeUnknownError as error:
            waited = job.postponement(self.name, part)
            if not waited or waited.code != _UNCLEAR:
                raise NotDoneError(_UNCLEAR) from error
            artifacts, sent = (), ()
        return handed_over(job, parcel, artifacts, sent)

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """The results stay in the history."""
        return shown_in(job, next_parcel(job), (), ())
