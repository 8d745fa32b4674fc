"""People's records: `users/{user}.json`."""

import math
import time
from collections.abc import Callable

from storage import object_keys
from storage.cached_records import CachedRecords
from storage.known_keys import KnownKeys
from storage.objects import ObjectStore
from storage.person import PERSON, Person
from storage.recent import Locks


class People:
    """One read for a person this process has not met, and none from then on; see `CachedRecords`.

    A process that is alone does not read either who has no record.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        conditional_writes: bool = True,
        locks: Locks | None = None,
        fresh_for_s: float = math.inf,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = CachedRecords(
            store,
            PERSON,
            Person(),
            conditional_writes=conditional_writes,
            locks=locks,
            fresh_for_s=fresh_for_s,
            now=now,
            keys=KnownKeys(store, object_keys.USERS) if fresh_for_s == math.inf else None,
        )

    async def load(self, user: str, *, max_age_s: float = math.inf) -> Person:
        """The person; somebody who was never here is like everybody. See `CachedRecords.load`."""
        return await self._records.load(object_keys.person(user), max_age_s=max_age_s)

    def known(self, user: str) -> Person | None:
        """The person as last seen by this process, without asking the storage."""
        return self._records.known(object_keys.person(user))

    async def change(self, user: str, change: Callable[[Person], Person]) -> Person:
        """Write what `change` makes of the person; it may be called again when somebody else was faster."""
        return await self._records.change(object_keys.person(user), change)

    async def remove(self, user: str) -> bool:
        """Forget the person; whether anything was remembered."""
        return await self._records.remove(object_keys.person(user))
