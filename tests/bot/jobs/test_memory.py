"""What a process keeps of jobs that it need not see the end of."""

from datetime import timedelta

import pytest

from bot.jobs.memory import Memory
from tests.support.fakes import FrozenClock

KEEP = timedelta(hours=1)


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def memory(clock):
    return Memory(clock, KEEP, most=3)


def test_what_is_put_is_known_until_it_is_let_go_of(memory):
    assert memory.put("a", [1]) == [1]
    assert (memory.get("a"), "a" in memory, len(memory)) == ([1], True, 1)
    assert memory.pop("a") == [1]
    assert (memory.pop("a"), memory.get("a"), "a" in memory, len(memory)) == (None, None, False, 0)


def test_nothing_is_kept_for_longer_than_a_job_lasts(memory, clock):
    memory.put("a", 1)
    clock.advance(1800)
    memory.put("b", 2)
    clock.advance(1800)
    assert len(memory) == 1
    assert memory.items() == [("b", 2)]


def test_what_is_put_again_is_kept_anew(memory, clock):
    memory.put("a", 1)
    memory.put("b", 1)
    clock.advance(1800)
    memory.put("a", 2)
    clock.advance(1800)
    assert len(memory) == 1
    assert memory.get("a") == 2


def test_of_too_many_the_oldest_go(memory):
    for key in "abac":
        memory.put(key, key)
    memory.put("d", "d")
    assert [key for key, _ in memory.items()] == ["a", "c", "d"]
