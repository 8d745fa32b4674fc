"""What people had used of their day when they had everything of theirs deleted: `spent/{digest}.json`.

Else whoever deletes begins a new day. The key is a keyed digest: it tells nothing to those who do not have the bot's
token, and nothing in the record says whose it is. It expires with the day.
"""

import hashlib
import hmac
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from storage import object_keys
from storage.cached_records import CachedRecords
from storage.known_keys import KnownKeys
from storage.objects import ObjectStore
from storage.recent import Locks
from storage.record_format import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class _Spent:
    times: tuple[float, ...] = ()
    v: int = SCHEMA_VERSION


class SpentQuotas:
    """Times are seconds since the epoch, one for each image. Methods raise `StorageError`; see `CachedRecords`."""

    def __init__(
        self,
        store: ObjectStore,
        key: bytes,
        *,
        conditional_writes: bool = True,
        locks: Locks | None = None,
        fresh_for_s: float = math.inf,
    ) -> None:
        self._key = key
        self._records = CachedRecords(
            store,
            TypeAdapter(_Spent),
            _Spent(),
            conditional_writes=conditional_writes,
            locks=locks,
            fresh_for_s=fresh_for_s,
            keys=KnownKeys(store, object_keys.SPENT) if fresh_for_s == math.inf else None,
        )

    async def of(self, user: str) -> Sequence[float]:
        """When images were delivered of which nothing else is known any more."""
        return (await self._records.load(self._key_of(user))).times

    async def keep(self, user: str, times: Sequence[float], *, since_s: float) -> None:
        """Remember these, and what is kept from before, as far as it is not older than `since_s`; may be repeated."""

        def kept(before: _Spent) -> _Spent:
            both = together(times, before.times)
            return _Spent(tuple(at for at in both if at >= since_s))

        await self._records.change(self._key_of(user), kept)

    def _key_of(self, user: str) -> str:
        return object_keys.spent(hmac.digest(self._key, user.encode(), hashlib.sha256).hex()[:32])


def together(some: Sequence[float], others: Sequence[float]) -> list[float]:
    """The times of both, newest first; what both know of counts once."""
    return sorted((Counter(some) | Counter(others)).elements(), reverse=True)
