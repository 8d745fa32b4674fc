"""Presets are taken off the offer, or changed, while jobs of theirs are under way: whatever was asked for ends well."""

from dataclasses import replace

import pytest

from bot.jobs.callback_recorder import CallbackResult
from bot.jobs.prediction_events import MAX_RECORDED_CHARS
from storage.job import InputImage, JobStatus
from tests.support.fakes import BEGIN, PRESETS, build, submission

ASKED = submission()
JOB = ASKED.job_id
NO_RESTORE = {name: preset for name, preset in PRESETS.items() if name != "restore"}
NO_DESCRIBE = {name: preset for name, preset in PRESETS.items() if name != "describe"}


async def restarted(world, process, presets):
    """The next process, with another offer; it has looked at every open job."""
    await process.crash()
    later = build(world, presets=presets)
    await later.sweep.once()
    await later.run_ready()
    return later


def told(world, asked=ASKED):
    """How often the phone rang, how the job ended, why, and after how long."""
    job = world.job(asked.job_id)
    code = job.outcome.code if job.outcome else None
    return world.chat.pings(job.id), job.status, code, (world.clock.now() - BEGIN).total_seconds()


async def test_a_preset_that_is_no_longer_offered_is_the_reason_at_once(world):
    first = world.start()
    await first.submit(ASKED)
    await restarted(world, first, NO_RESTORE)
    assert told(world) == (1, JobStatus.FAILED, "preset_gone", 0)
    assert world.chat.alerts == [], "nothing is broken: its owner has just changed the offer"
    assert world.store.keys("poison/") == []
    assert world.is_closed(JOB)


@pytest.mark.parametrize(
    "changes", [{"prompt_field": "prompt", "prompt_required": True}, {"extra_image_fields": ("mask",), "max_images": 2}]
)
async def test_a_preset_that_wants_more_than_it_did_is_the_reason_at_once(world, changes):
    first = world.start()
    await first.submit(ASKED)
    await restarted(world, first, {"restore": PRESETS["restore"].model_copy(update=changes)})
    assert told(world) == (1, JobStatus.FAILED, "preset_changed", 0)
    assert world.faults.calls["replicate.create"] == 0


async def test_nothing_is_uploaded_for_a_request_that_cannot_be_made(world):
    """Nor is a place taken that another job could have."""
    first = world.start()
    asked = submission(inputs=(InputImage("file1"),), seeds=(1, 2, 3))
    await first.submit(asked)
    await restarted(world, first, NO_RESTORE)
    assert told(world, asked)[1:3] == (JobStatus.FAILED, "preset_gone")
    assert world.faults.calls["replicate.upload"] == 0
    assert all(slot.creates == 0 for job in world.store.history_of(asked.job_id) for slot in job.slots)


@pytest.mark.parametrize("callbacks", [True, False])
async def test_what_was_paid_for_is_delivered_although_its_preset_is_gone(world, callbacks):
    first = world.start(callbacks=callbacks)
    await first.submit(ASKED)
    await first.run_ready()
    (prediction_id,) = world.replicate.running
    await first.crash()
    world.replicate.succeed(prediction_id)
    second = build(world, callbacks=callbacks, presets=NO_RESTORE)
    await second.sweep.once()
    for result in await second.deliver_callbacks():
        assert result is CallbackResult.RECORDED
    await second.run_for(60)
    assert told(world)[:2] == (1, JobStatus.COMPLETED)


@pytest.mark.parametrize("callbacks", [True, False])
async def test_an_orphan_is_adopted_although_its_preset_is_gone(world, callbacks):
    first = world.start(callbacks=callbacks)
    gate = world.faults.hold("replicate.create", when="after")
    await first.submit(ASKED)
    first.spawn(first.run_ready())
    await gate.reached.wait()
    await first.crash()
    world.replicate.succeed(*world.replicate.running)
    second = build(world, callbacks=callbacks, presets=NO_RESTORE)
    await second.sweep.once()
    await second.run_for(60)
    assert told(world)[:2] == (1, JobStatus.COMPLETED)
    assert world.store.keys("poison/") == []


@pytest.mark.parametrize("length", [40, MAX_RECORDED_CHARS + 1], ids=["recorded", "asked for again"])
@pytest.mark.parametrize("callbacks", [True, False])
async def test_what_a_model_has_written_is_delivered_although_its_preset_is_gone(world, callbacks, length):
    first = world.start(callbacks=callbacks)
    asked = submission(preset="describe", seeds=())
    await first.submit(asked)
    await first.run_ready()
    (prediction_id,) = world.replicate.running
    await first.crash()
    world.replicate.succeed(prediction_id, "A", " c" * (length // 2))  # pieces of its words, where else URLs are
    second = build(world, callbacks=callbacks, presets=NO_DESCRIBE)
    await second.sweep.once()
    await second.deliver_callbacks()
    await second.run_for(60)
    assert told(world, asked)[:3] == (1, JobStatus.COMPLETED, None)
    (file,) = world.job(asked.job_id).files
    assert file.is_text
    assert world.store.objects[file.key].body.decode() == "A" + " c" * (length // 2)


async def test_words_are_not_asked_of_a_model_that_makes_pictures_by_now(world):
    first = world.start()
    asked = submission(preset="describe", seeds=())
    await first.submit(asked)
    await restarted(world, first, {**NO_DESCRIBE, "describe": PRESETS["restore"]})
    assert told(world, asked)[1:3] == (JobStatus.FAILED, "preset_changed")
    assert world.faults.calls["replicate.create"] == 0


async def test_a_report_is_made_although_its_preset_is_gone(world):
    first = world.start()
    asked = submission(seeds=(1, 2))
    await first.submit(asked)
    await first.run_ready()
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    second = await restarted(world, first, NO_RESTORE)
    await second.deliver_callbacks()
    await second.run_for(10)
    assert world.job(asked.job_id).status is JobStatus.COMPLETED
    assert [message.report for message in world.chat.visible(asked.job_id)].count(True) == 1


async def test_who_is_still_asked_what_it_is_for_is_asked_anew(world):
    """A draft is no job yet: its person may choose among what is offered now."""
    first = world.start()
    asked = replace(submission(seeds=(), preset="try_on"), chosen=True)
    await first.submit(asked)
    await first.run_ready()
    await restarted(world, first, {n: p for n, p in PRESETS.items() if n != "try_on"})
    assert [message.shows for message in world.chat.visible(asked.job_id)] == ["ask_preset"]
