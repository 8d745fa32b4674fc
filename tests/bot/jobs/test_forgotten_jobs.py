"""What the process holds in memory of its jobs: something while they are under way, nothing afterwards."""

from dataclasses import replace

import pytest

from bot.jobs.callback_reference import JobReference
from bot.jobs.errors import ChatGoneError, NotDoneError
from bot.work_queue.single_process import single_process
from replicate_gateway import errors as gateway
from replicate_gateway.prediction import PredictionStatus
from storage.repository import JobRepository
from tests.support.fakes import build, storage_down, submission
from tests.support.remembered import containers_with

ASKED = submission(seeds=(1, 2))
JOB = ASKED.job_id


def remembered(world, process):
    return containers_with((process.jobs, process.repository), [JOB, *world.replicate.predictions])


async def under_way(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    return list(world.replicate.running)


async def test_a_job_under_way_is_found_in_memory(world, process):
    """Else the other tests here could not fail."""
    await under_way(world, process)
    found = remembered(world, process)
    assert any("_held" in path for path in found), found
    assert any("_known" in path for path in found), found


async def success(world, process):
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()


async def failure(world, process):
    for prediction_id in world.replicate.running:
        world.replicate.end(prediction_id, PredictionStatus.FAILED, error="CUDA")
    await process.deliver_callbacks()


async def cancellation(world, process):
    await process.service.cancel(JOB, "tg-7")


async def standstill(world, process):
    world.faults.fail("replicate.get", gateway.GatewayUnavailableError("down"), times=10**9)


async def a_chat_that_is_gone(world, process):
    world.faults.fail("chat.send_outcome", ChatGoneError("blocked"))
    await success(world, process)


async def predictions_that_are_gone(world, process):
    world.faults.fail("replicate.get", gateway.PredictionNotFoundError("gone"), times=10**9)


async def an_outage_of_the_storage(world, process):
    await success(world, process)
    world.faults.fail("store", storage_down, times=20)


async def an_outage_of_telegram(world, process):
    world.faults.fail("chat", NotDoneError("telegram_unreachable"), times=20)
    await success(world, process)


async def a_callback_that_is_too_large(world, process):
    await process.callbacks.ask(JobReference(JOB, 0))
    await success(world, process)
    await process.callbacks.ask(JobReference(JOB, 1))


ENDS = [
    success,
    failure,
    cancellation,
    standstill,
    a_chat_that_is_gone,
    predictions_that_are_gone,
    an_outage_of_the_storage,
    an_outage_of_telegram,
    a_callback_that_is_too_large,
]


@pytest.mark.parametrize("callbacks", [True, False], ids=["callbacks", "polling"])
@pytest.mark.parametrize("end", ENDS)
async def test_a_job_that_has_ended_is_forgotten(world, end, callbacks):
    process = world.start(callbacks=callbacks)
    await under_way(world, process)
    await end(world, process)
    await process.run_for(4 * 3600)
    assert world.job(JOB).status.terminal
    assert world.is_closed(JOB)
    assert remembered(world, process) == {}


@pytest.mark.parametrize("end", [success, cancellation])
async def test_a_job_that_another_process_has_ended_is_forgotten_in_time(world, end):
    """Nobody tells the process that heard of it, or worked on it before."""
    shared = replace(single_process(jobs_per_person=10, jobs_per_key=10, predictions=10), single_process=False)
    first, other = (
        build(world, shared=shared, repository=JobRepository(world.store, single_process=False)) for _ in range(2)
    )
    await under_way(world, first)
    for prediction_id in world.replicate.running:
        world.replicate.start(prediction_id)
    await first.deliver_callbacks()
    await first.run_ready()
    assert remembered(world, first)
    await other.sweep.once()
    await end(world, other)
    await other.run_for(3600)
    assert world.is_closed(JOB)
    first.queue.due.clear()
    world.clock.advance(3 * 3600)
    await first.submit(submission(2))
    await first.run_for(10)
    await success(world, first)
    await first.run_for(10)
    assert {path for path in remembered(world, first) if not path.endswith("._recent._known")} == set()


async def test_progress_that_is_told_after_a_job_was_canceled_is_not_kept(world):
    process = world.start()
    prediction_id, _ = await under_way(world, process)
    world.replicate.start(prediction_id)
    late = world.replicate.outbox.pop()
    await cancellation(world, process)
    await process.run_for(60)
    assert world.is_closed(JOB)
    await process.receive(late)
    assert {path for path in remembered(world, process) if not path.endswith("._recent._known")} == set()


async def test_a_nudge_that_comes_after_another_process_has_ended_the_job_lets_go_of_it(world):
    shared = replace(single_process(jobs_per_person=10, jobs_per_key=10, predictions=10), single_process=False)
    first, other = (
        build(world, shared=shared, repository=JobRepository(world.store, single_process=False)) for _ in range(2)
    )
    await under_way(world, first)
    await other.sweep.once()
    await cancellation(world, other)
    await other.run_for(3600)
    assert remembered(world, first)
    await first.advance(JOB)
    assert {path for path in remembered(world, first) if not path.endswith("._recent._known")} == set()
