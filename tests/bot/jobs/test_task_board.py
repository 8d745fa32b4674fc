"""What a front end asks: fresh where others work too, and no more often than needed."""

from dataclasses import replace

import pytest

from bot.jobs.errors import NoSuchJobError
from bot.jobs.task_board import TaskBoard
from bot.work_queue.single_process import single_process
from storage.job import JobStatus, Origin
from storage.lifecycle_events import Admitted
from storage.repository import JobRepository
from tests.support.fakes import build, storage_down, submission
from tests.support.skipped_time import time_passes

USER = "api-0123456789abcdef"


async def submitted(process, number=1):
    asked = submission(number, origin=Origin(user=USER, locale="en"))
    await process.submit(asked)
    return asked.job_id


def test_news_of_other_processes_are_seen_within_a_second(world, skipping_time):
    async def story():
        shared = replace(single_process(jobs_per_person=9, jobs_per_key=9, predictions=9), single_process=False)
        process = build(world, shared=shared, repository=JobRepository(world.store, single_process=False))
        job_id = await submitted(process)
        board: TaskBoard = process.jobs.board
        assert (await board.find(job_id, USER)).status is JobStatus.PENDING
        await JobRepository(world.store).change(job_id, [Admitted()], world.clock.now())
        reads = world.faults.calls["store.get"]
        seen = [(await board.find(job_id, USER)).status for _ in range(5)]
        assert seen == [JobStatus.PENDING] * 5
        assert world.faults.calls["store.get"] == reads
        await time_passes(1.1)
        assert (await board.find(job_id, USER)).status is JobStatus.PROCESSING
        assert world.faults.calls["store.get"] == reads + 1

    skipping_time(story())


async def test_a_process_that_is_alone_never_reads_again_what_it_knows(world):
    process = build(world)
    job_id = await submitted(process)
    reads = world.faults.calls["store.get"]
    for _ in range(5):
        await process.jobs.board.find(job_id, USER)
    assert world.faults.calls["store.get"] == reads


@pytest.mark.parametrize("job_id", ["", "x", "../jobs/x", "00000000-0000-0000-0000-000000000000"])
async def test_what_is_no_job_of_the_user_is_not_found(world, job_id):
    with pytest.raises(NoSuchJobError):
        await build(world).jobs.board.find(job_id, USER)


async def test_a_list_entry_of_a_job_that_was_never_recorded_is_passed_over(world):
    process = build(world)
    world.faults.fail("store.put", storage_down, skip=1, times=2)
    with pytest.raises(type(storage_down())):
        await submitted(process)
    world.faults.stop()
    assert len(world.store.keys("listed/")) == 1
    assert await process.jobs.board.page(USER, limit=5) == ([], None)


async def test_a_foreign_object_in_the_list_is_passed_over(world):
    process = build(world)
    job_id = await submitted(process)
    world.store.put_now(f"listed/{USER}/0000-README", b"")
    jobs, following = await process.jobs.board.page(USER, limit=5)
    assert ([job.id for job in jobs], following) == ([job_id], None)


async def test_the_worker_passes_over_jobs_that_are_under_way_or_cannot_be_read(world):
    process = build(world)
    running, broken, pending = [await submitted(process, number) for number in (1, 2, 3)]
    await process.repository.change(running, [Admitted()], world.clock.now())
    world.store.put_now(f"jobs/{broken}.json", b"nonsense")
    process.repository._recent.forget(broken)
    job = await process.jobs.board.trigger()
    assert job is not None
    assert job.id == pending


async def test_nothing_pending_is_nothing_to_do(world):
    process = build(world)
    job_id = await submitted(process)
    await process.service.cancel(job_id, USER)
    await process.run_ready()
    assert (await process.repository.load(job_id)).status is JobStatus.CANCELED
    assert await process.jobs.board.trigger() is None
