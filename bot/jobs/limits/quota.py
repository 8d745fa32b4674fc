"""The day's quota of a person, derived from their history: only what was delivered counts, each image as one.

A job that failed or was canceled leaves no history entry, so its place in the quota returns by itself. A history that
was deleted does not: what it had counted is kept for the day.
"""

import math
from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import datetime

from bot.jobs.limits.users import UserLimit
from bot.jobs.ports.clock import Clock
from storage.repository import JobRepository
from storage.spent import SpentQuotas, together

WINDOW_S = 24 * 3600.0
_KEPT_PEOPLE = 10_000


@dataclass(frozen=True, slots=True)
class QuotaRefusal:
    """Why not: of `limit` images a day `left` are left; so many as were wished are possible in `wait_s` seconds."""

    limit: int
    left: int
    wait_s: int
    at: datetime


class DailyQuota:
    """At most `limit` delivered images in any 24 hours.

    With `remember` one listing per person, then memory: for a process that delivers all jobs itself. Without it one
    listing per job.
    """

    def __init__(
        self, repository: JobRepository, spent: SpentQuotas, clock: Clock, limit: UserLimit, *, remember: bool
    ) -> None:
        self._repository, self._spent, self._clock = repository, spent, clock
        self._limit, self._remember = limit, remember
        self._done: OrderedDict[str, tuple[float, ...]] = OrderedDict()  # newest first
        # What was noted while a listing was under way, for each of these: it may lack that.
        self._missed: dict[str, list[Counter[float]]] = {}

    async def refusal(
        self, user: str, *, active: int, images: int = 1, limit: int | None = None
    ) -> QuotaRefusal | None:
        """None when the person may have so many images beside the `active` ones; raises `StorageError`.

        `limit` is the person's own, where they have one. Who wishes for more than a whole day's is let wait for that.
        """
        now = self._clock.now()
        limit = self._limit.of(user) if limit is None else limit
        since = now.timestamp() - WINDOW_S
        done = await self._done_since(user, since, limit)
        left = max(0, limit - len(done) - active)
        if images <= left:
            return None
        too_many = max(1, min(images, limit) - left)
        last_to_go = done[max(0, len(done) - too_many)] if done else now.timestamp()
        return QuotaRefusal(limit, left, max(1, math.ceil(last_to_go - since)), now)

    async def left(self, user: str, *, images: int, limit: int | None = None) -> int:
        """How many images the person may still have when these are delivered; raises `StorageError`."""
        limit = self._limit.of(user) if limit is None else limit
        done = await self._done_since(user, self._clock.now().timestamp() - WINDOW_S, limit)
        return max(0, limit - len(done) - images)

    def note(self, user: str, done_at: datetime, images: int = 1) -> None:
        """So many images were delivered to this person."""
        done = self._done.get(user)
        at = _as_in_history(done_at)
        if done is not None and at not in done:
            self._keep(user, (*[at] * images, *done))
        for missed in self._missed.get(user, ()):
            missed[at] = images

    async def note_erased(self, user: str, done_at: datetime, images: int = 1) -> None:
        """So many images were delivered, and nothing else will be known of them; raises `StorageError`."""
        self.note(user, done_at, images)
        since_s = self._clock.now().timestamp() - WINDOW_S
        await self._spent.keep(user, [_as_in_history(done_at)] * images, since_s=since_s)

    async def _done_since(self, user: str, since: float, limit: int) -> tuple[float, ...]:
        """When the person's images of the window were delivered, newest first."""
        done = self._done.get(user)
        if done is None:
            done = await self._listed(user, since, max(limit, self._limit.of(user)))
        done = tuple(at for at in done if at >= since)
        self._keep(user, done)
        return done

    async def _listed(self, user: str, since: float, limit: int) -> tuple[float, ...]:
        missed = Counter[float]()
        self._missed.setdefault(user, []).append(missed)
        try:
            history = await self._repository.done_since(user, since, limit=limit)
            done = together(history, await self._spent.of(user))
        finally:
            others = [other for other in self._missed.pop(user) if other is not missed]
            if others:
                self._missed[user] = others
        return tuple(together(done, list(missed.elements())))

    def _keep(self, user: str, done: tuple[float, ...]) -> None:
        if not self._remember:
            return
        self._done[user] = done
        self._done.move_to_end(user)
        if len(self._done) > _KEPT_PEOPLE:
            self._done.popitem(last=False)


def _as_in_history(done_at: datetime) -> float:
    """The time as the key of a history entry tells it."""
    return int(done_at.timestamp() * 1000) / 1000
