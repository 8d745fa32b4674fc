import asyncio

import pytest

from mock_server.replicate.clock import MockClock
from tests.support.waiting import loop_turns


@pytest.fixture
def clock():
    return MockClock(lambda: 1000.0)


async def test_time_stamps_follow_the_base_until_time_is_pushed_ahead(clock):
    assert clock() == 1000.0
    clock.advance(3600)
    assert clock() == 4600.0
    clock.reset()
    assert clock() == 1000.0


async def test_a_sleep_ends_when_time_is_pushed_past_it(clock):
    sleeping = asyncio.create_task(clock.sleep(100))
    await loop_turns()
    clock.advance(99)
    await loop_turns(10)
    assert not sleeping.done()
    clock.advance(1)
    await sleeping


async def test_what_is_due_happens_earliest_first_and_may_take_back_what_follows(clock):
    happened = []
    late = clock.call_later(20, lambda: happened.append("late"))
    clock.call_later(30, lambda: happened.append("last"))
    clock.call_later(10, lambda: (happened.append("early"), clock.cancel(late)))
    clock.advance(60)
    assert happened == ["early", "last"]


async def test_time_runs_as_fast_as_asked_for(clock):
    clock.run_at(10_000)
    begun = asyncio.get_running_loop().time()
    await clock.sleep(300)
    passed = asyncio.get_running_loop().time() - begun
    assert 0.02 < passed < 5
    assert clock() >= 1300
    assert clock.speed == 10_000


async def test_a_change_of_speed_keeps_what_has_passed(clock):
    clock.run_at(1000)
    await clock.sleep(20)
    before = clock()
    clock.run_at(1)
    assert before <= clock() < before + 20


async def test_waiting_for_an_event_tells_whether_it_came(clock):
    event = asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, 50))
    await loop_turns()
    clock.advance(50)
    assert await waiting is False
    waiting = asyncio.create_task(clock.wait(event, 50))
    await loop_turns()
    event.set()
    assert await waiting is True
    assert await clock.wait(event, 0) is True


async def test_a_sleeper_that_is_canceled_leaves_nothing_behind(clock):
    sleeping = asyncio.create_task(clock.sleep(100))
    await loop_turns()
    sleeping.cancel()
    await asyncio.wait({sleeping})
    assert clock._timers == set()
    await clock.sleep(0)
    await clock.sleep(0.001)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), 10**9])
async def test_time_goes_forward_only(clock, seconds):
    with pytest.raises(ValueError, match="forward"):
        clock.advance(seconds)


@pytest.mark.parametrize("speed", [0, -1, 10_001, float("nan")])
async def test_an_impossible_speed_is_refused(clock, speed):
    with pytest.raises(ValueError, match="speed"):
        clock.run_at(speed)
