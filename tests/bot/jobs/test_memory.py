"""What the process holds in memory of its jobs: something while they are under way, nothing afterwards."""

import pytest

from bot.jobs.callback_reference import JobReference
from bot.jobs.errors import ChatGoneError, NotDoneError
from replicate_gateway import errors as gateway
from replicate_gateway.prediction import PredictionStatus
from tests.support.fakes import storage_down, submission
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
