"""What every queue promises: `bot.jobs.ports.queue.JobQueue`, and that its jobs are handed out one at a time."""

import asyncio
import itertools
from abc import ABC, abstractmethod

from tests.support.waiting import eventually, loop_turns

FOREVER_S = 3600


class Recorder:
    """A `JobHandler` that notes who ran when, and waits where it is told to."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.ended: list[str] = []
        self.at: list[float] = []
        self.now: set[str] = set()
        self.most = 0
        self.overlap = False
        self.buried: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    def hold(self, job_id: str) -> asyncio.Event:
        return self.gates.setdefault(job_id, asyncio.Event())

    async def __call__(self, job_id: str) -> None:
        self.ran.append(job_id)
        self.at.append(asyncio.get_running_loop().time())
        self.overlap |= job_id in self.now
        self.now.add(job_id)
        self.most = max(self.most, len(self.now))
        try:
            if gate := self.gates.get(job_id):
                await gate.wait()
            await loop_turns()
        finally:
            self.now.discard(job_id)
        self.ended.append(job_id)

    async def set_aside(self, job_id: str) -> None:
        self.buried.append(job_id)

    async def reaches(self, *jobs: str) -> None:
        """Wait until exactly these have been begun, in this order."""
        await eventually(lambda: self.ran == list(jobs), because=f"want {jobs}")


class QueueContract(ABC):
    """Subclasses give the fixtures `handler` (a `Recorder`) and `queue`, started with it, with room for two jobs."""

    async def test_a_nudged_job_runs_once(self, queue, handler):
        await queue.enqueue("a")
        await eventually(lambda: handler.ended == ["a"])
        await self.at_rest(queue)
        assert handler.ran == ["a"]

    async def test_jobs_run_in_order_of_arrival(self, queue, handler):
        gate = handler.hold("long")  # leaves room for one at a time
        await queue.enqueue("long")
        await handler.reaches("long")
        for job in "abcde":
            await queue.enqueue(job)
        await handler.reaches("long", *"abcde")
        gate.set()

    async def test_no_more_run_at_a_time_than_there_is_room_for(self, queue, handler):
        gates = [handler.hold(job) for job in "abcdef"]
        for job in "abcdef":
            await queue.enqueue(job)
        await eventually(lambda: handler.now == {"a", "b"})
        for gate in gates:
            gate.set()
        await eventually(lambda: sorted(handler.ended) == list("abcdef"))
        assert handler.most == 2

    async def test_it_tells_how_much_there_is_to_do_and_how_long_the_first_has_waited(self, queue, handler):
        gates = [handler.hold(job) for job in "ab"]
        for job in "abcd":
            await queue.enqueue(job)
        await queue.enqueue("late", FOREVER_S)
        await eventually(lambda: handler.now == {"a", "b"})
        depth = await eventually(lambda: self.depth_with(queue, ready=2))
        assert (depth.later, depth.running) == (1, 2)
        assert 0 <= depth.oldest_s < 60
        for gate in gates:
            gate.set()
        await eventually(lambda: len(handler.ended) == 4)
        assert (await eventually(lambda: self.depth_with(queue, ready=0))).oldest_s == 0

    @staticmethod
    async def depth_with(queue, *, ready):
        depth = await queue.depth()
        return depth if depth.ready == ready else None

    async def test_a_job_that_is_nudged_while_it_runs_runs_again_afterwards_and_never_twice_at_a_time(
        self, queue, handler
    ):
        gate = handler.hold("a")
        await queue.enqueue("a")
        await handler.reaches("a")
        await queue.enqueue("a")
        await queue.enqueue("a")
        await queue.enqueue("b")
        await eventually(lambda: handler.ended == ["b"])  # what came before it has been looked at
        gate.set()
        await eventually(lambda: handler.ran.count("a") >= 2)
        await self.at_rest(queue)
        assert not handler.overlap

    async def test_a_job_for_later_waits_for_its_time_and_is_known(self, queue, handler):
        begin = asyncio.get_running_loop().time()
        await queue.enqueue("later", 0.08)
        assert await queue.unscheduled(["later", "other"]) == ["other"]
        await queue.enqueue("now")
        await handler.reaches("now", "later")
        assert handler.at[1] - begin >= 0.078
        assert handler.at[1] - begin < 0.9  # by its own timer, not by a look round

    async def test_of_several_nudges_the_earliest_counts(self, queue, handler):
        await queue.enqueue("a", FOREVER_S)
        await queue.enqueue("a", 0.01)
        await queue.enqueue("a", FOREVER_S)
        await handler.reaches("a")
        await self.at_rest(queue)
        assert await queue.unscheduled(["a"]) == ["a"]

    async def test_a_nudge_now_overtakes_a_timer_which_then_does_not_ring(self, queue, handler):
        await queue.enqueue("a", 0.02)
        await queue.enqueue("a")
        await handler.reaches("a")
        await queue.enqueue("b", 0.06)
        await handler.reaches("a", "b")

    async def test_a_running_job_is_known(self, queue, handler):
        gate = handler.hold("a")
        await queue.enqueue("a")
        await handler.reaches("a")
        assert await queue.unscheduled(["a"]) == []
        gate.set()
        await eventually(lambda: handler.ended == ["a"])

    async def test_a_handler_may_put_its_own_job_off(self, queue, handler):
        times = itertools.count()

        class PutsOff(Recorder):
            async def __call__(self, job_id: str) -> None:
                await super().__call__(job_id)
                if next(times) < 2:
                    await queue.enqueue(job_id, 0.001)

        queue._handler = again = PutsOff()
        await queue.enqueue("a")
        await again.reaches("a", "a", "a")

    async def test_stopping_lets_the_running_finish_and_starts_nothing_new(self, queue, handler):
        gates = [handler.hold(job) for job in "ab"]
        for job in "abc":
            await queue.enqueue(job)
        await queue.enqueue("later", 0.001)
        await eventually(lambda: handler.now == {"a", "b"})
        stopping = asyncio.ensure_future(queue.stop(10))
        await loop_turns()
        for gate in gates:
            gate.set()
        assert await stopping == 0
        assert sorted(handler.ran) == sorted(handler.ended) == ["a", "b"]

    async def test_stopping_cuts_short_what_does_not_finish(self, queue, handler):
        handler.hold("a")
        await queue.enqueue("a")
        await handler.reaches("a")
        assert await queue.stop(0.01) == 1
        assert handler.now == set()

    async def test_an_idle_queue_stops_within_two_seconds(self, queue):
        async with asyncio.timeout(2):
            assert await queue.stop(60) == 0

    async def test_it_says_that_it_is_well(self, queue):
        assert await queue.state() == "ok"

    @abstractmethod
    async def at_rest(self, queue) -> None:
        """Wait until nothing is under way."""
