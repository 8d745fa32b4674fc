"""What people ask for."""

import pytest

from bot.jobs.errors import NoSuchJobError
from storage import object_keys
from storage.errors import StorageUnavailableError
from storage.job import JobStatus
from tests.support.fakes import LIMITS, storage_down, submission

ASKED = submission()
JOB = ASKED.job_id


async def running(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    return world.replicate.running[-1]


async def test_a_submission_is_durable_and_nudged(world, process):
    assert await process.submit(ASKED) is True
    job = world.job(JOB)
    assert (job.status, job.preset, job.origin, job.inputs) == (
        JobStatus.PENDING,
        ASKED.preset,
        ASKED.origin,
        ASKED.inputs,
    )
    assert (job.deadline - job.created_at).total_seconds() == LIMITS.job_timeout_s
    assert process.queue.ready() == [JOB]


async def test_the_same_delivery_is_the_same_job(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    assert await process.submit(ASKED) is False
    await process.run_ready()
    assert len(world.store.keys(object_keys.JOBS)) == 1
    assert len(world.replicate.predictions) == 1


async def test_a_finished_job_that_is_asked_for_again_stays_finished(world, process):
    world.replicate.succeed(await running(world, process))
    await process.deliver_callbacks()
    await process.run_ready()
    assert await process.submit(ASKED) is False
    await process.run_ready()
    assert world.is_closed(JOB)
    assert world.chat.pings(JOB) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_cannot_be_recorded_is_not_accepted(world, process, when):
    world.faults.fail("store.put", storage_down, when=when, times=2)
    with pytest.raises(StorageUnavailableError):
        await process.submit(ASKED)
    assert process.queue.ready() == []


async def test_cancel_is_recorded_and_nudged(world, process):
    await running(world, process)
    job = await process.service.cancel(JOB, "tg-7")
    assert job.cancel_requested
    await process.run_ready()
    assert world.job(JOB).status is JobStatus.CANCELED
    assert world.replicate.running == []


@pytest.mark.parametrize(("job_id", "user"), [(JOB, "tg-8"), (submission(9).job_id, "tg-7"), ("../users/tg-7", "tg-7")])
async def test_nobody_cancels_what_is_not_theirs(world, process, job_id, user):
    await process.submit(ASKED)
    with pytest.raises(NoSuchJobError):
        await process.service.cancel(job_id, user)
    assert not world.job(JOB).cancel_requested


async def test_cancel_comes_too_late_for_a_finished_job(world, process):
    world.replicate.succeed(await running(world, process))
    await process.deliver_callbacks()
    await process.run_ready()
    job = await process.service.cancel(JOB, "tg-7")
    assert job.status is JobStatus.COMPLETED
    assert not job.cancel_requested
