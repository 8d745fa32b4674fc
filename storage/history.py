"""What a person's jobs came to: listed newest first by key order, and found again when all of them are wanted."""

import asyncio

from storage import object_keys
from storage.errors import ObjectNotFoundError
from storage.job import Job
from storage.known_keys import KnownKeys
from storage.objects import ObjectStore
from storage.record_format import JSON, MAX_RECORD_BYTES
from storage.records import HistoryEntry, dump_history, load_history


class HistoryRecords:
    """The history over an object store; all methods raise the errors of `storage.objects.ObjectStore`.

    With `single_process` this process is the only one that writes it, and knows who has none.
    """

    def __init__(self, store: ObjectStore, *, single_process: bool) -> None:
        self._store = store
        self._people = KnownKeys(store, object_keys.HISTORY, folders=True) if single_process else None

    async def put_ended(self, user: str, job_id: str) -> None:
        """Note that this job of a person's ended without a result: all jobs of somebody can be found that way."""
        await self._store.put(object_keys.ended_marker(user, job_id), b"", content_type="text/plain")

    async def put_history(self, user: str, entry: HistoryEntry) -> None:
        """Add to a person's history; writing the same entry again changes nothing."""
        key = object_keys.history(user, entry.done_at, entry.job_id, entry.results)
        if self._people:
            self._people.add(object_keys.history_prefix(user))
        await self._store.put(key, dump_history(entry), content_type=JSON)

    async def take_back(self, user: str, job_id: str, entry: HistoryEntry | None) -> None:
        """Undo `put_history` of this entry or, without one, `put_ended`; what became of the entry since then stays."""
        if entry is None:
            return await self._store.delete([object_keys.ended_marker(user, job_id)])
        key = object_keys.history(user, entry.done_at, entry.job_id, entry.results)
        if await self._still_there(key) == entry:
            await self._store.delete([key])
        return None

    async def history(self, user: str, *, limit: int, before: str = "") -> list[tuple[str, HistoryEntry]]:
        """A person's latest jobs with their keys, newest first; `before` is the last key of the page before.

        What is deleted while it is read is left out.
        """
        prefix = object_keys.history_prefix(user)
        keys = [row.key async for row in self._store.list(prefix, start_after=before, limit=limit)]
        entries = await asyncio.gather(*map(self._still_there, keys))
        return [(key, entry) for key, entry in zip(keys, entries, strict=True) if entry]

    async def history_keys(self, user: str, *, since_s: float = 0.0, limit: int) -> list[str]:
        """The keys of a person's latest jobs after `since_s` (epoch seconds), newest first; one listing."""
        keys = [row.key async for row in self._store.list(object_keys.history_prefix(user), limit=limit)]
        return [key for key in keys if object_keys.history_time(key) >= since_s]

    async def history_entry(self, key: str) -> HistoryEntry:
        """The entry under one of these keys; raises `ObjectNotFoundError` when it is gone."""
        return load_history((await self._store.get(key, max_bytes=MAX_RECORD_BYTES)).body, key)

    async def _still_there(self, key: str) -> HistoryEntry | None:
        try:
            return await self.history_entry(key)
        except ObjectNotFoundError:
            return None

    async def done_since(self, user: str, since_s: float, *, limit: int) -> list[float]:
        """When this person's results after `since_s` (epoch seconds) were done, newest first; at most one listing.

        At least the last `limit` of them.
        """
        prefix, times = object_keys.history_prefix(user), list[float]()
        if self._people and await self._people.surely_absent(prefix):
            return times
        async for row in self._store.list(prefix, limit=limit):
            at = object_keys.history_time(row.key)
            if at < since_s:
                break
            times += [at] * object_keys.history_results(row.key)
        return times

    async def put_listed(self, job: Job) -> None:
        """Add to the list of all jobs of its user, before it is recorded: an entry without its job does no harm."""
        key = object_keys.listed(job.origin.user, job.created_at, job.id)
        await self._store.put(key, b"", content_type="text/plain")

    async def listed(self, user: str, *, limit: int, after: str = "") -> list[str]:
        """The last parts of the keys in the list of this user's jobs, newest first; `after` is such a part."""
        prefix = object_keys.listed_prefix(user)
        rows = self._store.list(prefix, start_after=f"{prefix}{after}" if after else "", limit=limit)
        return [row.key.removeprefix(prefix) async for row in rows]
