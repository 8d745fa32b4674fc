"""Small records that are read often and changed seldom: kept in memory, changed by compare-and-swap."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from storage.errors import (
    ObjectNotFoundError,
    ObjectTooLargeError,
    PreconditionFailedError,
    RecordCorruptError,
    StorageUnavailableError,
)
from storage.known_keys import KnownKeys
from storage.objects import ObjectStore
from storage.recent import KeyedLocks, Locks
from storage.record_format import JSON, MAX_RECORD_BYTES, dump_record, load_record

T = TypeVar("T")

# Each lost race means that somebody else made progress; this many in a row means that something is wrong.
_MAX_LOST_RACES = 20


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    value: T
    etag: str | None  # None: there is no record yet
    read_at: float


class CachedRecords(Generic[T]):
    """Records of one kind; what is not recorded has the value `absent`.

    What was read or written is remembered for `fresh_for_s` seconds, for good while one process is alone: then its
    own writes are all there are; `keys` then tell which records need not be read because there are none. Where the
    store does not honour conditions, `locks` alone order the changes: those of this process, or ones that all
    processes share. All methods raise the errors of `storage.objects.ObjectStore`.
    """

    def __init__(
        self,
        store: ObjectStore,
        adapter: TypeAdapter[T],
        absent: T,
        *,
        conditional_writes: bool = True,
        locks: Locks | None = None,
        keep: int = 10_000,
        fresh_for_s: float = math.inf,
        now: Callable[[], float] = time.monotonic,
        keys: KnownKeys | None = None,
    ) -> None:
        self._store, self._adapter, self._absent, self._keys = store, adapter, absent, keys
        self._conditional, self._keep, self._fresh_for_s, self._now = conditional_writes, keep, fresh_for_s, now
        self._known: OrderedDict[str, _Known[T]] = OrderedDict()
        self._locks = locks or KeyedLocks()

    async def load(self, key: str, *, max_age_s: float = math.inf) -> T:
        """The record under this key: one read, or none while it is fresh in memory.

        Where others may write, what was read more than `max_age_s` seconds ago is read again.

        Raises:
            RecordCorruptError, RecordTooNewError: it cannot be read.
        """
        return (await self._entry(key, max_age_s)).value

    def known(self, key: str) -> T | None:
        """What is remembered of the record, fresh or not, without asking the storage."""
        known = self._known.get(key)
        return known.value if known else None

    async def change(self, key: str, change: Callable[[T], T]) -> T:
        """Write what `change` makes of the record, if it is anything else; `change` may be called again."""
        async with self._locks.hold(key):
            if self._fresh_for_s < math.inf:
                # Nothing but a new look can tell what others have written, and that there is nothing to change.
                self._known.pop(key, None)
            for _ in range(_MAX_LOST_RACES):
                known = await self._entry(key)
                value = change(known.value)
                if value == known.value or await self._written(key, value, known.etag):
                    return value
        raise StorageUnavailableError(f"lost {_MAX_LOST_RACES} races for a record in a row")

    async def remove(self, key: str) -> bool:
        """Remove the record; whether there was one."""
        async with self._locks.hold(key):
            self._known.pop(key, None)
            existed = (await self._entry(key)).etag is not None
            self._known.pop(key, None)
            await self._store.delete([key])
            return existed

    async def _entry(self, key: str, max_age_s: float = math.inf) -> _Known[T]:
        known, alone = self._known.get(key), self._fresh_for_s == math.inf
        if known and (alone or self._now() - known.read_at < min(self._fresh_for_s, max_age_s)):
            self._known.move_to_end(key)
            return known
        if self._keys and await self._keys.surely_absent(key):
            return _Known(self._absent, None, self._now())
        try:
            found = await self._store.get(key, max_bytes=MAX_RECORD_BYTES)
        except ObjectNotFoundError:
            return self._remember(key, self._absent, None, known)
        except ObjectTooLargeError as error:
            raise RecordCorruptError(key, "is larger than any record") from error
        return self._remember(key, load_record(self._adapter, found.body, key), found.etag, known)

    async def _written(self, key: str, value: T, etag: str | None) -> bool:
        body = dump_record(self._adapter, value)
        condition = {"if_absent": True} if etag is None else {"if_match": etag}
        if self._keys:
            self._keys.add(key)
        try:
            if self._conditional:
                new = await self._store.put(key, body, content_type=JSON, **condition)
            else:
                new = await self._store.put(key, body, content_type=JSON)
        except PreconditionFailedError:
            self._known.pop(key, None)
            return False
        except BaseException:
            # A write that failed, or was given up, may have happened all the same.
            self._known.pop(key, None)
            raise
        self._remember(key, value, new, self._known.get(key))
        return True

    def _remember(self, key: str, value: T, etag: str | None, seen: _Known[T] | None) -> _Known[T]:
        """Keep it, unless somebody wrote while it was read: what they know is newer."""
        current = self._known.get(key)
        if current is not None and current is not seen:
            return current
        entry = _Known(value, etag, self._now())
        self._known[key] = entry
        self._known.move_to_end(key)
        if len(self._known) > self._keep:
            self._known.popitem(last=False)
        return entry
