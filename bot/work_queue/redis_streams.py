"""The queue of several processes: a stream with a consumer group, on Redis or Valkey.

A message only says "advance this job"; the record in the storage is the truth. So losing a message costs at most the
time until the next sweep, and doubling one costs a look at the record.

* Ready jobs are messages of one stream, which every process reads through one group (`XREADGROUP`).
* Jobs for later stand in a sorted set by their due time; whoever sees one due moves it to the stream.
* Who advances a job holds a lease on it, so no two processes do it at a time. A nudge that meets a lease leaves a
  mark, and whoever gives the lease back has the job looked at again.
* Messages and leases of a process that died go to the others after `LEASE_S` (`XAUTOCLAIM`); while it lives it renews
  both (`XCLAIM … JUSTID`), however long a job takes.
* A job that was started a few times in a row without coming to an end, because each time its process died, is set
  aside as a dead letter until an admin revives it.

https://redis.io/docs/latest/develop/data-types/streams/
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.jobs.background import Background
from bot.jobs.errors import EngineUnavailableError
from bot.jobs.ports.queue import JobHandler, QueueDepth
from bot.work_queue import redis_scripts as scripts
from bot.work_queue.job_leases import GROUP, JobLeases, Taken
from bot.work_queue.redis_client import UNREACHED, Keys

LEASE_S = 15.0
_READ_BLOCK_S = 1.0  # shorter than a call may take
_LOOK_FOR_DUE_S = 1.0  # for what other processes put off; its own timers are exact
_DUE_AT_A_TIME = 200
# Whoever has more time is looked at once in between: so a due time that is farther ahead is known for a mistake.
LONGEST_DELAY_S = 3600.0
_NEVER_MEANT_MS = int(LONGEST_DELAY_S * 1000) + 60_000
_RECONNECT_S = 1.0
_MAX_UNSENT = 10_000  # nudges kept while Redis is away; the sweep finds the rest

_log = structlog.get_logger()


class RedisStreamsQueue:
    """See `bot.jobs.ports.queue.JobQueue`; `run_id` is the name of this run of this process."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        run_id: str,
        *,
        concurrency: int,
        lease_s: float,
    ) -> None:
        self._redis, self._run, self._concurrency = redis, run_id, concurrency
        self._stream, self._delayed, self._dead = keys("ready"), keys("later"), keys("dead")
        self._lease_s, self._leases = lease_s, JobLeases(redis, keys, run_id, lease_s=lease_s)
        self._send = redis.register_script(scripts.ENQUEUE)
        self._release_due = redis.register_script(scripts.RELEASE_DUE)
        self._handler: JobHandler | None = None
        self._running: dict[str, str] = {}  # message id -> job
        self._unsent: dict[str, float] = {}  # job -> loop time at which it is due
        self._next_look = 0.0  # loop time
        self._look_sooner, self._room = asyncio.Event(), asyncio.Event()
        self._readers, self._renewal, self._work = Background(), Background(), Background()
        self._away, self._open = False, True

    def start(self, handler: JobHandler) -> None:
        """From now on this process takes jobs and hands them to `handler`."""
        self._handler = handler
        self._readers.spawn(self._keep_at(self._read), name="queue reader")
        self._readers.spawn(self._keep_at(self._look_for_due), name="queue timer")
        self._renewal.spawn(self._keep_at(self._renew), name="queue leases")

    async def enqueue(self, job_id: str, delay_s: float = 0.0) -> None:
        """See `JobQueue.enqueue`. While Redis cannot be reached the nudge is kept here and sent later."""
        at = asyncio.get_running_loop().time() + delay_s
        try:
            await self._nudge(job_id, delay_s)
        except UNREACHED as error:
            _log.info("nudge_kept", job_id=job_id, error=type(error).__name__)
            if job_id in self._unsent or len(self._unsent) < _MAX_UNSENT:
                self._unsent[job_id] = min(at, self._unsent.get(job_id, at))
        if delay_s > 0 and at < self._next_look:
            self._look_sooner.set()

    async def unscheduled(self, job_ids: Sequence[str]) -> list[str]:
        """See `JobQueue.unscheduled`. Whether a message for a job waits in the stream is not known."""
        if not job_ids:
            return []
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zmscore(self._delayed, list(job_ids))
                self._leases.of(job_ids, pipe)
                answers = await pipe.execute()
        except UNREACHED as error:
            _log.info("schedule_unknown", error=type(error).__name__)
            return list(job_ids)
        known = {job for job, *marks in zip(job_ids, *answers, strict=True) if any(mark is not None for mark in marks)}
        return [job_id for job_id in job_ids if job_id not in known]

    async def state(self) -> str:
        """`ok`, or what is wrong with the engine."""
        try:
            await self._redis.ping()  # type: ignore[misc]  # the client's types serve its blocking twin too
        except UNREACHED as error:
            return type(error).__name__
        return "ok"

    async def depth(self) -> QueueDepth:
        """How much there is to do, for all processes together; raises `EngineUnavailableError`."""
        try:
            return await self._depth()
        except UNREACHED as error:
            raise EngineUnavailableError from error

    async def stop(self, grace_s: float) -> int:
        """Take nothing new, let what runs finish; returns how many had to be cut short, which others then finish."""
        self._open = False
        await self._readers.drain(0)
        await self._hand_back_unread()
        cut_short = await self._work.drain(grace_s)
        await self._renewal.drain(0)
        return cut_short

    async def _depth(self) -> QueueDepth:
        """Messages that were handed out and not yet acknowledged are in work, whoever has them."""
        await self._greet()
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xlen(self._stream)
            pipe.zcard(self._delayed)
            pipe.xinfo_groups(self._stream)
            pipe.time()
            length, later, (group, *_), (seconds, _) = await pipe.execute()
        running = int(group["pending"])
        first = await self._redis.xrange(self._stream, min=f"({group['last-delivered-id']}", count=1)
        # The id of a message begins with the milliseconds of its arrival.
        oldest_s = max(0.0, seconds - int(first[0][0].partition("-")[0]) / 1000) if first else 0.0
        return QueueDepth(ready=max(0, length - running), later=later, running=running, oldest_s=oldest_s)

    async def _hand_back_unread(self) -> None:
        """What the server had given to the reader in the moment in which it was stopped."""
        try:
            answer = await self._redis.xreadgroup(GROUP, self._run, {self._stream: "0"})
            for _, messages in answer or ():
                for message_id, fields in messages:
                    if fields and message_id not in self._running:
                        await self._drop(message_id, fields["job"], again=True)
        except UNREACHED as error:
            _log.info("messages_left", error=type(error).__name__)

    async def _nudge(self, job_id: str, delay_s: float) -> None:
        delay_ms = max(0, round(min(delay_s, LONGEST_DELAY_S) * 1000))
        await self._send(keys=[self._stream, self._delayed, self._dead], args=[job_id, delay_ms])

    async def _keep_at(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Go on after an outage; it is said in the log once, and once when it is over."""
        while self._open:
            try:
                await self._greet()
                if self._away:
                    _log.warning("queue_back")
                self._away = False
                await loop()
            except UNREACHED as error:
                if not self._away:
                    _log.error("queue_unreachable", error=type(error).__name__)
                self._away = True
                await asyncio.sleep(_RECONNECT_S)

    async def _greet(self) -> None:
        """The group is made anew whenever the server has forgotten it."""
        try:
            await self._redis.xgroup_create(self._stream, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _read(self) -> None:
        while self._open:
            room = self._concurrency - len(self._running)
            if room <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            block_ms = int(_READ_BLOCK_S * 1000)
            answer = await self._redis.xreadgroup(GROUP, self._run, {self._stream: ">"}, count=room, block=block_ms)
            for _, messages in answer or ():
                self._begin(messages)

    async def _look_for_due(self) -> None:
        loop = asyncio.get_running_loop()
        while self._open:
            self._look_sooner.clear()
            await self._send_unsent()
            left_ms = await self._release_due(
                keys=[self._stream, self._delayed], args=[_DUE_AT_A_TIME, _NEVER_MEANT_MS]
            )
            wait_s = min(left_ms / 1000, _LOOK_FOR_DUE_S) if left_ms >= 0 else _LOOK_FOR_DUE_S
            self._next_look = loop.time() + wait_s
            bell = loop.call_at(self._next_look, self._look_sooner.set)
            await self._look_sooner.wait()
            bell.cancel()

    async def _send_unsent(self) -> None:
        now = asyncio.get_running_loop().time()
        for job_id, at in list(self._unsent.items()):
            await self._nudge(job_id, at - now)
            self._unsent.pop(job_id, None)

    async def _renew(self) -> None:
        """Three times a lease: hold what is ours, and take over what nobody holds any more."""
        while self._open or self._running:
            await asyncio.sleep(self._lease_s / 3)
            if self._running:
                await self._hold(dict(self._running))
            room = self._concurrency - len(self._running)
            if self._open and room > 0:
                idle_ms = int(self._lease_s * 1000)
                answer = await self._redis.xautoclaim(self._stream, GROUP, self._run, idle_ms, count=room)
                self._begin(answer[1], reclaimed=True)
                await self._forget_the_dead(idle_ms)

    async def _hold(self, running: Mapping[str, str]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            await self._leases.hold(running.values(), pipe)
            pipe.xclaim(self._stream, GROUP, self._run, 0, list(running), justid=True)
            await pipe.execute()

    async def _forget_the_dead(self, idle_ms: int) -> None:
        """Consumers that are gone, and whose messages others took over, are not kept for ever."""
        for consumer in await self._redis.xinfo_consumers(self._stream, GROUP):
            if consumer["name"] != self._run and consumer["pending"] == 0 and consumer["idle"] > 4 * idle_ms:
                await self._redis.xgroup_delconsumer(self._stream, GROUP, consumer["name"])

    def _begin(self, messages: Iterable[tuple[str, Mapping[str, str] | None]], *, reclaimed: bool = False) -> None:
        for message_id, fields in messages:
            if fields and message_id not in self._running:
                job_id = fields["job"]
                self._running[message_id] = job_id
                self._work.spawn(self._run_one(message_id, job_id, reclaimed=reclaimed), name=f"advance {job_id}")

    @property
    def _started(self) -> JobHandler:
        if self._handler is None:
            raise RuntimeError("the queue was not started")
        return self._handler

    async def _run_one(self, message_id: str, job_id: str, *, reclaimed: bool) -> None:
        try:
            taken = await self._leases.take(job_id) if self._open else None
            if taken is Taken.YES:
                return await self._advance(message_id, job_id)
            if taken is Taken.BY_ANOTHER and reclaimed:
                # Perhaps its holder's own message, and the holder dead: its lease ends a moment later than the message
                # was given up. The message stays until somebody has taken the job, lest nobody does.
                return None
            # Not begun: another process is to have it at once, or its holder will look at it again, or nobody may.
            await self._drop(message_id, job_id, again=taken is None)
            if taken is Taken.BURIED:
                await self._started.set_aside(job_id)
        except UNREACHED as error:
            # The message was not acknowledged, so it comes again when its lease is over.
            _log.info("message_left", job_id=job_id, error=type(error).__name__)
        finally:
            self._running.pop(message_id, None)
            self._room.set()

    async def _advance(self, message_id: str, job_id: str) -> None:
        again = True  # unless the handler comes to its end
        try:
            await self._started(job_id)
            again = False
        finally:
            if not await self._leases.give_back(job_id, message_id, again=again):
                # The loop stood still for longer than a lease. The record's claims kept both from doing harm.
                _log.warning("lease_lost", job_id=job_id)

    async def _drop(self, message_id: str, job_id: str, *, again: bool) -> None:
        """Done with a message for which no lease was taken; `again` sends another one in its place."""
        async with self._redis.pipeline(transaction=True) as pipe:
            if again:
                pipe.xadd(self._stream, {"job": job_id})
            pipe.xack(self._stream, GROUP, message_id)
            pipe.xdel(self._stream, message_id)
            await pipe.execute()
