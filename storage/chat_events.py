"""What can happen to where a job speaks: its status message, and the chat that this stands in."""

from dataclasses import dataclass, replace
from typing import ClassVar

from storage.event import Event
from storage.job import Job


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
        """There is no message of ours any more, neither the status nor what was handed over already: their numbers may
        be anybody's messages there.
        """
        if job.origin.speaks_in == self.chat_id:
            return job
        moved = replace(job.origin, moved_to=self.chat_id)
        slots = tuple(
            replace(slot, files=tuple(replace(file, message_id=None) for file in slot.files)) for slot in job.slots
        )
        return replace(job, origin=moved, slots=slots, message_ids=(), status_message_id=None, status_shown="")
