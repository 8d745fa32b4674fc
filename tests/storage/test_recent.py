"""The records seen last, and a lock per job."""

import asyncio

import pytest

from storage.recent import KeyedLocks, KnownJob, RecentJobs
from tests.support.fakes import new_job
from tests.support.waiting import loop_turns


def known(number: int) -> KnownJob:
    return KnownJob(new_job(number), f'"{number}"')


def test_what_was_put_is_held_until_it_is_forgotten():
    recent = RecentJobs(5)
    recent.put(known(1))
    assert recent.get(known(1).job.id) == known(1)
    recent.forget(known(1).job.id)
    assert recent.get(known(1).job.id) is None
    recent.forget(known(1).job.id)


def test_a_later_entry_replaces_the_earlier_one():
    recent = RecentJobs(5)
    recent.put(known(1))
    recent.put(KnownJob(new_job(1), '"later"'))
    assert recent.get(new_job(1).id).etag == '"later"'


def test_what_was_asked_for_longest_ago_goes_first():
    recent = RecentJobs(2)
    recent.put(known(1))
    recent.put(known(2))
    recent.get(known(1).job.id)
    recent.put(known(3))
    assert recent.get(known(2).job.id) is None
    assert recent.get(known(1).job.id)
    assert recent.get(known(3).job.id)


async def test_one_holder_at_a_time_per_key_and_others_in_order():
    locks, seen = KeyedLocks(), []

    async def work(name: str, key: str) -> None:
        async with locks.hold(key):
            seen.append(f"{name} in")
            await loop_turns(2)
            seen.append(f"{name} out")

    await asyncio.gather(work("a", "x"), work("b", "x"), work("c", "x"))
    assert seen == ["a in", "a out", "b in", "b out", "c in", "c out"]


async def test_other_keys_do_not_wait():
    locks = KeyedLocks()
    async with locks.hold("x"), asyncio.timeout(1), locks.hold("y"):
        pass


async def test_nothing_is_left_of_locks_that_nobody_holds_also_after_errors_and_cancellation():
    locks = KeyedLocks()

    async def fail() -> None:
        async with locks.hold("x"):
            await loop_turns()
            raise ValueError("x")

    async def wait() -> None:
        async with locks.hold("x"):
            await loop_turns()

    failing, waiting, last = (asyncio.ensure_future(work()) for work in (fail, wait, wait))
    await loop_turns()
    waiting.cancel()
    with pytest.raises(ValueError, match="x"):
        await failing
    await asyncio.gather(waiting, last, return_exceptions=True)
    assert last.done()
    assert not last.cancelled()
    assert locks._locks == {}
