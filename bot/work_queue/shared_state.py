"""What several processes agree on through Redis beside the queue: turns, locks, and the pace towards Telegram."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog
from redis.asyncio import Redis

from bot.jobs.limits.send_pace import BURST_S, ProcessPace
from bot.work_queue import redis_scripts as scripts
from bot.work_queue.redis_client import UNREACHED, Keys
from storage.errors import StorageUnavailableError

# A change of a record takes a read and a write, which are given up when they take longer than this: each has a deadline
# of its own, but the sum of these is longer than anybody should have to wait for the lock of a process that died.
_HOLD_S = 15.0
# A write that was given up may be on its way all the same; so much longer nobody else writes.
_LATE_WRITE_S = 10.0
_LOCK_PATIENCE_S = 30.0
_LOCK_ASK_AGAIN_S = 0.02
# A run ends within half an hour; what is noted of it is of no use to anybody after that.
_NOTES_KEPT_S = 3600

_log = structlog.get_logger()


class SharedChoreLeases:
    """`bot.jobs.ports.shared_state.ChoreLeases`: the first to ask has the turn until its time is over."""

    def __init__(self, redis: Redis, keys: Keys, run_id: str) -> None:
        self._redis, self._keys, self._run = redis, keys, run_id

    async def take(self, chore: str, for_s: float) -> bool:
        """See `ChoreLeases.take`. While Redis is away it is nobody's turn: chores need the queue anyway."""
        key = self._keys("turn", chore)
        try:
            return bool(await self._redis.set(key, self._run, nx=True, px=int(for_s * 1000)))
        except UNREACHED as error:
            _log.info("turn_not_taken", work=chore, error=type(error).__name__)
            return False


class SharedNotes:
    """`bot.jobs.ports.shared_state.Notes`: a hash for each job, which is gone an hour after its last change."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis, self._keys = redis, keys

    async def put(self, job_id: str, name: str, text: str) -> None:
        """See `Notes.put`."""
        key = self._keys("notes", job_id)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.hset(key, name, text)
                pipe.expire(key, _NOTES_KEPT_S)
                await pipe.execute()
        except UNREACHED as error:
            _log.info("note_not_shared", error=type(error).__name__)

    async def of(self, job_id: str) -> Mapping[str, str] | None:
        """See `Notes.of`."""
        try:
            notes: Mapping[str, str] = await self._redis.hgetall(self._keys("notes", job_id))  # type: ignore[misc]  # two twins
        except UNREACHED as error:
            _log.info("notes_not_read", error=type(error).__name__)
            return None
        return notes


class SharedLocks:
    """`storage.recent.Locks` over all processes, for a storage that does not honour conditional writes.

    What is done under a lock is canceled after `hold_s` seconds. The lock is not given back then, but ends by itself
    after `late_write_s` more, as does one whose process died.
    """

    def __init__(
        self, redis: Redis, keys: Keys, run_id: str, *, hold_s: float = _HOLD_S, late_write_s: float = _LATE_WRITE_S
    ) -> None:
        self._redis, self._keys, self._run = redis, keys, run_id
        self._hold_s, self._lock_ms = hold_s, int((hold_s + late_write_s) * 1000)
        self._drop = redis.register_script(scripts.DROP_LOCK)
        self._holders = 0

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """See `Locks.hold`. Raises `StorageUnavailableError`, too, when what was begun under the lock took too long."""
        self._holders += 1
        name, holder = self._keys("lock", key), f"{self._run}/{self._holders}"
        try:
            held_since = await self._acquire(name, holder)
        except UNREACHED as error:
            raise StorageUnavailableError("the lock of a record cannot be had: the queue engine is away") from error
        patience = asyncio.timeout_at(held_since + self._hold_s)
        try:
            async with patience:
                yield
        except TimeoutError as error:
            if not patience.expired():
                raise
            raise StorageUnavailableError("a change of a record took longer than its lock lasts") from error
        finally:
            if not patience.expired():
                await self._release(name, holder)

    async def _acquire(self, name: str, holder: str) -> float:
        """When it was asked for, by the loop's clock: the server counts from then at the earliest."""
        clock = asyncio.get_running_loop().time
        deadline, asked = clock() + _LOCK_PATIENCE_S, clock()
        while not await self._redis.set(name, holder, nx=True, px=self._lock_ms):
            if clock() > deadline:
                raise StorageUnavailableError("somebody else keeps the lock of a record")
            await asyncio.sleep(_LOCK_ASK_AGAIN_S)
            asked = clock()
        return asked

    async def _release(self, name: str, holder: str) -> None:
        try:
            await self._drop(keys=[name], args=[holder])
        except UNREACHED as error:
            _log.info("lock_left", error=type(error).__name__)  # it ends by itself


class SharedPace:
    """`bot.jobs.limits.send_pace.Pace` over all processes.

    While Redis is away each process keeps the whole pace by itself: too fast at worst, which Telegram answers with 429.
    """

    def __init__(self, redis: Redis, keys: Keys, per_second: float) -> None:
        self._redis, self._keys = redis, keys
        self._interval_ms = 1000 / per_second if per_second else 0.0
        self._turn = redis.register_script(scripts.TAKE_TURN)
        self._own = ProcessPace(per_second)

    async def turn(self, max_wait_s: float, chat_id: int | str | None = None) -> float:
        """See `Pace.turn`. One call, since each message waits for it."""
        if not self._interval_ms:
            return -await self.paused_for(chat_id) if chat_id is not None else 0.0
        keys = [self._keys("pace")] + ([self._keys("silent", str(chat_id))] if chat_id is not None else [])
        arguments = [self._interval_ms, BURST_S * 1000, max_wait_s * 1000]
        try:
            return float(await self._turn(keys=keys, args=arguments)) / 1000
        except UNREACHED:
            return await self._own.turn(max_wait_s, chat_id)

    async def paused_for(self, chat_id: int | str) -> float:
        """See `Pace.paused_for`."""
        try:
            left_ms = await self._redis.pttl(self._keys("silent", str(chat_id)))
        except UNREACHED:
            return await self._own.paused_for(chat_id)
        return float(max(0, left_ms)) / 1000

    async def pause_chat(self, chat_id: int | str, for_s: float) -> None:
        """See `Pace.pause_chat`."""
        await self._own.pause_chat(chat_id, for_s)
        try:
            await self._redis.set(self._keys("silent", str(chat_id)), "1", px=max(1, int(for_s * 1000)))
        except UNREACHED as error:
            _log.info("silence_not_shared", error=type(error).__name__)
