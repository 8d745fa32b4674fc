"""Which drafts people have, as several processes know it together: an index over `drafts/` in the storage."""

from collections.abc import Iterable, Sequence

from redis.asyncio import Redis

from bot.jobs.errors import EngineUnavailableError
from bot.work_queue.redis_client import UNREACHED, Keys
from storage.object_keys import DraftOf

# An entry that nobody took out, of a process that died at the wrong moment, is looked at once and then removed.
_FORGOTTEN_AFTER_S = 2 * 24 * 3600


class SharedDrafts:
    """`bot.jobs.draft_index.DraftIndex`. Only a Redis that lost nothing since it was filled says what there is."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis, self._keys = redis, keys

    async def of(self, whose: DraftOf) -> Sequence[str] | None:
        """See `DraftIndex.of`."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.exists(self._filled)
                pipe.smembers(self._name(whose))
                filled, found = await pipe.execute()
        except UNREACHED as error:
            raise EngineUnavailableError from error
        return sorted(found) if filled else None

    async def add(self, whose: DraftOf, job_id: str) -> None:
        """See `DraftIndex.add`."""
        await self._add([(whose, job_id)])

    async def remove(self, whose: DraftOf, job_id: str) -> None:
        """See `DraftIndex.remove`."""
        try:
            await self._redis.srem(self._name(whose), job_id)  # type: ignore[misc]  # serves the blocking twin too
        except UNREACHED as error:
            raise EngineUnavailableError from error

    async def fill(self, drafts: Iterable[tuple[DraftOf, str]]) -> None:
        """See `DraftIndex.fill`."""
        await self._add(drafts, filled=True)

    async def _add(self, drafts: Iterable[tuple[DraftOf, str]], *, filled: bool = False) -> None:
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for whose, job_id in drafts:
                    pipe.sadd(self._name(whose), job_id)
                    pipe.expire(self._name(whose), _FORGOTTEN_AFTER_S)
                if filled:
                    pipe.set(self._filled, 1)
                await pipe.execute()
        except UNREACHED as error:
            raise EngineUnavailableError from error

    @property
    def _filled(self) -> str:
        return self._keys("drafts-filled")

    def _name(self, whose: DraftOf) -> str:
        return self._keys("drafts", whose.user, str(whose.chat_id))
