"""Whom to tell when their day's photos are free again: `reminders/{user}/{time}.json`, gone once it was told."""

import math
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from storage import object_keys
from storage.errors import ObjectNotFoundError
from storage.objects import ObjectStore
from storage.record_format import JSON, MAX_RECORD_BYTES, SCHEMA_VERSION, dump_record, load_record

_LONGEST_S = 25 * 3600.0  # a day, and the clocks of several machines


@dataclass(frozen=True, slots=True)
class Reminder:
    """Somebody wants to hear in this chat that it is `due_at`; the message is what it is about."""

    user: str
    due_at: datetime
    chat_id: int
    locale: str
    message_id: int | None = None
    thread_id: int | None = None
    v: int = SCHEMA_VERSION


_REMINDER: TypeAdapter[Reminder] = TypeAdapter(Reminder)


class Reminders:
    """All methods raise the errors of `storage.objects.ObjectStore`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def add(self, reminder: Reminder) -> None:
        """Remember it, unless the person is going to be reminded of something anyway: one message is enough."""
        async for _ in self._store.list(object_keys.reminders_prefix(reminder.user), limit=1):
            return
        key = object_keys.reminder(reminder.user, reminder.due_at)
        await self._store.put(key, dump_record(_REMINDER, reminder), content_type=JSON)

    async def due(self, now: datetime) -> list[str]:
        """The keys of those whose time has come. The listing is as long as there are people who wait.

        Nobody waits for longer than a day: what is to be told later was written by a clock that was wrong.
        """
        rows = [row.key async for row in self._store.list(object_keys.REMINDERS)]
        times = {key: object_keys.reminder_time(key) for key in rows}
        waits_for = {key: at - now.timestamp() for key, at in times.items() if math.isfinite(at)}
        return [key for key, left_s in waits_for.items() if not 0 < left_s <= _LONGEST_S]

    async def load(self, key: str) -> Reminder | None:
        """The reminder under this key; None when somebody has just told it.

        Raises:
            RecordCorruptError, RecordTooNewError: it cannot be read.
        """
        try:
            found = await self._store.get(key, max_bytes=MAX_RECORD_BYTES)
        except ObjectNotFoundError:
            return None
        return load_record(_REMINDER, found.body, key)

    async def remove(self, key: str) -> None:
        """It was told, or there is nobody to tell."""
        await self._store.delete([key])
