"""Settle a message of unknown outcome: the status message becomes the result, which cannot make a second ping."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.errors import ChatGoneError, StatusMessageGoneError
from bot.jobs.parcels import next_parcel
from bot.jobs.ports.chat import Notifier
from bot.jobs.results.artifacts import Artifacts
from bot.jobs.status import status
from bot.jobs.steps.step import Due, Step
from bot.jobs.steps.tell import handed_over, told
from storage.chat_events import Announced
from storage.event import Event
from storage.job import Job

_SENDING = status("sending")


class SettleTelling(Step):
    """Where there is no status message any more, a new silent one is sent first: no way leads to a second ping."""

    name = "settle_telling"
    done = "outcome_settled"
    in_chat = True
    on_record = True

    def __init__(self, notifier: Notifier, artifacts: Artifacts) -> None:
        self._notifier, self._artifacts = notifier, artifacts

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """The message was claimed, and whoever claimed it is gone."""
        if job.outcome and job.delivery and not job.handed and not job.status.terminal:
            yield Due()

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Repeating the edit changes nothing, so this needs no claim. It takes one result; the others follow."""
        first = next_parcel(job)[:1]
        await self._artifacts.fetch(job.id, (item.key for item in first))
        artifacts = self._artifacts.of(job.id, first)
        try:
            sent = await self._notifier.edit_into_outcome(job, artifacts)
        except ChatGoneError:
            return [told(job)]
        except StatusMessageGoneError:
            return [Announced(await self._notifier.announce(job, _SENDING), _SENDING.key, job.origin.speaks_in)]
        if not first:
            return [told(job, tuple(message.message_id for message in sent))]
        return handed_over(job, first, artifacts, sent)

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """The result stays in the history."""
        return told(job)
