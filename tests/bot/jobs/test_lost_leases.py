"""A process that stood still for longer than its lease: another one has its job, and then it goes on where it stood.

Both run on one world, each with a queue of its own, so nothing but the record keeps them apart.
"""

import asyncio
from dataclasses import replace

import pytest

from bot.jobs.errors import NotDoneError
from bot.jobs.steps import create, find_orphan
from bot.work_queue.single_process import single_process
from replicate_gateway import errors as gateway
from replicate_gateway.calls import CallLimits
from replicate_gateway.prediction import PredictionStatus
from replicate_gateway.protocol import CREATE_S, MAX_WAIT_S
from storage.job import JobStatus, SlotState
from tests.support.fakes import build, submission

ASKED = submission()
JOB = ASKED.job_id


def one_of_several(world, **changes):
    shared = single_process(jobs_per_person=10, jobs_per_key=10, predictions=10)
    return build(world, shared=replace(shared, single_process=False), **changes)


async def taken_over(world, gate, **changes):
    """A process that stands at the gate, what it does there, and the one that takes its job over."""
    slow, heir = one_of_several(world, **changes), one_of_several(world, **changes)
    await slow.submit(ASKED)
    task = slow.spawn(slow.advance(JOB))
    await gate.reached.wait()
    await heir.sweep.once()
    return slow, task, heir


def test_a_call_of_another_process_is_over_before_its_claim_is_taken_for_void():
    """Counted from the first look, which comes after the claim: no clocks have to agree."""
    longest_call_s = create.START_WITHIN.total_seconds() + CREATE_S + MAX_WAIT_S
    assert longest_call_s <= find_orphan.CALL_S
    assert find_orphan.GRACE_S >= 15, "what timers may be late, and the list behind"
    assert CallLimits().call_s == CREATE_S


@pytest.mark.parametrize("callbacks", [True, False])
async def test_a_create_call_that_is_still_under_way_is_not_made_by_the_heir_too(world, callbacks):
    _, task, heir = await taken_over(world, gate := world.faults.hold("replicate.create"), callbacks=callbacks)
    await heir.run_for(CREATE_S + MAX_WAIT_S)
    gate.open()  # now it arrives
    await task
    await heir.run_for(200)
    assert len(world.replicate.predictions) == 1
    assert world.job(JOB).slots[0].prediction_id in world.replicate.predictions


async def test_an_answer_that_is_lost_at_the_last_moment_is_waited_for_by_the_heir(world):
    _, task, heir = await taken_over(world, gate := world.faults.hold("replicate.create"))
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    await heir.run_for(CREATE_S + MAX_WAIT_S)
    gate.open()
    await task
    await heir.run_for(200)
    assert len(world.replicate.predictions) == 1


async def test_who_wakes_with_a_claim_from_long_ago_does_not_act_on_it(world):
    """Claimed, then suspended for minutes: the heir has found the claim void and made the prediction."""
    _, task, heir = await taken_over(world, gate := world.faults.hold("store.put", when="after", skip=4))
    assert world.job(JOB).slots[0].state is SlotState.CLAIMED
    assert not world.replicate.predictions
    await heir.run_for(300)
    assert len(world.replicate.predictions) == 1
    gate.open()
    await task
    assert world.faults.calls["replicate.create"] == 1
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    await heir.run_for(120)
    assert (world.job(JOB).status, world.chat.pings(JOB)) == (JobStatus.COMPLETED, 1)


async def test_a_long_upload_before_the_claim_does_not_make_the_claim_old(world):

    class SlowLinks:
        async def publish(self, image):
            world.clock.advance(100)

        async def link(self, image):
            return "https://store.example/images/input"

        async def trace(self, image):
            return "-"

    process = one_of_several(world, links=SlowLinks())
    await process.submit(ASKED)
    await process.run_ready()
    assert len(world.replicate.predictions) == 1


async def test_a_lost_answer_of_its_own_costs_a_process_the_short_grace_time_only(world):
    """The call is known to be over: there is nobody to be waited for."""
    process = one_of_several(world)
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"))
    await process.submit(ASKED)
    await process.run_for(find_orphan.GRACE_S + 5)
    assert len(world.replicate.predictions) == 1


async def test_that_it_is_over_is_known_to_the_next_process_too(world):
    first = one_of_several(world)
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"))
    await first.submit(ASKED)
    await first.run_ready()
    await first.crash()
    second = one_of_several(world)
    await second.sweep.once()
    await second.run_for(find_orphan.GRACE_S + 5)
    assert len(world.replicate.predictions) == 1


@pytest.mark.parametrize("alone_", [True, False])
async def test_a_grace_time_that_is_over_does_not_count_for_the_next_create_call(world, alone_):
    """The first answer was lost, its callback led it home, it failed for its input; then the second answer is lost."""
    process = world.start() if alone_ else one_of_several(world)
    world.replicate.lists = False
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after", times=2)
    await process.submit(ASKED)
    await process.run_for(2)
    (first,) = world.replicate.running
    world.replicate.start(first)
    await process.deliver_callbacks()
    await process.run_for(60)
    world.replicate.end(first, PredictionStatus.FAILED, error="HTTP Error 503 for url")
    await process.deliver_callbacks()
    await process.run_for(10)
    world.replicate.lists = True
    await process.run_for(300)
    assert len(world.replicate.predictions) == 2


async def test_a_delivery_that_is_under_way_is_not_made_by_the_heir_too(world):
    slow = one_of_several(world)
    await slow.submit(ASKED)
    await slow.run_ready()
    world.replicate.succeed(*world.replicate.running)
    gate = world.faults.hold("chat.send_outcome")
    task = slow.spawn(slow.deliver_callbacks())
    await task
    task = slow.spawn(slow.advance(JOB))
    await gate.reached.wait()
    heir = one_of_several(world)
    await heir.sweep.once()
    await heir.run_for(60)
    gate.open()
    await task
    await heir.run_for(60)
    assert (world.job(JOB).status, world.chat.pings(JOB)) == (JobStatus.COMPLETED, 1)


async def test_a_message_that_is_refused_while_the_heir_settles_it_is_told_once_and_crashes_nobody(world, logs):
    """The heir makes the status message the result; then the slow one hears 429 and takes its claim back."""
    slow, heir = one_of_several(world), one_of_several(world)
    await slow.submit(ASKED)
    await slow.run_for(3)
    world.replicate.succeed(*world.replicate.running)
    await slow.deliver_callbacks()
    sending = world.faults.hold("chat.send_outcome", error=NotDoneError("telegram_busy", retry_after_s=1))
    editing = world.faults.hold("chat.edit_into_outcome", when="after")
    first = slow.spawn(slow.advance(JOB))
    await sending.reached.wait()
    await heir.sweep.once()
    second = heir.spawn(heir.run_ready())
    await editing.reached.wait()
    sending.open()
    await first
    editing.open()
    await second
    await slow.run_for(120)
    await heir.run_for(120)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert (world.chat.pings(JOB), len(world.chat.outcomes(JOB))) == (0, 1), "nothing that pings was ever taken"
    assert "advance_crashed" not in {line["event"] for line in logs}


async def test_a_process_does_not_do_a_job_beside_itself(world):
    """The engine was restarted and forgot all leases: the very process that is at work gets the job once more."""
    process = one_of_several(world)
    await process.submit(ASKED)
    await process.run_ready()
    world.replicate.succeed(*world.replicate.running)
    await process.deliver_callbacks()
    gate = world.faults.hold("chat.send_outcome")
    first = process.spawn(process.worker(JOB))
    await gate.reached.wait()
    edits = world.chat.edits
    second = process.spawn(process.worker(JOB))
    await process.settled()
    assert world.chat.edits == edits, "nothing was settled that is still under way"
    gate.open()
    await asyncio.gather(first, second)
    await process.run_for(60)
    assert (world.job(JOB).status, world.chat.pings(JOB)) == (JobStatus.COMPLETED, 1)
    assert len(world.chat.outcomes(JOB)) == 1


async def test_two_claims_of_one_process_are_two_even_in_the_same_moment(world):
    """A clock may stand still for both: then each took the other's claim for its own, and both asked Replicate."""
    process = one_of_several(world)
    await process.submit(ASKED)
    advance = process.jobs.advancer.advance
    await asyncio.gather(process.spawn(advance(JOB)), process.spawn(advance(JOB)))
    assert len(world.replicate.predictions) == 1
