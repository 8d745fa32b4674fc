"""Tell the person how the job ended. A message that pings cannot be unsent, so it is claimed before it is sent."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.artifacts import Artifacts
from bot.jobs.errors import ChatGoneError
from bot.jobs.ports import Notifier
from bot.jobs.steps.step import Due, Step
from storage.event import Event
from storage.events import CancellationTold, DeliveryClaimed, DeliveryReleased, FailureTold, ResultTold, Told
from storage.job import Claim, Job, JobStatus


def told(job: Job, message_ids: tuple[int, ...] = ()) -> Told:
    """The event that ends the job as it was decided."""
    match job.outcome.status if job.outcome else None:
        case JobStatus.COMPLETED:
            return ResultTold(message_ids)
        case JobStatus.FAILED:
            return FailureTold(message_ids)
        case _:
            return CancellationTold(message_ids)


class Tell(Step):
    """A new message that quotes the original."""

    name = "tell"
    done = "outcome_delivered"

    def __init__(self, notifier: Notifier, artifacts: Artifacts) -> None:
        self._notifier, self._artifacts = notifier, artifacts

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """The outcome is decided, and nobody set out to tell it."""
        if job.outcome and not job.status.terminal and not job.delivery:
            yield Due()

    def claim(self, job: Job, part: int, claim: Claim) -> Event:
        """From here on the person may have been told."""
        return DeliveryClaimed(claim)

    async def prepare(self, job: Job, part: int) -> Sequence[Event]:
        """Have the results at hand, so that nothing but the message itself can fail once it is claimed."""
        await self._artifacts.fetch(job)
        return ()

    def release(self, part: int, claim: Claim) -> Event:
        """Telegram said no, or was never reached."""
        return DeliveryReleased(claim)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Someone who is gone needs no message."""
        try:
            return [told(job, await self._notifier.send_outcome(job, self._artifacts.of(job)))]
        except ChatGoneError:
            return [told(job)]

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """The result stays in the history."""
        return told(job)
