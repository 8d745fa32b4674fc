"""The queue on a real Redis: the contract, and what only several processes can show."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.work_queue.job_leases import MAX_STARTS, JobLeases
from bot.work_queue.redis_client import Keys, open_redis
from bot.work_queue.redis_streams import LONGEST_DELAY_S, RedisStreamsQueue
from tests.bot.work_queue.queue_contract import FOREVER_S, QueueContract, Recorder
from tests.support.redis_servers import fresh_bot_id, own_redis
from tests.support.waiting import eventually

LEASE_S = 0.3


class Processes:
    """Queues as several processes have them: each with a client of its own."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self.url, self.stack, self.keys = url, stack, Keys(fresh_bot_id())
        self.redis: dict[str, Redis] = {}

    async def client(self) -> Redis:
        return await self.stack.enter_async_context(open_redis(self.url))

    async def start(self, name: str, handler: Recorder, *, concurrency: int = 2, lease_s: float = LEASE_S):
        self.redis[name] = await self.client()
        queue = RedisStreamsQueue(self.redis[name], self.keys, name, concurrency=concurrency, lease_s=lease_s)
        self.stack.push_async_callback(queue.stop, 0)
        queue.start(handler)
        return queue

    async def dies(self, queue: RedisStreamsQueue) -> None:
        """As by `kill -9`: it says nothing to anybody any more."""
        queue._open = False
        pool = self.redis[queue._run].connection_pool
        pool.get_connection = self._cut_off
        await pool.disconnect()
        for background in (queue._readers, queue._renewal, queue._work):
            await background.drain(0)

    async def _cut_off(self, *_, **__):
        raise ConnectionError


@pytest.fixture
async def processes(redis_url):
    with capture_logs() as logs:
        async with AsyncExitStack() as stack:
            processes = Processes(redis_url, stack)
            processes.logs = logs
            yield processes


async def test_a_server_whose_clock_was_set_back_keeps_nothing_waiting(processes):
    handler, soon = Recorder(), 1000 * 60
    queue = await processes.start("p1", handler)
    redis = processes.redis["p1"]
    await queue.enqueue("waits", 30 * 24 * 3600.0)  # looked at once an hour, and not at once
    (seconds, _), ((_, due_at),) = await redis.time(), await redis.zrange(queue._delayed, 0, -1, withscores=True)
    assert abs(due_at - (seconds + LONGEST_DELAY_S) * 1000) < soon
    await redis.zadd(queue._delayed, {"lost": (seconds + 400 * 24 * 3600) * 1000})
    await eventually(lambda: handler.ran == ["lost"])


class TestRedisStreamsQueue(QueueContract):
    @pytest.fixture
    def handler(self):
        return Recorder()

    @pytest.fixture
    async def queue(self, processes, handler):
        return await processes.start("p1", handler)

    async def at_rest(self, queue) -> None:
        async def idle():
            left = await queue._redis.xlen(queue._stream)
            return not left and not queue._running

        await eventually(idle)


async def test_two_processes_share_the_work_and_no_job_is_in_both(processes):
    handler = Recorder()  # one for both, so that it sees overlaps
    first = await processes.start("p1", handler)
    await processes.start("p2", handler)
    gates = [handler.hold(job) for job in "abcd"]
    for job in "abcd":
        await first.enqueue(job)
    await eventually(lambda: handler.now == set("abcd"))  # more than one of them has room for
    for gate in gates:
        gate.set()
    jobs = [f"job{n}" for n in range(40)]
    for _ in range(3):
        for job in jobs:
            await first.enqueue(job)
    await eventually(lambda: set(handler.ended) >= set(jobs) and not handler.now, within=10)
    assert not handler.overlap


async def test_a_nudge_that_another_process_sees_while_the_job_runs_is_not_lost(processes):
    one, two = Recorder(), Recorder()
    gate = one.hold("a")
    first = await processes.start("p1", one, concurrency=1)
    await first.enqueue("a")
    await one.reaches("a")
    second = await processes.start("p2", two)
    await second.enqueue("a")
    await second.enqueue("b")
    await eventually(lambda: two.ended == ["b"])  # the nudge before it has been seen as well
    gate.set()
    await eventually(lambda: (one.ran + two.ran).count("a") == 2)


async def test_what_a_dead_process_had_in_hand_is_finished_by_another_without_new_traffic(processes):
    one, two = Recorder(), Recorder()
    for job in "ab":
        one.hold(job)
    first = await processes.start("p1", one)
    for job in "ab":
        await first.enqueue(job)
    await eventually(lambda: sorted(one.ran) == ["a", "b"])
    await processes.dies(first)
    begin = asyncio.get_running_loop().time()
    await processes.start("p2", two)
    await eventually(lambda: sorted(two.ended) == ["a", "b"], within=10)
    assert asyncio.get_running_loop().time() - begin < LEASE_S + 3


async def test_a_lease_that_outlives_its_dead_holders_message_loses_no_job(processes):
    one, two = Recorder(), Recorder()
    one.hold("a")
    first = await processes.start("p1", one)
    await first.enqueue("a")
    await one.reaches("a")
    await processes.dies(first)
    redis = await processes.client()
    await redis.pexpire(processes.keys("lease", "a"), int(2 * LEASE_S * 1000))
    await processes.start("p2", two)
    await eventually(lambda: "a" in two.ended, within=10)


async def test_a_job_longer_than_its_lease_runs_once(processes):
    one, two = Recorder(), Recorder()
    gate, lease_s = one.hold("a"), 2.0  # a busy machine may stand still for longer than the others' lease
    first = await processes.start("p1", one, lease_s=lease_s)
    await first.enqueue("a")
    await one.reaches("a")
    second = await processes.start("p2", two, lease_s=lease_s)
    for tick in range(2):  # two leases, told by the server's own clock
        await second.enqueue(f"tick{tick}", lease_s)
        await eventually(lambda seen=tick: f"tick{seen}" in one.ended + two.ended)
    gate.set()
    await eventually(lambda: "a" in one.ended)
    assert (one.ran + two.ran).count("a") == 1


async def test_a_job_over_which_processes_die_is_set_aside_and_can_be_revived(processes):
    for number in range(MAX_STARTS):
        handler = Recorder()
        handler.hold("poison")
        queue = await processes.start(f"p{number}", handler)
        if number == 0:
            await queue.enqueue("poison")
        await eventually(lambda seen=handler: seen.ran == ["poison"], within=10)
        await processes.dies(queue)
    survivor = Recorder()
    queue = await processes.start("survivor", survivor)
    await queue.enqueue("healthy")
    await eventually(lambda: survivor.buried == ["poison"], within=10)
    await eventually(lambda: survivor.ended == ["healthy"])
    await queue.enqueue("poison")
    await queue.enqueue("poison", 0.001)
    assert await queue.unscheduled(["poison"]) == []  # so that no sweep brings it back
    leases = JobLeases(await processes.client(), processes.keys, "admin", lease_s=1)
    assert list(await leases.dead_letters()) == ["poison"]
    assert not await leases.revive("healthy")
    assert await leases.revive("poison")
    await eventually(lambda: survivor.ended == ["healthy", "poison"])
    assert await leases.dead_letters() == {}


async def test_a_job_that_comes_to_its_end_may_be_started_as_often_as_one_likes(processes):
    handler = Recorder()
    queue = await processes.start("p1", handler)
    for count in range(1, 2 * MAX_STARTS):
        await queue.enqueue("a")
        await eventually(lambda seen=count: len(handler.ended) == seen)
    assert handler.buried == []


async def test_what_is_put_off_survives_the_process_that_put_it_off(processes):
    one, two = Recorder(), Recorder()
    first = await processes.start("p1", one)
    await first.enqueue("a", 0.2)
    await processes.dies(first)
    await processes.start("p2", two)
    await two.reaches("a")
    assert one.ran == []


async def test_what_is_cut_short_goes_to_another_process_at_once(processes):
    one, two = Recorder(), Recorder()
    one.hold("a")
    first = await processes.start("p1", one, lease_s=FOREVER_S)
    await first.enqueue("a")
    await one.reaches("a")
    await processes.start("p2", two, lease_s=FOREVER_S)
    assert await first.stop(0.01) == 1
    await eventually(lambda: two.ended == ["a"])


async def test_a_server_that_forgot_everything_is_taken_up_again(processes):
    handler = Recorder()
    queue = await processes.start("p1", handler)
    await queue.enqueue("a")
    await eventually(lambda: handler.ended == ["a"])
    await queue._redis.delete(queue._stream)  # and with it the group
    await eventually(lambda: [line for line in processes.logs if line["event"] == "queue_back"], within=10)
    await queue.enqueue("b")
    await eventually(lambda: handler.ended == ["a", "b"], within=10)


async def test_nudges_while_the_server_is_away_are_sent_when_it_is_back(tmp_path):
    handler = Recorder()
    with capture_logs() as logs:
        async with AsyncExitStack() as stack:
            with own_redis(tmp_path) as url:
                queue = await Processes(url, stack).start("p1", handler)
                await queue.enqueue("a")
                await eventually(lambda: handler.ended == ["a"])
            port = url.rpartition(":")[2].removesuffix("/0")
            await queue.enqueue("b")
            await queue.enqueue("c", 0.05)
            assert await queue.unscheduled(["b"]) == ["b"]
            assert await queue.state() != "ok"
            with own_redis(tmp_path, "--port", port):
                await eventually(lambda: sorted(handler.ended) == ["a", "b", "c"], within=15)
                await queue.stop(0)
    events = [line["event"] for line in logs]
    assert events.count("queue_back") == events.count("queue_unreachable") == 1  # not once a try
