"""Deletes that nobody waits for, gathered for a moment: one request takes a thousand keys."""

import asyncio
from collections.abc import Sequence

from storage.objects import ObjectStore


class GatheredDeletes:
    """Whoever has keys to delete waits until they are deleted, together with those of others who came meanwhile.

    With `linger_s` 0 nobody waits for others.
    """

    def __init__(self, store: ObjectStore, linger_s: float) -> None:
        self._store, self._linger_s = store, linger_s
        self._keys: list[str] = []
        self._next: asyncio.Task[None] | None = None

    async def delete(self, keys: Sequence[str]) -> None:
        """See `ObjectStore.delete`; what it raises concerns all keys that went together."""
        if not self._linger_s:
            return await self._store.delete(keys)
        self._keys += keys
        if self._next is None:
            self._next = asyncio.create_task(self._send(), name="delete what is done with")
            # Looked at also when all who waited were canceled; their keys are found again by the next sweep.
            self._next.add_done_callback(lambda sent: sent.cancelled() or sent.exception())
        return await asyncio.shield(self._next)  # one who is canceled must not take the others' deletes along

    async def _send(self) -> None:
        await asyncio.sleep(self._linger_s)
        keys, self._keys, self._next = self._keys, [], None
        await self._store.delete(keys)
