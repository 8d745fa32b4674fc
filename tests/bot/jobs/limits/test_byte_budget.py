"""Memory for pictures, bounded by bytes."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs.limits.byte_budget import ByteBudget
from tests.support.waiting import eventually, loop_turns


class Holder:
    def __init__(self, budget: ByteBudget, size: int) -> None:
        self.inside, self._leave = False, asyncio.Event()
        self.task = asyncio.ensure_future(self._hold(budget, size))

    async def _hold(self, budget: ByteBudget, size: int) -> None:
        async with budget.reserve(size):
            self.inside = True
            try:
                await self._leave.wait()
            finally:
                self.inside = False

    async def leave(self) -> None:
        self._leave.set()
        await self.task


async def test_what_fits_goes_in_and_what_does_not_waits():
    budget = ByteBudget(10)
    first, second = Holder(budget, 6), Holder(budget, 5)
    await loop_turns(5)
    assert (first.inside, second.inside) == (True, False)
    await first.leave()
    await eventually(lambda: second.inside)
    await second.leave()


async def test_a_small_one_does_not_overtake_a_large_one_in_line():
    budget = ByteBudget(10)
    first, large, small = Holder(budget, 6), Holder(budget, 10), Holder(budget, 1)
    await loop_turns(5)
    assert not small.inside
    for holder in (first, large, small):
        await holder.leave()


@pytest.mark.parametrize("size", [11, 10**12])
async def test_more_than_everything_counts_as_everything(size):
    budget = ByteBudget(10)
    holder = Holder(budget, size)
    await eventually(lambda: holder.inside)
    await holder.leave()


async def test_a_negative_size_is_nothing():
    async with ByteBudget(0).reserve(-5):
        pass


async def test_one_that_is_canceled_in_line_lets_the_others_pass():
    budget = ByteBudget(10)
    first, waiting, small = Holder(budget, 6), Holder(budget, 10), Holder(budget, 4)
    await loop_turns(5)
    waiting.task.cancel()
    await eventually(lambda: small.inside)
    for holder in (first, small):
        await holder.leave()
    assert budget._free == 10


async def test_a_cancellation_that_comes_together_with_the_turn_gives_the_bytes_back():
    budget = ByteBudget(10)
    first, waiting = Holder(budget, 10), Holder(budget, 10)
    await loop_turns(5)
    first._leave.set()
    await loop_turns()
    waiting.task.cancel()
    await asyncio.gather(first.task, waiting.task, return_exceptions=True)
    assert budget._free == 10
    assert not budget._line


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 14), st.sampled_from(["leave", "cancel"]), st.integers(0, 7)), max_size=12))
def test_nobody_waits_for_ever_and_all_is_given_back(script):
    async def story() -> None:
        budget, holders = ByteBudget(10), []
        for size, end, which in script:
            holders.append(Holder(budget, size))
            await loop_turns(2)
            holder = holders[which % len(holders)]
            holder.task.cancel() if end == "cancel" else holder._leave.set()
            assert 0 <= budget._free <= 10
        for holder in holders:
            holder._leave.set()
        await asyncio.gather(*(holder.task for holder in holders), return_exceptions=True)
        assert budget._free == 10
        assert not budget._line

    asyncio.run(story())
