"""The admins' switch: while it is on, new jobs are recorded and wait; what runs goes on."""

import math
from dataclasses import dataclass

from pydantic import TypeAdapter

from storage.cached_records import CachedRecords
from storage.object_keys import PAUSE
from storage.objects import ObjectStore
from storage.recent import Locks

# How long the switch is believed to stand as last seen, where other processes may have moved it.
_FRESH_S = 15.0


@dataclass(frozen=True, slots=True)
class _Switch:
    on: bool = False


class Pause:
    """Survives restarts, and is the same for all processes within seconds. Raises `StorageError`."""

    def __init__(
        self,
        store: ObjectStore,
        *,
        conditional_writes: bool = True,
        locks: Locks | None = None,
        single_process: bool = True,
    ) -> None:
        self._records = CachedRecords(
            store,
            TypeAdapter(_Switch),
            _Switch(),
            conditional_writes=conditional_writes,
            locks=locks,
            fresh_for_s=math.inf if single_process else _FRESH_S,
        )

    async def active(self) -> bool:
        """Whether new jobs have to wait."""
        return (await self._records.load(PAUSE)).on

    async def switch(self, *, on: bool) -> None:
        """Move it; where it stands already nothing happens."""
        await self._records.change(PAUSE, lambda _: _Switch(on))
