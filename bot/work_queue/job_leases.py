"""Who advances a job: one process at a time, for as long as it lives; and what becomes of a job that kills them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import IntEnum

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from bot.work_queue import redis_scripts as scripts
from bot.work_queue.redis_client import Keys

# A process dies for many reasons; three deaths in a row over the same job are that job's doing.
MAX_STARTS = 3
GROUP = "workers"  # of the stream's consumers
_STARTS_COUNT_FOR_MS = 24 * 3600 * 1000


class Taken(IntEnum):
    """What came of trying to take a job."""

    YES = 1
    BY_ANOTHER = 0  # who has it looked at again when it gives it back
    DEAD = -1  # it was set aside before
    BURIED = -2  # it was set aside just now


class JobLeases:
    """Leases of `lease_s` seconds in the name of `run_id`. Raises the client's errors."""

    def __init__(self, redis: Redis, keys: Keys, run_id: str, *, lease_s: float) -> None:
        self._redis, self._keys, self._run = redis, keys, run_id
        self._lease_ms = int(lease_s * 1000)
        self._take = redis.register_script(scripts.TAKE)
        self._hold = redis.register_script(scripts.HOLD)
        self._give_back = redis.register_script(scripts.GIVE_BACK)
        self._revive = redis.register_script(scripts.REVIVE)

    async def take(self, job_id: str) -> Taken:
        """Have the job to oneself. The start counts until the job is given back."""
        keys = [self._key(job_id), self._again(job_id), self._starts(job_id), self._dead]
        counted = [MAX_STARTS, _STARTS_COUNT_FOR_MS]
        return Taken(await self._take(keys=keys, args=[job_id, self._run, self._lease_ms, *counted]))

    async def hold(self, job_ids: Iterable[str], pipe: Pipeline) -> None:
        """Add the renewal of these leases to a pipeline; what is not ours (any more) is left alone."""
        for job_id in job_ids:
            await self._hold(keys=[self._key(job_id)], args=[self._run, self._lease_ms], client=pipe)

    async def give_back(self, job_id: str, message_id: str, *, again: bool) -> bool:
        """Return the lease and acknowledge the message that it was taken for; `again`: the job has to be looked at
        once more. False when the lease was lost: then the message is somebody else's, too.
        """
        keys = [self._key(job_id), self._again(job_id), self._starts(job_id), self._keys("ready")]
        return bool(await self._give_back(keys=keys, args=[job_id, self._run, GROUP, message_id, int(again)]))

    def of(self, job_ids: Iterable[str], pipe: Pipeline) -> None:
        """Add two answers to a pipeline: who holds each job, and since when it is set aside (None: nobody, never)."""
        named = list(job_ids)
        pipe.mget([self._key(job_id) for job_id in named])
        pipe.hmget(self._dead, named)

    async def dead_letters(self) -> dict[str, datetime]:
        """The jobs that were set aside, and when."""
        rows = await self._redis.hgetall(self._dead)  # type: ignore[misc]  # the types serve the blocking twin too
        return {job_id: datetime.fromtimestamp(int(float(at)) / 1000, UTC) for job_id, at in rows.items()}

    async def revive(self, job_id: str) -> bool:
        """Have a job that was set aside tried again; False when it was not."""
        return bool(await self._revive(keys=[self._keys("ready"), self._dead], args=[job_id]))

    @property
    def _dead(self) -> str:
        return self._keys("dead")

    def _key(self, job_id: str) -> str:
        return self._keys("lease", job_id)

    def _again(self, job_id: str) -> str:
        return self._keys("again", job_id)

    def _starts(self, job_id: str) -> str:
        return self._keys("starts", job_id)
