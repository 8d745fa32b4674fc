"""What an event is. The events themselves are in the modules `storage.*_events`, one for each subject."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from storage.job import Job


class EventRefusedError(Exception):
    """The event cannot be true of this job as it stands: someone else was first, or the caller is wrong."""


@dataclass(frozen=True, slots=True)
class Event(ABC):
    """Something that happened to a job.

    An event is idempotent: folding what is already known gives an equal job. An event that cannot be true of this
    job raises `EventRefusedError` and changes nothing. `storage.transitions` says in which status it may happen.
    """

    # A soft event is worth remembering, but not worth a write of its own.
    soft: ClassVar[bool] = False
    # Whether it is folded into a job that has ended, too; its status and how it ended stay as they are.
    after_end: ClassVar[bool] = False
    # What an urgent event tells has cost money, and is dear to find out again: it is written as soon as it is known.
    urgent: ClassVar[bool] = False

    def overtaken(self, job: Job) -> bool:
        """Whether the job has moved on, so that nothing follows from the event any more: not even a status."""
        return False

    @abstractmethod
    def fold(self, job: Job) -> Job:
        """The job after this event; raises `EventRefusedError` when it cannot be."""
