"""What is paid for, or may be, is known at once, and not given up for what the operator, or time, can mend."""

from dataclasses import replace

import pytest

from bot.work_queue.single_process import single_process
from replicate_gateway import errors as gateway
from storage.job import JobStatus, SlotState
from tests.support.fakes import SharedBoard, build, storage_down, submission

ASKED = submission()
JOB = ASKED.job_id
HOUR = 3600.0
REFUSED = gateway.CredentialsRefusedError("no", status=403)
NO_CREDIT = gateway.CreditExhaustedError("no", status=402)
OPERATOR = pytest.mark.parametrize(
    ("refusal", "code"), [(REFUSED, "service_credentials"), (NO_CREDIT, "service_credit")], ids=["403", "402"]
)


async def started(world, process):
    """A prediction that runs."""
    await process.submit(ASKED)
    await process.run_ready()
    (prediction_id,) = world.replicate.running
    return prediction_id


async def ended_unheard(world, process, **how):
    """A prediction that has succeeded, of which nobody has told."""
    world.replicate.succeed(await started(world, process), **how)
    world.replicate.outbox.clear()


def codes(world):
    return {code for code, _ in world.chat.alerts}


@OPERATOR
async def test_a_refused_poll_is_told_to_the_admins_and_costs_no_result(world, process, refusal, code):
    world.faults.fail("replicate.get", refusal, times=2)
    await ended_unheard(world, process)
    await process.run_for(35)
    assert world.job(JOB).outcome is None
    assert world.job(JOB).slots[0].state is SlotState.RUNNING
    assert codes(world) == {code}
    await process.run_for(300)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert world.faults.calls["replicate.cancel"] == 0


@OPERATOR
async def test_a_refusal_that_stays_ends_in_its_own_sentence(world, process, refusal, code):
    await ended_unheard(world, process)
    world.faults.fail("replicate.get", refusal, times=10**9)
    await process.run_for(1800)
    assert world.job(JOB).outcome is None, "Replicate keeps the outputs for an hour"
    await process.run_for(HOUR + 60)
    job = world.job(JOB)
    assert (job.status, job.outcome.code) == (JobStatus.FAILED, code)
    assert world.is_closed(JOB)


async def test_a_refusal_that_was_over_before_the_end_is_not_blamed(world, process):
    await started(world, process)
    world.faults.fail("replicate.get", REFUSED, times=2)
    await process.run_for(1000)
    world.faults.fail("replicate.get", gateway.GatewayUnavailableError("down"), times=10**9)
    await process.run_for(2 * HOUR)
    assert world.job(JOB).outcome.code == "timeout"


async def test_an_answer_refused_for_an_output_that_is_too_long_for_the_record_costs_no_result(world, process):
    url = "data:image/png;base64," + "A" * 30_000
    world.replicate.succeed(await started(world, process), url)
    world.faults.fail("replicate.get", REFUSED, times=2)
    await process.deliver_callbacks()
    await process.run_for(60)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert codes(world) == {"service_credentials"}


async def test_a_refused_search_for_an_orphan_leaves_the_claim(world, process):
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    world.faults.fail("replicate.recent", REFUSED, times=3)
    await process.submit(ASKED)
    await process.run_ready()
    assert world.job(JOB).slots[0].state is SlotState.CLAIMED
    assert codes(world) == {"service_credentials"}
    await process.run_for(60)
    assert world.job(JOB).slots[0].state is SlotState.RUNNING
    assert len(world.replicate.made_for(JOB)) == 1


@pytest.mark.parametrize("callbacks", [True, False], ids=["callbacks", "polling"])
async def test_an_orphan_is_found_among_thousands_of_others(world, callbacks):
    """At the pace that fast models allow, the newest hundreds are younger than the call that was lost."""
    process = world.start(callbacks=callbacks)
    world.replicate.others = 1_500
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    world.faults.fail("replicate.recent", gateway.GatewayUnavailableError("down"), times=4)
    await process.submit(ASKED)
    await process.run_for(90)
    assert world.job(JOB).slots[0].state is SlotState.RUNNING
    assert len(world.replicate.made_for(JOB)) == 1


async def test_a_list_that_is_longer_than_can_be_read_is_no_proof_that_there_is_no_orphan(world):
    process = world.start(callbacks=False)
    world.replicate.others = 8_000
    world.replicate.lists = False
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    await process.submit(ASKED)
    await process.run_for(200)
    assert world.job(JOB).slots[0].state is SlotState.CLAIMED
    world.replicate.others, world.replicate.lists = 10, True
    await process.run_for(120)
    assert world.job(JOB).slots[0].state is SlotState.RUNNING
    assert len(world.replicate.made_for(JOB)) == 1


async def test_predictions_that_were_made_after_the_call_was_over_are_not_looked_through(world, process):
    """Else the list grows for as long as the search goes on."""
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    world.faults.fail("replicate.recent", gateway.GatewayUnavailableError("down"), times=8)
    await process.submit(ASKED)
    await process.run_for(20)
    world.replicate.others = 20_000  # in 15 min
    world.clock.advance(900)
    await process.run_for(120)
    assert world.job(JOB).slots[0].state is SlotState.RUNNING


async def test_a_prediction_whose_stopping_is_refused_is_stopped_when_that_is_possible_again(world, process):
    prediction_id = await started(world, process)
    world.faults.fail("replicate.cancel", REFUSED, times=2)
    await process.service.cancel(JOB, "tg-7")
    await process.run_for(60)
    assert world.replicate.predictions[prediction_id].status == "canceled"
    assert world.is_closed(JOB)


async def test_a_prediction_that_is_not_known_for_a_moment_costs_no_result(world, process):
    """A list that lags behind, or a proxy's page, says 404 too."""
    world.faults.fail("replicate.get", gateway.PredictionNotFoundError("gone", status=404), times=2)
    await ended_unheard(world, process)
    await process.run_for(300)
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_an_output_that_is_not_there_is_looked_up_again(world, process):
    """Its link may lead to where it is not yet, or not any more."""
    prediction_id = await started(world, process)
    world.replicate.succeed(prediction_id, "https://replicate.delivery/old.png")
    await process.deliver_callbacks()
    world.replicate.predictions[prediction_id].output[:] = ["https://replicate.delivery/new.png"]
    world.outputs.gone.add("https://replicate.delivery/old.png")
    await process.run_for(30)
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_an_output_that_stays_away_is_given_up_soon(world, process):
    world.replicate.succeed(await started(world, process))
    world.faults.fail("outputs.fetch", gateway.OutputRefusedError("output_gone"), times=10**9)
    await process.deliver_callbacks()
    await process.run_for(30)
    job = world.job(JOB)
    assert (job.status, job.outcome.code) == (JobStatus.FAILED, "output_gone")
    assert world.faults.calls["outputs.fetch"] == 3


async def test_outputs_that_replicate_has_deleted_are_not_waited_for(world, process):
    prediction_id = await started(world, process)
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    world.replicate.predictions[prediction_id].output.clear()
    world.faults.fail("outputs.fetch", gateway.OutputRefusedError("output_gone"), times=10**9)
    await process.run_for(5)
    assert world.job(JOB).outcome.code == "output_gone"
    assert world.faults.calls["outputs.fetch"] == 1


# --- its id is on record before anything else is done ---

TWO = submission(seeds=(1, 2))


def on_record(world):
    return [slot.prediction_id for slot in world.job(JOB).slots if slot.prediction_id]


@pytest.mark.parametrize(
    ("call", "skip"),
    [("store.put", 1), ("notes.put", 0), ("chat.show_status", 0)],
    ids=["task record", "note", "edit"],
)
async def test_no_slow_call_keeps_the_id_of_a_prediction_from_its_record(world, call, skip):
    board = SharedBoard(world.clock, world.faults)
    shared = replace(single_process(jobs_per_person=10, jobs_per_key=10, predictions=10), notes=board)
    process = build(world, shared=shared)
    created = world.faults.hold("replicate.create", when="after")
    await process.submit(ASKED)
    process.spawn(process.run_ready())
    await created.reached.wait()
    world.faults.hold(call, skip=skip)
    created.open()
    await process.settled()
    assert on_record(world) == world.replicate.running
    await process.crash()


async def test_no_slow_create_call_keeps_the_id_of_another_image_from_the_record(world):
    """Else a kill would leave it to a list that may not show it yet."""
    process = world.start(callbacks=False)
    world.faults.hold("replicate.create", skip=1)
    await process.submit(TWO)
    process.spawn(process.run_ready())
    await process.settled()
    assert on_record(world) == world.replicate.running
    world.replicate.lists = False
    await process.crash()
    heir = world.start(callbacks=False)
    await heir.sweep.once()
    await heir.run_for(120)
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    await heir.run_for(120)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert len(world.replicate.made_for(JOB)) == 2


async def test_images_that_are_made_together_share_a_write(world, process):
    await process.submit(submission(seeds=tuple(range(10))))
    await process.run_ready()
    assert len(on_record(world)) == 10
    assert len(world.store.history_of(JOB)) <= 6, "recorded, admitted, claimed, and two or three for the ids"


async def test_a_storage_that_fails_while_a_create_call_is_under_way_loses_neither_answer(world, process):
    slow = world.faults.hold("replicate.create", skip=1)
    await process.submit(TWO)
    task = process.spawn(process.run_ready())
    await slow.reached.wait()
    world.faults.fail("store.put", storage_down)
    await process.settled()
    slow.open()
    await task
    assert sorted(on_record(world)) == world.replicate.running
    assert len(world.replicate.running) == 2
    assert world.faults.calls["replicate.recent"] == 0
