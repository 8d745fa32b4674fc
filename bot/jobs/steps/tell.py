"""Tell the person how the job ended. A message that pings cannot be unsent, so it is claimed before it is sent."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.jobs.errors import ChatGoneError
from bot.jobs.parcels import Item, next_parcel
from bot.jobs.ports.chat import Artifact, Notifier, Sent
from bot.jobs.results.artifacts import Artifacts
from bot.jobs.results.report import wants_report
from bot.jobs.steps.step import Due, Step
from storage.delivery_events import (
    CancellationTold,
    DeliveryClaimed,
    DeliveryReleased,
    FailureTold,
    Handed,
    HandedOver,
    ResultTold,
    Told,
)
from storage.event import Event
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


def all_told(job: Job) -> bool:
    """Whether the person has all that a completed job has for them."""
    return job.handed > 0 and not next_parcel(job) and not wants_report(job)


def handed_over(
    job: Job, parcel: Sequence[Item], artifacts: Sequence[Artifact], sent: Sequence[Sent]
) -> Sequence[Event]:
    """The events that follow from these messages, which show this parcel; with the last one the job is completed."""
    event = shown_in(job, parcel, artifacts, sent)
    return [event, ResultTold()] if all_told(event.fold(job)) else [event]


def shown_in(job: Job, parcel: Sequence[Item], artifacts: Sequence[Artifact], sent: Sequence[Sent]) -> HandedOver:
    """The event that these messages show this parcel; what was not at hand has no message."""
    shown = dict(zip([artifact.file.key for artifact in artifacts], sent, strict=False))
    words = sent[0] if sent and not artifacts else None  # they say that the results are gone
    messages = [shown.get(item.file.key, words) for item in parcel]
    return HandedOver(
        job.handed,
        tuple(
            Handed(item.file.key, message.message_id, message.file_id) if message else Handed(item.file.key)
            for item, message in zip(parcel, messages, strict=True)
        ),
    )


class Tell(Step):
    """A new message that quotes the original: the first results, or why there are none. Only this one pings."""

    name = "tell"
    done = "outcome_delivered"
    in_chat = True

    def __init__(self, notifier: Notifier, artifacts: Artifacts) -> None:
        self._notifier, self._artifacts = notifier, artifacts

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """The outcome is decided, and nobody set out to tell it."""
        if job.outcome and not job.status.terminal and not job.delivery and not job.handed:
            yield Due()

    def claim(self, job: Job, part: int, claim: Claim) -> Event:
        """From here on the person may have been told."""
        return DeliveryClaimed(claim)

    async def prepare(self, job: Job, part: int) -> Sequence[Event]:
        """Have the results at hand, so that nothing but the message itself can fail once it is claimed."""
        await self._artifacts.fetch(job.id, (item.key for item in next_parcel(job)))
        return ()

    def release(self, part: int, claim: Claim) -> Event:
        """Telegram said no, or was never reached."""
        return DeliveryReleased(claim)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Someone who is gone needs no message."""
        parcel = next_parcel(job)
        artifacts = self._artifacts.of(job.id, parcel)
        try:
            sent = await self._notifier.send_outcome(job, artifacts)
        except ChatGoneError:
            return [told(job)]
        if not parcel:
            return [told(job, tuple(message.message_id for message in sent))]
        return handed_over(job, parcel, artifacts, sent)

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """The result stays in the history."""
        return told(job)
