"""What a process knows of jobs beyond their records: a bounded number of them, and for no longer than a job lasts.

Whoever closes a job lets go of it at once. But of several processes any may close it, and nobody tells those that have
worked on it before.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bot.jobs.ports.clock import Clock

KEPT = 20_000
_SHARED = timedelta(seconds=1)

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """By job, prediction or chat; each entry is kept for `keep`, or a second less, after it was put last. The oldest go
    first.
    """

    __slots__ = ("_clock", "_keep", "_kept", "_most", "_until")

    def __init__(self, clock: Clock, keep: timedelta, most: int = KEPT) -> None:
        self._clock, self._keep, self._most = clock, keep, most
        self._kept: OrderedDict[K, tuple[V, datetime]] = OrderedDict()  # and until when, in this order
        self._until = clock.now()  # of the latest; what comes within a second shares it, as there are many of them

    def __len__(self) -> int:
        self._let_go()
        return len(self._kept)

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def get(self, key: K) -> V | None:
        """What is known; None: nothing (any more)."""
        entry = self._kept.get(key)
        return entry[0] if entry else None

    def put(self, key: K, value: V) -> V:
        """Know this from now on."""
        until = self._clock.now() + self._keep
        if not timedelta() <= until - self._until < _SHARED:
            self._until = until
        self._kept[key] = (value, self._until)
        self._kept.move_to_end(key)
        self._let_go()
        return value

    def pop(self, key: K) -> V | None:
        """Let go of it; gives what was known."""
        entry = self._kept.pop(key, None)
        return entry[0] if entry else None

    def clear(self) -> None:
        """Let go of everything."""
        self._kept.clear()

    def items(self) -> Iterable[tuple[K, V]]:
        """All that is known."""
        return [(key, value) for key, (value, _) in self._kept.items()]

    def _let_go(self) -> None:
        now = self._clock.now()
        while self._kept:
            key, (_, until) = next(iter(self._kept.items()))
            if until > now and len(self._kept) <= self._most:
                return
            del self._kept[key]
