"""The sweep finds jobs that nobody is going to advance."""

import asyncio
from datetime import timedelta

import pytest

from storage import object_keys
from storage.errors import StorageUnavailableError
from tests.support.fakes import BEGIN, storage_down, submission
from tests.support.waiting import eventually, loop_turns

ASKED = submission()
JOB = ASKED.job_id


async def test_a_new_process_finds_what_the_last_one_left_and_reads_no_record(world):
    await world.start().submit(ASKED)
    process = world.start()
    world.faults.calls.clear()
    assert await process.sweep.once() == 1
    assert process.queue.ready() == [JOB]
    assert dict(world.faults.calls) == {"store.list": 1}


async def test_what_is_scheduled_or_in_work_is_left_alone(world):
    process = world.start()
    await process.submit(ASKED)
    process.queue.nudges.clear()
    assert await process.sweep.once() == 0
    with process.queue.taken(JOB):
        assert await process.sweep.once() == 0
    assert process.queue.nudges == []


async def test_a_lost_nudge_is_made_up_for(world):
    process = world.start()
    await process.submit(ASKED)
    process.queue.due.clear()
    assert await process.sweep.once() == 1


async def test_a_marker_without_a_job_is_removed_but_not_at_once(world):
    process = world.start()
    world.store.put_now(object_keys.open_marker(JOB), b"", modified_at=BEGIN - timedelta(minutes=59))
    await process.sweep.once()
    await process.run_ready()
    assert object_keys.open_marker(JOB) in world.store.objects
    world.clock.advance(120)
    assert await process.sweep.once() == 0
    assert world.store.keys() == []


async def test_an_old_marker_of_a_job_stays(world):
    await world.start().submit(ASKED)
    world.clock.advance(7200)
    assert await world.start().sweep.once() == 1
    assert object_keys.open_marker(JOB) in world.store.objects


async def test_a_storage_that_is_down_is_told_to_the_caller(world):
    world.faults.fail("store.list", storage_down())
    with pytest.raises(StorageUnavailableError):
        await world.start().sweep.once()


async def test_the_timer_goes_on_after_an_outage(world, logs):
    world.faults.fail("store.list", storage_down())
    process = world.start()
    await process.submit(ASKED)
    task = asyncio.ensure_future(process.sweep.run())
    await eventually(lambda: "sweep_postponed" in {line["event"] for line in logs})
    await loop_turns(20)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
