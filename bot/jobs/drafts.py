"""Which drafts a person has in a chat: what the doors must know before they take a photo for a new wish.

Told from memory where this process is the only one, else from an index that all share; one listing brings either back
after a restart. The job's record has the last word: a draft that is named here may have become a job by now.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from bot.jobs.draft_index import DraftIndex
from bot.jobs.errors import EngineUnavailableError
from storage.job import Job
from storage.object_keys import DraftOf
from storage.repository import JobRepository


class ProcessDrafts:
    """`DraftIndex` of a process that is alone."""

    def __init__(self) -> None:
        self._known: dict[DraftOf, dict[str, None]] = {}
        self._filled = False

    async def of(self, whose: DraftOf) -> Sequence[str] | None:
        """See `DraftIndex.of`."""
        return list(self._known.get(whose, ())) if self._filled else None

    async def add(self, whose: DraftOf, job_id: str) -> None:
        """See `DraftIndex.add`."""
        self._known.setdefault(whose, {}).setdefault(job_id)

    async def remove(self, whose: DraftOf, job_id: str) -> None:
        """See `DraftIndex.remove`."""
        if whose in self._known:
            self._known[whose].pop(job_id, None)
            if not self._known[whose]:
                del self._known[whose]

    async def fill(self, drafts: Sequence[tuple[DraftOf, str]]) -> None:
        """See `DraftIndex.fill`."""
        for whose, job_id in drafts:
            await self.add(whose, job_id)
        self._filled = True


class Drafts:
    """Asks the storage where the index does not know, or cannot be asked."""

    def __init__(self, repository: JobRepository, index: DraftIndex) -> None:
        self._repository, self._index = repository, index
        self._reading = asyncio.Lock()

    async def of(self, user: str, chat_id: int) -> Sequence[str]:
        """The drafts of this person in this chat; raises `StorageError`."""
        whose = DraftOf(user, chat_id)
        try:
            known = await self._index.of(whose)
            return known if known is not None else await self._filled(whose)
        except EngineUnavailableError:
            return [draft.job_id async for draft in self._repository.drafts(whose)]

    async def note(self, job: Job, *, was_draft: bool = True) -> None:
        """How the job stands now, and whether it may have been noted as a draft before.

        While the index cannot be reached nothing is noted: a draft is when its job is advanced next, which the sweep
        sees to, and what is no draft any more is taken out by who finds that out.

        Raises:
            StorageError: its group has become another chat, and the draft cannot be marked there now.
        """
        origin = job.origin
        if job.draft and origin.moved_to is not None:
            await self._repository.mark_draft(DraftOf(origin.user, origin.moved_to), job.id)
        for chat_id in origin.chats:
            if job.draft:
                with suppress(EngineUnavailableError):
                    await self._index.add(DraftOf(origin.user, chat_id), job.id)
            elif was_draft:
                await self.forget(origin.user, chat_id, job.id)

    async def forget(self, user: str, chat_id: int, job_id: str) -> None:
        """The job is no draft (any more)."""
        with suppress(EngineUnavailableError):
            await self._index.remove(DraftOf(user, chat_id), job_id)

    async def _filled(self, whose: DraftOf) -> Sequence[str]:
        """What the processes before this one have left; what has been noted since then is right already."""
        async with self._reading:
            known = await self._index.of(whose)
            if known is None:
                await self._index.fill([(draft.whose, draft.job_id) async for draft in self._repository.drafts()])
                known = await self._index.of(whose)
        return known or []
