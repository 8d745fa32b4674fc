"""Jobs that wait because new ones are paused."""

from dataclasses import replace

import pytest

from bot.jobs.ports.people import PersonLimits
from storage.job import JobStatus
from tests.support.fakes import LIMITS, Process, World, submission

PAUSED = PersonLimits(paused=True)


@pytest.fixture
def world():
    world = World()
    world.people.limits["tg-7"] = PAUSED
    return world


async def resume(world: World, process: Process) -> None:
    world.people.limits.clear()
    await process.service.nudge_all()
    await process.run_ready()


async def test_a_job_that_waits_for_the_end_of_a_pause_can_be_called_off(world):
    process = world.start()
    await process.submit(submission(1))
    await process.run_ready()
    assert await process.service.cancel_all("tg-7", 7) == 1
    await process.run_ready()
    assert world.job(submission(1).job_id).status is JobStatus.CANCELED


async def test_the_time_of_a_pause_does_not_count_for_the_age_of_a_job(world):
    process = world.start(replace(LIMITS, user_max_active=1))
    first, second = submission(1), submission(2)
    await process.submit(first)
    await process.submit(second)
    await process.run_for(LIMITS.job_timeout_s + 600)
    assert world.replicate.predictions == {}
    await resume(world, process)
    for asked in (first, second):
        await process.run_for(LIMITS.job_timeout_s / 2 - 60)
        (prediction_id,) = world.replicate.running
        world.replicate.succeed(prediction_id)
        await process.deliver_callbacks()
        await process.run_ready()
        assert world.job(asked.job_id).status is JobStatus.COMPLETED


async def test_a_paused_job_that_is_nudged_goes_on_waiting(world, logs):
    process = world.start()
    await process.submit(submission(1))
    await process.run_ready()
    before = world.job(submission(1).job_id)
    for _ in range(3):
        await process.service.nudge_all()
        await process.run_ready()
    assert world.job(submission(1).job_id) == before
    assert not [line for line in logs if line["log_level"] == "error"]
