"""What the processes that share the work know of drafts, each of them or all together."""

from collections.abc import Sequence
from typing import Protocol

from storage.object_keys import DraftOf


class DraftIndex(Protocol):
    """Which drafts people have. The storage is the truth; this saves asking it for every photo.

    Where several processes share it, all methods raise `EngineUnavailableError` when it cannot be reached.
    """

    async def of(self, whose: DraftOf) -> Sequence[str] | None:
        """The drafts of this person in this chat; None when there may be some that nobody has told it of."""
        ...

    async def add(self, whose: DraftOf, job_id: str) -> None:
        """The job is a draft; known already changes nothing."""
        ...

    async def remove(self, whose: DraftOf, job_id: str) -> None:
        """It is none (any more)."""
        ...

    async def fill(self, drafts: Sequence[tuple[DraftOf, str]]) -> None:
        """These are all that the storage has; with those added meanwhile the index is complete."""
        ...
