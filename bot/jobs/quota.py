"""The day's quota of a person, derived from their history: only what was delivered counts.

A job that failed or was canceled leaves no history entry, so its place in the quota returns by itself.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from bot.jobs.ports import Clock
from bot.jobs.users import UserLimit
from storage.repository import JobRepository

WINDOW_S = 24 * 3600.0
_KEPT_PEOPLE = 10_000


@dataclass(frozen=True, slots=True)
class QuotaRefusal:
    """Why not: `limit` jobs a day are used up; the next is possible in `wait_s` seconds."""

    limit: int
    wait_s: int
    at: datetime


class DailyQuota:
    """At most `limit` delivered jobs in any 24 hours.

    With `remember` one listing per person, then memory: for a process that delivers all jobs itself. Without it one
    listing per job.
    """

    def __init__(self, repository: JobRepository, clock: Clock, limit: UserLimit, *, remember: bool) -> None:
        self._repository, self._clock, self._limit, self._remember = repository, clock, limit, remember
        self._done: OrderedDict[str, tuple[float, ...]] = OrderedDict()  # newest first

    async def refusal(self, user: str, *, active: int) -> QuotaRefusal | None:
        """None when the person may have another job beside the `active` ones; raises `StorageError`."""
        now, limit = self._clock.now(), self._limit.of(user)
        since = now.timestamp() - WINDOW_S
        done = self._done.get(user)
        if done is None:
            done = tuple(await self._repository.done_since(user, since, limit=limit))
        done = tuple(at for at in done if at >= since)
        self._keep(user, done)
        if len(done) + active < limit:
            return None
        oldest = done[min(limit, len(done)) - 1] if done else now.timestamp()
        wait_s = max(1, math.ceil(oldest - since))
        return QuotaRefusal(limit, wait_s, now)

    def note(self, user: str, done_at: datetime) -> None:
        """A job of this person was delivered."""
        done = self._done.get(user)
        at = int(done_at.timestamp() * 1000) / 1000  # as a history key tells it
        if done is not None and at not in done:
            self._keep(user, (at, *done))

    def _keep(self, user: str, done: tuple[float, ...]) -> None:
        if not self._remember:
            return
        self._done[user] = done
        self._done.move_to_end(user)
        if len(self._done) > _KEPT_PEOPLE:
            self._done.popitem(last=False)
