"""A group becomes a supergroup: another chat, in which its people go on writing.

A job on its way hears of it when Telegram refuses a message. A draft that waits for words sends none: it is told.
"""

from contextlib import suppress

from bot.jobs.drafts import Drafts
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.queue import JobQueue
from storage.chat_events import ChatMoved
from storage.errors import ObjectNotFoundError, RecordCorruptError, RecordTooNewError
from storage.repository import JobRepository


class MovedGroups:
    """Reads the list of drafts, and only the records of those that are concerned."""

    def __init__(self, repository: JobRepository, drafts: Drafts, queue: JobQueue, clock: Clock) -> None:
        self._repository, self._drafts, self._queue, self._clock = repository, drafts, queue, clock

    async def follow(self, chat_id: int, moved_to: int) -> int:
        """Have the drafts of a chat asked about, and answered, in what it has become; returns how many there are.

        Telling it again does no harm. Raises `StorageError`, and then it must be told again.
        """
        concerned = [draft.job_id async for draft in self._repository.drafts() if draft.whose.chat_id == chat_id]
        for job_id in concerned:
            # What is the matter with a record that is gone, or cannot be read, is seen by whoever advances its job.
            with suppress(ObjectNotFoundError, RecordCorruptError, RecordTooNewError):
                job = await self._repository.change(job_id, [ChatMoved(moved_to)], self._clock.now())
                await self._drafts.note(job)
                await self._queue.enqueue(job_id)
        return len(concerned)
