"""What can happen to a job as a whole: admission, putting off, being called off, and what its outcome is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from storage.event import Event
from storage.job import Job, JobStatus, Outcome, Postponement, SlotState


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
class CancelRequested(Event):
    """The person wants the job to stop."""

    def fold(self, job: Job) -> Job:
        """Too late once the outcome is decided."""
        return job if job.outcome else replace(job, cancel_requested=True)


@dataclass(frozen=True, slots=True)
class ErasureRequested(Event):
    """The person wants nothing to be left of the job: it is stopped, and deleted once it has ended."""

    after_end: ClassVar[bool] = True  # whoever closes the job looks whether this has come meanwhile

    def fold(self, job: Job) -> Job:
        """However far it got."""
        over = job.outcome or job.status.terminal
        return replace(job, erase=True, cancel_requested=job.cancel_requested or not over)


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
class StepPostponed(Event):
    """A step could not be done now; it is tried again at `until`."""

    step: str
    part: int
    until: datetime
    code: str

    def fold(self, job: Job) -> Job:
        """Counts the attempts that ended for the same reason."""
        before = job.postponement(self.step, self.part)
        if before and before.covers(self.until):
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
