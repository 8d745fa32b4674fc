"""`advance`: what is done in which order, what is written when, and when to come back."""

import asyncio

import pytest

from bot.jobs.advance import delay_until
from bot.jobs.errors import NotDoneError
from bot.jobs.steps.step import Due, Step
from replicate_gateway import errors as gateway
from storage import object_keys
from storage.delivery_events import DeliveryClaimed
from storage.event import Event
from storage.job import JobStatus, SlotState
from tests.support.fakes import BEGIN, HotLoopError, storage_down, submission
from tests.support.waiting import loop_turns

ASKED = submission()
JOB = ASKED.job_id


async def to_the_end(world, process, asked=ASKED):
    await process.submit(asked)
    await process.run_ready()
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()


async def test_a_job_goes_all_the_way(world, process):
    await to_the_end(world, process)
    job = world.job(JOB)
    assert (job.status, job.slots[0].state) == (JobStatus.COMPLETED, SlotState.ARCHIVED)
    assert world.is_closed(JOB)
    (seen,) = world.chat.visible(JOB)
    assert (seen.shows, seen.pings, list(seen.files)) == ("completed", True, [f.key for f in job.files])
    assert set(seen.files) <= set(world.store.objects)
    assert len(world.store.keys(object_keys.history_prefix("tg-7"))) == 1


async def test_claims_are_written_before_what_they_announce_is_done(world, process):
    recorded = {}

    def at(call):
        gate = world.faults.hold(call)

        async def look():
            await gate.reached.wait()
            recorded[call] = world.job(JOB)
            gate.open()

        return look()

    looks = asyncio.gather(at("replicate.create"), at("chat.send_outcome"))
    await to_the_end(world, process)
    await looks
    assert recorded["replicate.create"].slots[0].state is SlotState.CLAIMED
    assert recorded["chat.send_outcome"].delivery is not None


async def test_few_writes_are_enough(world, process):
    await to_the_end(world, process)
    # Recorded; announced; claimed to create; created; ended; claimed to tell; told.
    assert len(world.store.history_of(JOB)) == 7


async def test_nothing_to_do_writes_nothing_and_tells_when_to_come_back(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    world.faults.calls.clear()
    await process.advance(JOB)
    assert not world.faults.calls
    assert (process.queue.due[JOB] - BEGIN).total_seconds() == 10


async def test_parts_are_done_at_the_same_time(world, process):
    asked = submission(seeds=(1, 2, 3))
    gates = [world.faults.hold("replicate.create") for _ in range(3)]
    await process.submit(asked)
    task = process.spawn(process.advance(asked.job_id))
    for gate in gates:
        await gate.reached.wait()
    for gate in gates:
        gate.open()
    await task
    assert len(world.replicate.running) == 3


async def test_one_part_that_fails_does_not_lose_what_the_others_did(world, process):
    asked = submission(seeds=(1, 2, 3))
    world.faults.fail("replicate.create", gateway.GatewayUnreachableError("refused"), skip=1)
    await process.submit(asked)
    await process.run_ready()
    states = [slot.state for slot in world.job(asked.job_id).slots]
    assert sorted(states) == [SlotState.OPEN, SlotState.RUNNING, SlotState.RUNNING]
    await process.run_for(120)
    assert len(world.replicate.predictions) == 3


async def test_one_of_several_images_is_a_result_that_says_what_is_missing(world, process):
    asked = submission(seeds=(1, 2))
    await process.submit(asked)
    await process.run_ready()
    first, second = world.replicate.running
    world.replicate.succeed(first)
    world.replicate.end(second, type(world.replicate.predictions[second].status).FAILED, error="CUDA out of memory")
    await process.deliver_callbacks()
    await process.run_ready()
    job = world.job(asked.job_id)
    assert (job.status, job.outcome.facts) == (JobStatus.COMPLETED, {"missing": 1, "left": 999})


async def test_facts_that_could_not_be_written_are_written_later_and_nothing_is_done_twice(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    world.replicate.succeed(*world.replicate.running)
    await process.deliver_callbacks()
    gate = world.faults.hold("chat.send_outcome", when="after")
    task = process.spawn(process.advance(JOB))
    await gate.reached.wait()
    world.faults.fail("store", storage_down, times=5)
    gate.open()
    await task
    assert world.job(JOB).status is JobStatus.PROCESSING
    await process.run_for(120)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert (world.faults.calls["chat.send_outcome"], world.chat.edits) == (1, 0)


async def test_a_claim_that_somebody_else_took_is_respected(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    world.replicate.succeed(*world.replicate.running)
    await process.deliver_callbacks()
    other = world.start()
    gate = world.faults.hold("chat.send_outcome")
    first = other.spawn(other.advance(JOB))
    await gate.reached.wait()
    assert world.job(JOB).delivery
    with pytest.raises(Exception, match="claimed"):
        DeliveryClaimed(type(world.job(JOB).delivery)("me", BEGIN)).fold(world.job(JOB))
    gate.open()
    await first
    await process.run_ready()
    assert world.chat.pings(JOB) == 1


async def test_a_step_that_changes_nothing_is_not_done_for_ever(world, process, logs):
    class Standing(Step):
        name, done, times = "standing", "stood", 0

        def due(self, job, now):
            yield Due()

        async def perform(self, job, part) -> list[Event]:
            self.times += 1
            return []

    standing = Standing()
    advancer = process.worker._advancer
    advancer._steps = (*advancer._steps, standing)
    await process.submit(ASKED)
    await process.run_ready()
    assert standing.times < 10
    assert "step_stands_still" in {line["event"] for line in logs}


async def test_a_step_that_was_put_off_is_not_asked_again_in_the_same_advance(world, process):
    world.faults.fail("photos.fetch", lambda: NotDoneError("telegram_unreachable"), times=10**9)
    await process.submit(ASKED)
    await process.advance(JOB)
    assert world.faults.calls["photos.fetch"] == 1


async def test_a_process_that_is_stopped_leaves_no_child_at_work(world, process):
    gate = world.faults.hold("replicate.create")
    await process.submit(ASKED)
    task = process.spawn(process.advance(JOB))
    await gate.reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    gate.open()
    await loop_turns(10)
    assert world.replicate.predictions == {}


async def test_a_hundred_jobs_of_many_people_end_without_a_hot_loop(world, process):
    many = [submission(number, user=f"tg-{number % 7}") for number in range(100)]
    for asked in many:
        await process.submit(asked)
    for _ in range(200):
        await process.run_ready(most=1500)
        if process.queue.next_at is None:
            break
        for prediction_id in world.replicate.running:
            world.replicate.succeed(prediction_id)
        await process.deliver_callbacks()
        await process.run_ready(most=1500)
        if process.queue.next_at:
            world.clock.advance_to(process.queue.next_at)
    else:
        raise HotLoopError
    assert {world.job(asked.job_id).status for asked in many} == {JobStatus.COMPLETED}
    assert len(world.replicate.predictions) == 100


def test_delays_are_never_negative():
    assert delay_until(BEGIN, BEGIN) == 0
    assert delay_until(BEGIN, BEGIN.replace(hour=13)) == 0
    assert delay_until(BEGIN.replace(minute=1), BEGIN) == 60
