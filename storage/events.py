"""What can happen to a job as a whole: admission, status message, inputs, outcome, telling, report, waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from storage.event import Event, EventRefusedError
from storage.job import Claim, Job, JobFile, JobStatus, Outcome, Postponement, Report, Slot, SlotState


@dataclass(frozen=True, slots=True)
class Admitted(Event):
    """There is a place for the job."""

    def fold(self, job: Job) -> Job:
        """Only the status moves."""
        return job


@dataclass(frozen=True, slots=True)
class PauseEnded(Event):
    """New jobs may begin again, and this one has waited for that: it has until `deadline`."""

    deadline: datetime

    def fold(self, job: Job) -> Job:
        """Never less time than before."""
        return job if job.outcome else replace(job, deadline=max(job.deadline, self.deadline))


@dataclass(frozen=True, slots=True)
class Announced(Event):
    """The status message stands in the chat."""

    message_id: int
    shown: str

    def fold(self, job: Job) -> Job:
        """The latest status message counts: an earlier one was lost with the process that sent it."""
        return replace(job, status_message_id=self.message_id, status_shown=self.shown)


@dataclass(frozen=True, slots=True)
class StatusShown(Event):
    """The status message was edited."""

    soft: ClassVar[bool] = True
    shown: str

    def fold(self, job: Job) -> Job:
        """Remember the text, so that it is not set again."""
        return replace(job, status_shown=self.shown)


@dataclass(frozen=True, slots=True)
class ChatMoved(Event):
    """The job's group has become a supergroup, another chat with messages of its own."""

    chat_id: int

    def fold(self, job: Job) -> Job:
        """There is no status message any more: its number may be anybody's message there."""
        if job.origin.speaks_in == self.chat_id:
            return job
        moved = replace(job.origin, moved_to=self.chat_id)
        return replace(job, origin=moved, status_message_id=None, status_shown="")


@dataclass(frozen=True, slots=True)
class InputStored(Event):
    """An input was fetched, checked and stored."""

    index: int
    key: str
    content_type: str
    width: int
    height: int

    def fold(self, job: Job) -> Job:
        """The input has a key from now on."""
        stored = replace(
            job.inputs[self.index],
            key=self.key,
            content_type=self.content_type,
            width=self.width,
            height=self.height,
        )
        return job.with_input(self.index, stored)


@dataclass(frozen=True, slots=True)
class InputPublished(Event):
    """An input was uploaded to where Replicate can read it."""

    index: int
    link: str

    def fold(self, job: Job) -> Job:
        """The link tells our predictions from others, should their create answer be lost."""
        return job.with_input(self.index, replace(job.inputs[self.index], link=self.link))


@dataclass(frozen=True, slots=True)
class CancelRequested(Event):
    """The person wants the job to stop."""

    def fold(self, job: Job) -> Job:
        """Too late once the outcome is decided."""
        return job if job.outcome else replace(job, cancel_requested=True)


@dataclass(frozen=True, slots=True)
class ErasureRequested(Event):
    """The person wants nothing to be left of the job: it is stopped, and deleted once it has ended."""

    def fold(self, job: Job) -> Job:
        """However far it got."""
        return replace(job, erase=True, cancel_requested=job.cancel_requested or not job.outcome)


@dataclass(frozen=True, slots=True)
class OutcomeDecided(Event):
    """How the job ends is settled; the person is not told yet.

    `seen` is how far the slots were when it was decided, if it was decided by that; none of a draft's.
    """

    status: JobStatus
    at: datetime
    code: str | None = None
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    seen: tuple[SlotState, ...] | None = None

    def overtaken(self, job: Job) -> bool:
        """News of a slot has come meanwhile, or an answer to a draft's question: it is to be decided anew."""
        answered = job.draft and self.at < job.deadline
        return self.seen is not None and (answered or self.seen != tuple(slot.state for slot in job.slots))

    def fold(self, job: Job) -> Job:
        """The first decision stands; one that was overtaken is none."""
        if job.outcome or self.overtaken(job):
            return job
        return replace(job, outcome=Outcome(self.status, self.at, self.code, self.facts))


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


@dataclass(frozen=True, slots=True)
class StepPostponed(Event):
    """A step could not be done now; it is tried again at `until`."""

    step: str
    part: int
    until: datetime
    code: str

    def fold(self, job: Job) -> Job:
        """Counts the attempts that ended for the same reason."""
        before = job.postponement(self.step, self.part)
        if before and before.until >= self.until:
            return job
        attempts = before.attempts + 1 if before and before.code == self.code else 1
        entry = Postponement(self.step, self.part, self.until, attempts, self.code)
        return replace(job, postponed=(*(p for p in job.postponed if p is not before), entry))


@dataclass(frozen=True, slots=True)
class StepResumed(Event):
    """A postponed step was done."""

    soft: ClassVar[bool] = True
    step: str
    part: int

    def fold(self, job: Job) -> Job:
        """Its attempts are forgotten."""
        before = job.postponement(self.step, self.part)
        return replace(job, postponed=tuple(p for p in job.postponed if p is not before)) if before else job
