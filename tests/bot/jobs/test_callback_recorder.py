"""What becomes of what Replicate says."""

from dataclasses import replace

import pytest

from bot.jobs.callback_recorder import CallbackResult
from bot.jobs.callback_reference import JobReference
from replicate_gateway import errors as gateway
from replicate_gateway.prediction import Prediction, PredictionStatus
from storage.errors import StorageUnavailableError
from storage.job import InputImage, JobStatus, SlotState
from tests.support.fakes import PHOTO, Callback, storage_down, submission

ASKED = submission()
JOB = ASKED.job_id


async def running(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    return world.replicate.running[-1]


async def test_a_callback_is_recorded_and_nudges(world, process):
    prediction_id = await running(world, process)
    process.queue.due.clear()
    world.replicate.succeed(prediction_id)
    assert await process.deliver_callbacks() == [CallbackResult.RECORDED]
    assert world.job(JOB).slots[0].state is SlotState.SUCCEEDED
    assert process.queue.ready() == [JOB]


async def test_a_repeated_callback_changes_nothing(world, process):
    prediction_id = await running(world, process)
    world.replicate.start(prediction_id)
    (callback,) = world.replicate.outbox
    assert await process.receive(callback) is CallbackResult.STARTED
    assert await process.receive(callback) is CallbackResult.PROGRESS
    world.replicate.succeed(prediction_id)
    (_, ended) = world.replicate.outbox
    await process.receive(ended)
    before = world.job(JOB)
    assert await process.receive(ended) is CallbackResult.REPEATED
    assert await process.receive(callback) is CallbackResult.REPEATED
    assert world.job(JOB) == before


async def test_a_callback_after_the_end_changes_nothing_and_nudges_nobody(world, process):
    world.replicate.succeed(await running(world, process))
    (callback,) = world.replicate.outbox
    await process.deliver_callbacks()
    await process.run_ready()
    before = world.store.objects.copy()
    assert await process.receive(callback) is CallbackResult.REPEATED
    assert world.store.objects == before
    assert process.queue.due == {}


async def test_a_callback_that_overtakes_the_create_answer_is_adopted(world, process):
    await process.submit(ASKED)
    gate = world.faults.hold("replicate.create", when="after")
    task = process.spawn(process.advance(JOB))
    await gate.reached.wait()
    (prediction_id,) = world.replicate.predictions
    world.replicate.succeed(prediction_id)
    assert await process.deliver_callbacks() == [CallbackResult.RECORDED]
    gate.open()
    await task
    await process.run_ready()
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert list(world.replicate.predictions) == [prediction_id]


async def test_a_callback_without_a_reference_finds_its_job_by_the_task_record(world, process):
    prediction_id = await running(world, process)
    world.replicate.succeed(prediction_id)
    prediction = world.replicate.predictions[prediction_id]
    assert await process.receive(Callback(None, prediction)) is CallbackResult.RECORDED


async def lost(world, process, *asked):
    """A prediction whose create call was never answered, as a callback tells it that does not name our URL."""
    for one in asked:
        await process.submit(one)
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after", times=len(asked))
    world.replicate.lists = False
    await process.run_ready()
    prediction_id = world.replicate.made_for(asked[0].job_id)[0]
    world.replicate.succeed(prediction_id)
    world.replicate.outbox.clear()
    return replace(world.replicate.predictions[prediction_id], webhook=None)


async def test_a_callback_of_which_only_the_input_is_known_finds_its_job_by_the_pictures_url(world, process):
    await process.submit(submission(2))
    await process.run_ready()  # another job, whose prediction is known
    prediction = await lost(world, process, ASKED)
    assert await process.receive(Callback(None, prediction)) is CallbackResult.RECORDED
    await process.run_ready()
    assert world.job(JOB).slots[0].prediction_id == prediction.id
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_another_picture_is_not_the_jobs(world, process):
    prediction = await lost(world, process, ASKED)
    other = replace(prediction, input={"image": "https://store.example/images/input/other.jpg"})
    assert await process.receive(Callback(None, other)) is CallbackResult.UNKNOWN
    assert await process.receive(Callback(None, replace(prediction, input={}))) is CallbackResult.UNKNOWN
    assert world.job(JOB).slots[0].state is SlotState.CLAIMED


async def test_a_picture_that_two_jobs_wait_for_is_nobodys(world, process):
    """Whose it is would be a guess; each job finds its own in Replicate's list, or makes another one."""
    key = "images/input/0b4f9d1e-0000-4000-8000-000000000000.jpg"
    world.store.put_now(key, PHOTO)
    shared = (InputImage(key=key, content_type="image/jpeg", width=90, height=90),)
    prediction = await lost(world, process, submission(inputs=shared), submission(2, inputs=shared))
    assert await process.receive(Callback(None, prediction)) is CallbackResult.UNKNOWN


@pytest.mark.parametrize("reference", [None, JobReference(submission(9).job_id, 0), JobReference(JOB, 1)])
async def test_a_callback_that_leads_nowhere_is_unknown(world, process, reference):
    await process.submit(ASKED)
    stranger = Prediction(id="stranger", status=PredictionStatus.SUCCEEDED, raw_status="succeeded")
    before = world.store.objects.copy()
    assert await process.receive(Callback(reference, stranger)) is CallbackResult.UNKNOWN
    assert world.store.objects == before


async def test_a_second_prediction_of_a_slot_is_superseded_and_stopped(world, process):
    prediction_id = await running(world, process)
    request = world.replicate.requests[prediction_id]
    second = await world.replicate.create(request)
    world.replicate.start(second.id)
    assert await process.deliver_callbacks() == [CallbackResult.SUPERSEDED]
    await process.background.drain(1)
    assert world.replicate.running == [prediction_id]
    assert world.job(JOB).slots[0].prediction_id == prediction_id


async def test_a_superseded_prediction_that_cannot_be_stopped_is_logged(world, process, logs):
    prediction_id = await running(world, process)
    second = await world.replicate.create(world.replicate.requests[prediction_id])
    world.replicate.start(second.id)
    world.faults.fail("replicate.cancel", gateway.GatewayUnavailableError("down", status=500))
    await process.deliver_callbacks()
    await process.background.drain(1)
    assert "superseded_not_stopped" in {line["event"] for line in logs}


async def test_a_prediction_that_starts_after_the_job_was_canceled_is_stopped(world, process):
    prediction_id = await running(world, process)
    await process.service.cancel(JOB, "tg-7")
    world.faults.fail("replicate.cancel", gateway.GatewayUnavailableError("down", status=500))
    await process.run_ready()
    world.replicate.start(prediction_id)
    await process.deliver_callbacks()
    await process.background.drain(1)
    assert world.replicate.running == []


async def test_a_callback_that_cannot_be_recorded_is_not_accepted(world, process):
    world.replicate.succeed(await running(world, process))
    (callback,) = world.replicate.outbox
    world.faults.fail("store", storage_down)
    with pytest.raises(StorageUnavailableError):
        await process.receive(callback)
    assert await process.receive(callback) is CallbackResult.RECORDED
