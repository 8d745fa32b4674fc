"""What can happen once the outcome is decided: the message that pings, the results, the report, the end."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from storage.event import Event, EventRefusedError
from storage.job import Claim, Job, JobFile, JobStatus, Report, Slot


@dataclass(frozen=True, slots=True)
class DeliveryClaimed(Event):
    """The message that pings is about to be sent: from here on its outcome may be unknown."""

    claim: Claim

    def fold(self, job: Job) -> Job:
        """Refused while anybody else's claim stands."""
        if job.delivery == self.claim:
            return job
        if job.delivery or not job.outcome:
            raise EventRefusedError("the delivery is claimed already")
        return replace(job, delivery=self.claim)


@dataclass(frozen=True, slots=True)
class DeliveryReleased(Event):
    """The claimed message is known not to have been sent."""

    claim: Claim

    def fold(self, job: Job) -> Job:
        """Only the claim it speaks of is released, and only while nothing was handed over."""
        return replace(job, delivery=None) if job.delivery == self.claim and not job.handed else job


@dataclass(frozen=True, slots=True)
class Handed:
    """One result in one message. Without `message_id` it was not sent: it is gone, or nobody can tell."""

    key: str
    message_id: int | None = None
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class HandedOver(Event):
    """Results stand in the chat; there may be more to come. `first` tells how many did before."""

    first: int
    items: tuple[Handed, ...]

    def fold(self, job: Job) -> Job:
        """A result's own message is the first one that shows it.

        The claim may have been taken back meanwhile, by whoever was told that its own message was refused.
        """
        if not job.outcome:
            raise EventRefusedError("how the job ends is not decided")
        if job.handed != self.first:
            return job
        sent = dict.fromkeys((*job.message_ids, *(item.message_id for item in self.items if item.message_id)))
        handed = replace(job, handed=self.first + len(self.items), message_ids=tuple(sent))
        by_key = {item.key: item for item in reversed(self.items) if item.message_id}
        return replace(handed, slots=tuple(_shown(slot, by_key) for slot in job.slots))


def _shown(slot: Slot, by_key: Mapping[str, Handed]) -> Slot:
    def shown(file: JobFile) -> JobFile:
        item = by_key.get(file.key)
        if item is None or file.message_id is not None:
            return file
        return replace(file, message_id=item.message_id, file_id=item.file_id)

    return replace(slot, files=tuple(map(shown, slot.files)))


@dataclass(frozen=True, slots=True)
class ReportStored(Event):
    """The page about the job was made and is in our storage."""

    pdf: str
    png: str

    def fold(self, job: Job) -> Job:
        """It is made once."""
        return job if job.report else replace(job, report=Report(self.pdf, self.png))


@dataclass(frozen=True, slots=True)
class ReportSettled(Event):
    """The report stands in the chat, in this message; or there will be none."""

    message_id: int | None = None

    def fold(self, job: Job) -> Job:
        """Nothing more is done about it."""
        report = replace(job.report or Report(), settled=True)
        told = {self.message_id} - {None, *job.message_ids}
        return replace(job, report=report, message_ids=(*job.message_ids, *filter(None, told)))


@dataclass(frozen=True, slots=True)
class Told(Event):
    """The person knows how the job ended; or is gone and cannot be told any more."""

    ends: ClassVar[JobStatus]
    message_ids: tuple[int, ...] = ()

    def fold(self, job: Job) -> Job:
        """Refused unless this is the outcome that was decided."""
        if not job.outcome or job.outcome.status is not self.ends:
            raise EventRefusedError("this is not how the job ends")
        message_ids = tuple(dict.fromkeys((*job.message_ids, *self.message_ids)))
        return replace(job, message_ids=message_ids, postponed=())


@dataclass(frozen=True, slots=True)
class ResultTold(Told):
    """The result was handed over."""

    ends: ClassVar[JobStatus] = JobStatus.COMPLETED


@dataclass(frozen=True, slots=True)
class FailureTold(Told):
    """The reason was handed over."""

    ends: ClassVar[JobStatus] = JobStatus.FAILED


@dataclass(frozen=True, slots=True)
class CancellationTold(Told):
    """The end was confirmed."""

    ends: ClassVar[JobStatus] = JobStatus.CANCELED
