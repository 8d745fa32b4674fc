"""Limited places: jobs per person, predictions in flight. Who finds none waits in line and is nudged."""

from collections.abc import Callable
from itertools import islice


class Places:
    """`limit` places under each key. Everything is idempotent, so a step may ask again after any crash.

    The holders are known to this process only; after a restart they take their places again as their jobs are
    advanced, which may let a few more in than the limit for a moment.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[str, set[str]] = {}
        self._lines: dict[str, dict[str, None]] = {}  # a dict keeps order and forgets from the middle

    def take(self, key: str, holder: str) -> bool:
        """Hold a place; False when there is none, and then `holder` stands in line."""
        held = self._held.get(key, set())
        if holder in held:
            return True
        line = self._lines.get(key, {})
        free = self._limit - len(held)
        # Whoever stands in line goes first, up to the number of free places.
        if free > 0 and (len(line) < free or holder in islice(line, free)):
            self.hold(key, holder)
            return True
        self._lines.setdefault(key, {})[holder] = None
        return False

    def hold(self, key: str, holder: str) -> None:
        """Hold a place whatever the limit says: the work is under way already."""
        self._leave_line(key, holder)
        self._held.setdefault(key, set()).add(holder)

    def free(self, key: str, holder: str) -> list[str]:
        """Give the place (in line) back; returns who should ask again now."""
        waited = self._leave_line(key, holder)
        held = self._held.get(key, set())
        if holder not in held and not waited:
            return []  # nothing changed, so nobody has to be told
        held.discard(holder)
        if not held:
            self._held.pop(key, None)
        return list(islice(self._lines.get(key, ()), max(0, self._limit - self.count(key))))

    def of(self, key: str) -> list[str]:
        """Who holds a place or stands in line."""
        return [*self._held.get(key, ()), *self._lines.get(key, ())]

    def count(self, key: str) -> int:
        """How many places are held."""
        return len(self._held.get(key, ()))

    def forget(self, belongs: Callable[[str], bool]) -> list[str]:
        """Give back everything whose holder `belongs`, under whatever key; returns who should ask again now."""
        keys = [key for places in (self._held, self._lines) for key in places]
        gone = [(key, h) for key in keys for h in (*self._held.get(key, ()), *self._lines.get(key, ())) if belongs(h)]
        return [who for key, holder in gone for who in self.free(key, holder)]

    def _leave_line(self, key: str, holder: str) -> bool:
        line = self._lines.get(key)
        if line is None or holder not in line:
            return False
        del line[holder]
        if not line:
            del self._lines[key]
        return True
