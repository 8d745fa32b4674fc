"""Limited places: jobs per person, predictions in flight. Who finds none waits in line and is nudged."""

from itertools import islice

# No job has more predictions; those that a record may still ask for are refused where jobs are made.
MAX_PARTS = 32


def holders_of(job_id: str) -> list[str]:
    """All names under which a job may hold places: its own, and one for each of its predictions."""
    return [job_id, *(f"{job_id}/{part}" for part in range(MAX_PARTS))]


class ProcessPlaces:
    """`bot.jobs.ports.shared_state.Places` of one process.

    The holders are known to this process only; after a restart they take their places again as their jobs are
    advanced, which may let a few more in than the limit for a moment.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[str, set[str]] = {}
        self._lines: dict[str, dict[str, None]] = {}  # a dict keeps order and forgets from the middle

    async def take(self, key: str, holder: str, limit: int | None = None) -> bool:
        """See `Places.take`."""
        held = self._held.get(key, set())
        if holder in held:
            return True
        line = self._lines.get(key, {})
        free = (self._limit if limit is None else limit) - len(held)
        # Whoever stands in line goes first, up to the number of free places.
        if free > 0 and (len(line) < free or holder in islice(line, free)):
            await self.hold(key, holder)
            return True
        self._lines.setdefault(key, {})[holder] = None
        return False

    async def hold(self, key: str, holder: str) -> None:
        """See `Places.hold`."""
        self._leave_line(key, holder)
        self._held.setdefault(key, set()).add(holder)

    async def free(self, key: str, *holders: str) -> list[str]:
        """See `Places.free`."""
        waited = [holder for holder in holders if self._leave_line(key, holder)]
        held = self._held.get(key, set())
        if held.isdisjoint(holders) and not waited:
            return []  # nothing changed, so nobody has to be told
        held.difference_update(holders)
        if not held:
            self._held.pop(key, None)
        return list(islice(self._lines.get(key, ()), max(0, self._limit - len(self._held.get(key, ())))))

    async def place(self, key: str, holder: str) -> int | None:
        """See `Places.place`."""
        line = self._lines.get(key, {})
        return next(place for place, who in enumerate(line, 1) if who == holder) if holder in line else None

    async def of(self, key: str) -> list[str]:
        """See `Places.of`."""
        return [*self._held.get(key, ()), *self._lines.get(key, ())]

    async def count(self, key: str) -> int:
        """See `Places.count`."""
        return len(self._held.get(key, ()))

    async def forget(self, job_id: str) -> list[str]:
        """See `Places.forget`."""
        ours = set(holders_of(job_id))
        keys = [key for places in (self._held, self._lines) for key in places]
        gone = [(k, h) for k in keys for h in (*self._held.get(k, ()), *self._lines.get(k, ())) if h in ours]
        return [who for key, holder in gone for who in await self.free(key, holder)]

    def _leave_line(self, key: str, holder: str) -> bool:
        line = self._lines.get(key)
        if line is None or holder not in line:
            return False
        del line[holder]
        if not line:
            del self._lines[key]
        return True
