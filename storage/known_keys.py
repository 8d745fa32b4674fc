"""Which keys there are under a prefix, for a process that is the only one to write them: one listing, then memory.

Most people have never chosen anything, and many send their first photo: it should not wait for a read that finds
nothing.
"""

import asyncio

from storage.objects import ObjectStore

# A listing gives a thousand keys a request; where there are more than this, whoever comes first would wait too long.
MAX_LISTED = 5000


class KnownKeys:
    """Never says of a key that might exist that it does not.

    With `folders` it knows what the keys below the prefix begin with, up to and with the next slash.
    """

    def __init__(self, store: ObjectStore, prefix: str, *, folders: bool = False) -> None:
        self._store, self._prefix, self._folders = store, prefix, folders
        self._keys: set[str] = set()
        self._complete: bool | None = None  # None: not listed yet; False: too many to know
        self._listing = asyncio.Lock()

    async def surely_absent(self, key: str) -> bool:
        """Whether there is no such object; raises `StorageError` when that has to be looked up and cannot be."""
        if self._complete is None:
            await self._list()
        return bool(self._complete) and key not in self._keys

    def add(self, key: str) -> None:
        """It was written, or may have been."""
        if self._complete is not False:
            self._keys.add(key)

    async def _list(self) -> None:
        async with self._listing:
            if self._complete is not None:
                return
            found = await self._listed(MAX_LISTED + 1)
            self._complete = len(found) <= MAX_LISTED
            self._keys = self._keys | found if self._complete else set()

    async def _listed(self, limit: int) -> set[str]:
        if self._folders:
            return {f"{self._prefix}{name}/" async for name in self._store.folders(self._prefix, limit=limit)}
        return {row.key async for row in self._store.list(self._prefix, limit=limit)}
