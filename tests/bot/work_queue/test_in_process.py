"""The queue inside one process."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.work_queue.in_process import InProcessQueue
from tests.bot.work_queue.queue_contract import QueueContract, Recorder
from tests.support.skipped_time import time_passes
from tests.support.waiting import eventually, loop_turns


class TestInProcessQueue(QueueContract):
    @pytest.fixture
    def handler(self):
        return Recorder()

    @pytest.fixture
    async def queue(self, handler):
        queue = InProcessQueue(concurrency=2)
        queue.start(handler)
        yield queue
        await queue.stop(0)

    async def at_rest(self, queue) -> None:
        await eventually(lambda: not queue._running and not queue._ready)


@pytest.fixture
def handler():
    return Recorder()


@pytest.fixture
async def queue(handler):
    queue = InProcessQueue(concurrency=2)
    queue.start(handler)
    yield queue
    await queue.stop(0)


async def rung(queue) -> None:
    """All timers have."""

    async def none_is_left():
        return (await queue.depth()).later == 0

    await eventually(none_is_left)


async def test_nudges_of_a_waiting_job_are_one(queue, handler):
    gates = [handler.hold(job) for job in "ab"]
    for job in "abcc":
        await queue.enqueue(job)
    await queue.enqueue("c", 0.01)
    for gate in gates:
        gate.set()
    await handler.reaches("a", "b", "c")
    await rung(queue)
    await loop_turns(20)
    assert handler.ran == ["a", "b", "c"]


async def test_nudges_of_a_running_job_are_one(queue, handler):
    gate = handler.hold("a")
    await queue.enqueue("a")
    await handler.reaches("a")
    await queue.enqueue("a")
    await queue.enqueue("a")
    assert queue.scheduled("a")
    gate.set()
    await loop_turns(20)
    assert handler.ran == ["a", "a"]


async def test_a_timer_that_rings_while_its_job_runs_makes_it_run_again(queue, handler):
    gate = handler.hold("a")
    await queue.enqueue("a")
    await handler.reaches("a")
    await queue.enqueue("a", 0.005)
    await rung(queue)
    assert handler.ran == ["a"]
    gate.set()
    await loop_turns(20)
    assert handler.ran == ["a", "a"]


async def test_what_was_nudged_before_the_start_runs_after_it(handler):
    queue = InProcessQueue(concurrency=1)
    await queue.enqueue("a")
    await queue.enqueue("b", 0.001)
    await rung(queue)
    assert handler.ran == []
    queue.start(handler)
    await handler.reaches("a", "b")
    await queue.stop(0)


async def test_a_handler_that_raises_or_is_canceled_frees_its_place():
    ran = []

    async def handler(job_id):
        ran.append(job_id)
        if job_id == "canceled":
            raise asyncio.CancelledError
        raise ValueError(job_id)

    queue = InProcessQueue(concurrency=1)
    queue.start(handler)
    for job in ("canceled", "raises", "third"):
        await queue.enqueue(job)
    await eventually(lambda: ran == ["canceled", "raises", "third"])
    assert not queue.scheduled("raises")
    assert await queue.stop(0) == 0


def test_what_is_nudged_after_the_stop_never_runs(skipping_time):
    async def story():
        handler, queue = Recorder(), InProcessQueue(concurrency=1)
        queue.start(handler)
        await queue.stop(0)
        await queue.enqueue("after")
        await queue.enqueue("much after", 1)
        await time_passes(2)
        assert handler.ran == []

    skipping_time(story())


async def test_thousands_of_waiting_jobs_cost_one_timer_and_no_task(queue):
    before = len(asyncio.all_tasks())
    for number in range(5000):
        await queue.enqueue(f"job{number}", 60 + number / 1000)
    assert len(asyncio.all_tasks()) == before
    loop = asyncio.get_running_loop()
    assert sum(not handle.cancelled() for handle in loop._scheduled) <= 2


JOBS = st.sampled_from("abc")
SCRIPT = st.lists(st.tuples(JOBS, st.sampled_from([0.0, 0.0, 0.001, 0.002]), st.integers(0, 6)), max_size=30)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SCRIPT)
def test_after_every_nudge_its_job_runs_and_never_twice_at_a_time(script):
    async def story() -> None:
        handler, order = Recorder(), itertools.count()
        queue, nudged, begun = InProcessQueue(concurrency=2), {}, {}

        async def noting(job_id):
            begun[job_id] = next(order)
            await handler(job_id)

        queue.start(noting)
        for job, delay_s, pause in script:
            nudged[job] = next(order)
            await queue.enqueue(job, delay_s)
            assert queue.scheduled(job)
            await loop_turns(pause)
        await eventually(lambda: not any(queue.scheduled(job) for job in "abc"), within=1)
        assert not handler.overlap
        assert all(begun[job] > at for job, at in nudged.items())
        await queue.stop(0)

    asyncio.run(story())
