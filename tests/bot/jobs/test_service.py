"""What the doors call."""

import pytest
from structlog.testing import capture_logs

from bot.jobs.callback_recorder import CallbackResult
from bot.jobs.callback_reference import JobReference
from bot.jobs.errors import NoSuchJobError
from replicate_gateway import errors as gateway
from replicate_gateway.prediction import Prediction, PredictionStatus
from storage import object_keys
from storage.errors import StorageUnavailableError
from storage.job import JobStatus, SlotState
from tests.support.fakes import LIMITS, Callback, World, storage_down, submission

ASKED = submission()
JOB = ASKED.job_id


@pytest.fixture(autouse=True)
def logs():
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def world():
    return World()


@pytest.fixture
def process(world):
    return world.start()


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
    assert await process.receive(callback) is CallbackResult.REPEATED
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
