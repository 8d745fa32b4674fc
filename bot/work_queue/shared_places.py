"""Limited places that several processes share. See `bot.jobs.ports.shared_state.Places`."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis

from bot.jobs.errors import EngineUnavailableError
from bot.jobs.limits.places import holders_of
from bot.work_queue import redis_scripts as scripts
from bot.work_queue.redis_client import UNREACHED, Keys

# Whoever has not asked, or said that it is at work, for this long has been lost with its record.
_FORGOTTEN_AFTER_MS = 2 * 24 * 3600 * 1000
_REMEMBERED = 10_000
# Redis may have lost what it was told, or been replaced: said again, it knows of everybody who is at work.
_SAID_FOR_S = 60.0


class SharedPlaces:
    """`limit` places under each key of this `kind`. Raises `EngineUnavailableError` while Redis is away."""

    def __init__(
        self, redis: Redis, keys: Keys, kind: str, limit: int, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis, self._keys, self._kind, self._limit, self._now = redis, keys, kind, limit, now
        self._take = redis.register_script(scripts.TAKE_PLACE)
        self._hold = redis.register_script(scripts.HOLD_PLACE)
        self._free = redis.register_script(scripts.FREE_PLACE)
        # What this process has said a moment ago, and when, need not be said again on every advance of a job.
        self._said: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def take(self, key: str, holder: str, limit: int | None = None) -> bool:
        """See `Places.take`."""
        arguments: list[str | int] = [holder, key, self._limit if limit is None else limit, _FORGOTTEN_AFTER_MS]
        return bool(await _reached(self._take(keys=self._names(key), args=arguments)))

    async def hold(self, key: str, holder: str) -> None:
        """See `Places.hold`."""
        said_at = self._said.get((key, holder))
        if said_at is not None and self._now() - said_at < _SAID_FOR_S:
            return
        await _reached(self._hold(keys=self._names(key), args=[holder, key]))
        self._said[key, holder] = self._now()
        self._said.move_to_end((key, holder))
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)

    async def free(self, key: str, *holders: str) -> list[str]:
        """See `Places.free`."""
        for holder in holders:
            self._said.pop((key, holder), None)
        called: list[str] = await _reached(self._free(keys=self._names(key), args=[self._limit, *holders]))
        return called

    async def place(self, key: str, holder: str) -> int | None:
        """See `Places.place`."""
        _, line, *_ = self._names(key)
        rank: int | None = await _reached(self._redis.zrank(line, holder))
        return None if rank is None else rank + 1

    async def of(self, key: str) -> list[str]:
        """See `Places.of`."""
        held, line, *_ = self._names(key)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zrange(held, 0, -1)
            pipe.zrange(line, 0, -1)
            holding, waiting = await _reached(pipe.execute())
        return [*holding, *waiting]

    async def count(self, key: str) -> int:
        """See `Places.count`."""
        held, *_ = self._names(key)
        return int(await _reached(self._redis.zcard(held)))

    async def forget(self, job_id: str) -> list[str]:
        """See `Places.forget`."""
        holders = holders_of(job_id)
        owners = await _reached(self._owned_by(holders))
        gone = [(key, holder) for key, holder in zip(owners, holders, strict=True) if key is not None]
        return [who for key, holder in gone for who in await self.free(key, holder)]

    async def _owned_by(self, holders: list[str]) -> list[str | None]:
        owners: list[str | None] = await self._redis.hmget(self._owners, holders)  # type: ignore[misc]  # two twins
        return owners

    def _names(self, key: str) -> list[str]:
        return [*(self._keys(self._kind, part, key) for part in ("held", "line", "asked")), self._owners]

    @property
    def _owners(self) -> str:
        return self._keys(self._kind, "owners")


async def _reached(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except UNREACHED as error:
        raise EngineUnavailableError from error
