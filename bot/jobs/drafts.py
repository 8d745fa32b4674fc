"""Which drafts a person has in a chat: what the doors must know before they take a photo for a new wish.

Told from memory where this process is the only one; after a restart one listing brings the memory back. The job's
record has the last word: a draft that is named here may have become a job by now.
"""

import asyncio

from storage.job import Job
from storage.object_keys import DraftOf
from storage.repository import JobRepository


class Drafts:
    """Answers for this process's drafts without asking the storage; `sole` says that there are no others."""

    def __init__(self, repository: JobRepository, *, sole: bool = True) -> None:
        self._repository, self._sole = repository, sole
        self._known: dict[DraftOf, dict[str, None]] = {}
        self._read = False
        self._reading = asyncio.Lock()

    async def of(self, user: str, chat_id: int) -> list[str]:
        """The drafts of this person in this chat, oldest first; raises `StorageError`."""
        whose = DraftOf(user, chat_id)
        if not self._sole:
            return [draft.job_id async for draft in self._repository.drafts(whose)]
        if not self._read:
            await self._read_once()
        return list(self._known.get(whose, ()))

    def note(self, job: Job) -> None:
        """How the job stands now."""
        if job.origin.chat_id is None:
            return
        whose = DraftOf(job.origin.user, job.origin.chat_id)
        if job.draft:
            self._known.setdefault(whose, {}).setdefault(job.id)
        elif whose in self._known:
            self._known[whose].pop(job.id, None)
            if not self._known[whose]:
                del self._known[whose]

    async def _read_once(self) -> None:
        """What the processes before this one have left; what has been noted since then is right already."""
        async with self._reading:
            if self._read:
                return
            async for draft in self._repository.drafts():
                self._known.setdefault(draft.whose, {}).setdefault(draft.job_id)
            self._read = True
