"""Several results, files beside photos, words, the report: what the person gets, and gets once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.jobs.errors import NotDoneError, OutcomeUnknownError
from replicate_gateway.errors import CreditExhaustedError, PredictionRejectedError
from replicate_gateway.prediction import PredictionStatus
from storage import object_keys
from storage.job import JobStatus
from storage.wishes import Delivery, Wishes
from tests.support import pictures
from tests.support.fakes import Gate, Process, World, storage_down, submission

LOST = OutcomeUnknownError("no answer")
DOWN = NotDoneError("telegram_unreachable")


def wish(*, variations: int = 1, delivery: Delivery = Delivery.PHOTO, **changes):
    asked = submission(1, seeds=(), preset=changes.pop("preset", "edit"), prompt="more light", **changes)
    return replace(asked, wishes=Wishes(variations=variations), origin=replace(asked.origin, delivery=delivery))


async def make(world: World, process: Process, asked, *, outputs=None) -> None:
    """Run the job to where Telegram comes in, and on."""
    await process.submit(asked)
    await process.run_ready()
    for prediction_id in world.replicate.running:
        urls = [f"https://replicate.delivery/{prediction_id}/{n}" for n in range(len(outputs or [1]))]
        world.outputs.bodies |= dict(zip(urls, outputs or [pictures.png(32, 24)], strict=True))
        world.replicate.succeed(prediction_id, *urls)
    await process.deliver_callbacks()
    await process.run_ready()


async def up_to(gate: Gate, world: World, process: Process, asked) -> asyncio.Task[None]:
    """Run the job until it stands at the gate; gives the task that does."""
    await process.submit(asked)
    await process.run_ready()
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    advancing = process.spawn(process.advance(asked.job_id))
    await gate.reached.wait()
    return advancing


async def restart(world: World, process: Process) -> Process:
    await process.crash()
    process = world.start()
    await process.sweep.once()
    await process.run_ready()
    return process


def told(world: World, job_id: str) -> list[tuple[str, int, bool]]:
    """What the person sees, oldest first: form or report, how many, whether it pinged."""
    return [
        ("report" if m.report else "/".join(sorted(set(m.forms))), len(m.files), m.pings)
        for m in world.chat.visible(job_id)
    ]


async def test_one_photo_is_one_message_and_no_report(world, process):
    asked = wish()
    await make(world, process, asked)
    assert told(world, asked.job_id) == [("photo", 1, True)]
    assert world.store.keys(object_keys.REPORTS) == []
    assert world.job(asked.job_id).report is None


async def test_the_writes_of_an_ordinary_job_have_not_become_more(world, process):
    await make(world, process, wish())
    writes = len(world.store.versions[object_keys.job(wish().job_id)])
    assert writes == 7  # recorded, announced, create claimed, created, called back, telling claimed, told


async def test_three_variations_are_an_album_and_a_report_that_pings_nobody(world, process):
    asked = wish(variations=3)
    await make(world, process, asked)
    assert told(world, asked.job_id) == [("report", 0, False), ("photo", 3, True)]
    job = world.job(asked.job_id)
    assert job.status is JobStatus.COMPLETED
    assert world.store.keys(object_keys.REPORTS) == [job.report.pdf, job.report.png]
    assert world.is_closed(job.id)
    assert job.status_message_id in job.message_ids


async def test_photos_and_files_come_as_an_album_of_each_and_only_the_first_pings(world, process):
    asked = wish(variations=2, delivery=Delivery.BOTH)
    await make(world, process, asked)
    assert told(world, asked.job_id) == [("report", 0, False), ("photo", 2, True), ("file", 2, False)]


async def test_a_result_that_is_no_photo_for_telegram_comes_as_preview_and_file(world, process):
    asked = wish()
    await make(world, process, asked, outputs=[pictures.webp(64, 48)])
    assert told(world, asked.job_id) == [("photo", 1, True), ("file", 1, False)]
    (file,) = world.job(asked.job_id).files
    assert world.store.objects[file.preview].content_type == "image/jpeg"
    assert world.store.objects[file.key].content_type == "image/webp"


async def test_one_of_three_failed_and_the_other_two_are_delivered(world, process):
    asked = wish(variations=3)
    await process.submit(asked)
    await process.run_ready()
    first, *others = world.replicate.running
    world.replicate.end(first, PredictionStatus.FAILED, error="CUDA out of memory")
    for prediction_id in others:
        world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()
    job = world.job(asked.job_id)
    assert job.outcome.facts == {"missing": 1, "left": 998}
    assert told(world, job.id) == [("report", 0, False), ("photo", 2, True)]


async def test_a_create_call_that_is_refused_for_one_slot_leaves_the_others(world, process):
    world.faults.fail("replicate.create", PredictionRejectedError("no", status=422))
    asked = wish(variations=3)
    await make(world, process, asked)
    job = world.job(asked.job_id)
    assert (job.status, job.outcome.facts) == (JobStatus.COMPLETED, {"missing": 1, "left": 998})
    assert [slot.failure for slot in job.slots if slot.failure] == ["input_rejected"]


async def test_without_credit_for_the_last_of_three_the_others_are_delivered_and_the_admins_told(world, process):
    world.faults.fail("replicate.create", CreditExhaustedError("no", status=402))
    asked = wish(variations=3)
    await make(world, process, asked)
    assert world.job(asked.job_id).status is JobStatus.COMPLETED
    assert [code for code, _ in world.chat.alerts] == ["service_credit"]


# --- after an unknown outcome -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
async def test_the_status_message_becomes_the_first_result_and_the_others_follow_silently(world, process, when):
    asked = wish(variations=3)
    world.faults.fail("chat.send_outcome", LOST, when=when)
    await make(world, process, asked)
    await process.run_for(60)
    seen = told(world, asked.job_id)
    assert seen[0] == ("photo", 1, False)  # what was the status message
    assert ("photo", 2, False) in seen
    assert ("report", 0, False) in seen
    assert world.chat.pings(asked.job_id) == (when == "after")
    job = world.job(asked.job_id)
    assert job.status is JobStatus.COMPLETED
    assert all(file.message_id for file in job.files)


async def test_a_crash_between_album_and_report_still_brings_the_report_once(world, process):
    asked = wish(variations=2)
    world.faults.fail("chat.edit_into_report", DOWN, times=1)
    await make(world, process, asked)
    assert told(world, asked.job_id)[-1] == ("photo", 2, True)
    process = await restart(world, process)
    await process.run_for(60)
    assert told(world, asked.job_id) == [("report", 0, False), ("photo", 2, True)]
    assert world.chat.pings(asked.job_id) == 1


async def test_an_edit_into_the_report_whose_answer_was_lost_shows_it_once(world, process):
    asked = wish(variations=2)
    world.faults.fail("chat.edit_into_report", DOWN, when="after")
    await make(world, process, asked)
    await process.run_for(60)
    assert told(world, asked.job_id) == [("report", 0, False), ("photo", 2, True)]


async def test_without_a_status_message_the_report_comes_in_a_new_silent_one(world, process):
    asked = wish(variations=2)
    await process.submit(asked)
    await process.run_ready()
    world.chat.delete_status(asked.job_id)
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()
    assert told(world, asked.job_id) == [("photo", 2, True), ("report", 0, False)]


async def test_more_results_of_unknown_outcome_are_sent_once_more_and_no_third_time(world, process):
    asked = wish(delivery=Delivery.BOTH)
    world.faults.fail("chat.send_more", LOST, when="after", times=9)
    await make(world, process, asked)
    await process.run_for(600)
    assert told(world, asked.job_id) == [("photo", 1, True), ("file", 1, False), ("file", 1, False)]
    assert world.job(asked.job_id).status is JobStatus.COMPLETED


async def test_more_results_wait_for_telegram(world, process):
    asked = wish(delivery=Delivery.BOTH)
    world.faults.fail("chat.send_more", DOWN, times=3)
    await make(world, process, asked)
    await process.run_for(600)
    assert told(world, asked.job_id) == [("photo", 1, True), ("file", 1, False)]


async def test_a_storage_that_is_down_after_the_album_does_not_repeat_it(world, process):
    asked = wish(variations=2, delivery=Delivery.BOTH)
    gate = world.faults.hold("chat.send_outcome", when="after")
    advancing = await up_to(gate, world, process, asked)
    world.faults.fail("store.put", storage_down, times=4)
    gate.open()
    await advancing
    await process.run_for(120)
    assert told(world, asked.job_id) == [("report", 0, False), ("photo", 2, True), ("file", 2, False)]


async def test_results_that_have_vanished_are_told_in_words_and_the_job_ends(world, process):
    asked = wish(variations=2)
    world.faults.fail("chat.send_outcome", DOWN, times=1)
    await make(world, process, asked)
    await world.store.delete([file.key for file in world.job(asked.job_id).files])
    await process.run_for(60)
    job = world.job(asked.job_id)
    assert job.status is JobStatus.COMPLETED
    assert world.chat.pings(job.id) == 1


async def test_who_left_between_album_and_report_holds_nothing_up(world, process):
    asked = wish(variations=2, delivery=Delivery.BOTH)
    gate = world.faults.hold("chat.send_more")
    advancing = await up_to(gate, world, process, asked)
    world.chat.blocked = True
    gate.open()
    await advancing
    assert world.job(asked.job_id).status is JobStatus.COMPLETED
    assert world.is_closed(asked.job_id)


async def test_a_page_that_cannot_be_made_is_given_up_and_kept_for_the_admins(world, process):
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    asked = wish(variations=2)
    compose = next(step for step in process.jobs.steps if step.name == "compose_report")
    compose._writer = type("Broken", (), {"cells": broken})()
    await make(world, process, asked)
    await process.run_for(600)
    assert world.job(asked.job_id).status is JobStatus.COMPLETED
    assert told(world, asked.job_id) == [("photo", 2, True)]
    assert world.store.keys(object_keys.POISON)


# --- words ------------------------------------------------------------------------------------------------------------


async def describe(world: World, process: Process, output: object, *, callbacks: bool = True):
    asked = replace(wish(preset="describe"), prompt="")
    await process.submit(asked)
    await process.run_ready()
    (prediction_id,) = world.replicate.running
    world.replicate._become(prediction_id, PredictionStatus.SUCCEEDED, output=output)
    await process.deliver_callbacks()
    await process.run_ready()
    return world.job(asked.job_id)


async def test_the_words_of_a_model_are_archived_and_delivered(world, process):
    job = await describe(world, process, ["A cat ", "on a sofa. ", "https://example.com"])
    (file,) = job.files
    assert file.key == f"images/output/{job.id}/1.txt"
    assert world.store.objects[file.key].body == b"A cat on a sofa. https://example.com"
    assert (file.content_type, file.as_photo) == ("text/plain; charset=utf-8", False)
    assert told(world, job.id) == [("text", 1, True)]
    assert job.slots[0].output == ()


async def test_words_that_are_too_long_for_the_record_are_asked_for_again(world, process):
    words = "many words " * 3000
    job = await describe(world, process, words)
    assert world.store.objects[job.files[0].key].body.decode() == words.strip()
    assert all(len(body) < 20_000 for body in world.store.versions[object_keys.job(job.id)])


@pytest.mark.parametrize("output", ["", "  ", None, [], {"text": "x"}, 7])
async def test_a_model_that_writes_nothing_has_failed(world, process, output):
    job = await describe(world, process, output)
    assert (job.status, job.outcome.code) == (JobStatus.FAILED, "no_output")


async def test_words_are_found_by_polling_too(world):
    process = world.start(callbacks=False)
    asked = replace(wish(preset="describe"), prompt="")
    await process.submit(asked)
    await process.run_ready()
    (prediction_id,) = world.replicate.running
    world.replicate._become(prediction_id, PredictionStatus.SUCCEEDED, output="A cat.")
    await process.run_for(timedelta(minutes=1) / timedelta(seconds=1))
    assert told(world, asked.job_id) == [("text", 1, True)]
