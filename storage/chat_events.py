"""What can happen to where a job speaks: its status message, and the chat that this stands in."""

from dataclasses import dataclass, replace
from typing import ClassVar

from storage.event import Event
from storage.job import Job


@dataclass(frozen=True, slots=True)
class Announced(Event):
    """The status message stands in this chat."""

    message_id: int
    shown: str
    chat_id: int | None

    def fold(self, job: Job) -> Job:
        """The latest status message counts: an earlier one was lost with its process, or with the chat it stands in."""
        if self.chat_id != job.origin.speaks_in:
            return job
        return replace(job, status_message_id=self.message_id, status_shown=self.shown)


@dataclass(frozen=True, slots=True)
class StatusShown(Event):
    """Status message `message_id` was edited; None: there will be none."""

    soft: ClassVar[bool] = True
    shown: str
    message_id: int | None = None

    def fold(self, job: Job) -> Job:
        """Remember the text, so that it is not set again; that of a message which stayed in another chat is none."""
        if self.message_id is not None and self.message_id != job.status_message_id:
            return job
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
