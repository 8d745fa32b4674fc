"""The use cases behind the buttons under a result."""

from dataclasses import replace

import pytest

from bot.jobs.errors import NoSuchJobError, NoSuchPresetError, NoSuchResultError
from bot.jobs.results.result_service import Trigger
from storage import object_keys
from storage.errors import ObjectNotFoundError
from storage.job import InputImage, JobStatus
from storage.records import dump_job
from storage.wishes import Delivery, Question, Wishes
from tests.support.fakes import Process, World, submission

PRESS = Trigger("press-1", "ru", update_id=99)
ASKED = replace(
    submission(1, seeds=(), preset="edit", prompt="more light"),
    inputs=(InputImage("file1", message_id=1),),
    wishes=Wishes(variations=2, ask=(Question.START,), started=True),
)


@pytest.fixture
async def process(world):
    """With one job done."""
    process = world.start()
    await process.submit(ASKED)
    await finish(world, process)
    return process


async def finish(world: World, process: Process) -> None:
    for _ in range(9):
        await process.run_ready()
        for prediction_id in world.replicate.running:
            world.replicate.succeed(prediction_id)
        if not await process.deliver_callbacks():
            return


async def test_again_makes_the_same_with_new_seeds(world, process):
    world.faults.calls.clear()
    job_id = await process.results.again(ASKED.job_id, "tg-7", PRESS)
    assert await process.results.again(ASKED.job_id, "tg-7", PRESS) == job_id  # the press came twice
    await finish(world, process)
    before, after = world.job(ASKED.job_id), world.job(job_id)
    assert after.status is JobStatus.COMPLETED
    assert (after.preset, after.prompt, len(after.slots)) == (before.preset, before.prompt, 2)
    assert not {s.seed for s in after.slots} & {s.seed for s in before.slots}
    assert after.inputs[0].key == before.inputs[0].key
    assert world.faults.calls["photos.fetch"] == 0
    assert (after.origin.locale, after.origin.update_id) == ("ru", 99)
    assert after.origin.message_id == before.origin.message_id


async def test_another_press_makes_another_job_and_may_change_the_number(world, process):
    first = await process.results.again(ASKED.job_id, "tg-7", PRESS)
    second = await process.results.again(ASKED.job_id, "tg-7", replace(PRESS, ident="press-2"), variations=1)
    assert first != second
    assert len(world.job(second).slots) == 1


async def test_a_job_that_failed_can_be_tried_again(world):
    process = world.start()
    world.photos.bodies["file1"] = b"%PDF-1.7"
    await process.submit(ASKED)
    await finish(world, process)
    assert world.job(ASKED.job_id).status is JobStatus.FAILED
    del world.photos.bodies["file1"]
    job_id = await process.results.again(ASKED.job_id, "tg-7", PRESS)
    await finish(world, process)
    assert world.job(job_id).status is JobStatus.COMPLETED


async def test_pictures_that_have_expired_here_are_fetched_anew(world, process):
    await world.store.delete([world.job(ASKED.job_id).inputs[0].key])
    world.faults.calls.clear()
    job_id = await process.results.again(ASKED.job_id, "tg-7", PRESS)
    await finish(world, process)
    assert world.faults.calls["photos.fetch"] == 1
    assert world.job(job_id).status is JobStatus.COMPLETED


async def test_a_result_can_be_worked_on_further_without_a_download(world, process):
    world.faults.calls.clear()
    trigger = replace(PRESS, message_id=200, delivery=Delivery.FILE)
    job_id = await process.results.chain(ASKED.job_id, "tg-7", 2, "upscale", trigger)
    assert await process.results.chain(ASKED.job_id, "tg-7", 2, "upscale", trigger) == job_id
    await finish(world, process)
    job, source = world.job(job_id), world.job(ASKED.job_id).files[1]
    assert (job.status, job.preset, job.inputs[0].key) == (JobStatus.COMPLETED, "upscale", source.key)
    assert job.inputs[0].file_id == source.file_id
    assert (job.origin.message_id, job.origin.delivery) == (200, Delivery.FILE)
    assert world.faults.calls["photos.fetch"] == 0
    assert world.chat.outcomes(job_id)[0].forms == ("file",)


async def test_a_result_that_has_expired_here_is_fetched_from_telegram(world, process):
    await world.store.delete([world.job(ASKED.job_id).files[0].key])
    job_id = await process.results.chain(ASKED.job_id, "tg-7", 1, "upscale", PRESS)
    await finish(world, process)
    assert world.job(job_id).status is JobStatus.COMPLETED


async def test_a_chain_asks_for_what_its_preset_still_needs(world, process):
    job_id = await process.results.chain(ASKED.job_id, "tg-7", 1, "try_on", PRESS)
    await process.run_ready()
    assert world.chat.visible(job_id)[0].shows == "ask_image"
    unasked = await process.results.chain(
        ASKED.job_id, "tg-7", 1, "nano_banana", PRESS, prompt="both", more=[InputImage("file2", message_id=5)]
    )
    await finish(world, process)
    assert len(world.job(unasked).inputs) == 2
    assert world.job(unasked).status is JobStatus.COMPLETED


async def test_what_there_is_not_cannot_be_worked_on(world, process):
    with pytest.raises(NoSuchResultError):
        await process.results.chain(ASKED.job_id, "tg-7", 3, "upscale", PRESS)
    with pytest.raises(NoSuchResultError):
        await process.results.chain(ASKED.job_id, "tg-7", 0, "upscale", PRESS)
    with pytest.raises(NoSuchPresetError):
        await process.results.chain(ASKED.job_id, "tg-7", 1, "gone", PRESS)


async def test_nobody_works_on_what_is_not_theirs(world, process):
    for attempt in (
        process.results.again(ASKED.job_id, "tg-8", PRESS),
        process.results.chain(ASKED.job_id, "tg-8", 1, "upscale", PRESS),
        process.results.again(submission(9).job_id, "tg-7", PRESS),
    ):
        with pytest.raises(NoSuchJobError):
            await attempt


async def test_a_message_leads_to_the_result_that_it_shows(world, process):
    job = world.job(ASKED.job_id)
    message_id = job.files[0].message_id
    found, number = await process.results.shown_in("tg-7", 7, message_id)
    assert (found.id, number) == (job.id, 1)
    assert await process.results.shown_in("tg-7", 8, message_id) is None
    assert await process.results.shown_in("tg-7", 7, 12345) is None
    assert await process.results.shown_in("tg-8", 7, message_id) is None


async def test_the_bytes_of_results_and_inputs_can_be_had_and_are_let_go_of(world, process):
    job = world.job(ASKED.job_id)
    keys = [job.inputs[0].key, job.files[0].key, "images/output/gone.png"]
    async with process.results.opened(job, keys) as files:
        assert list(files) == keys[:2]
        assert files[keys[1]].seek(0, 2) == job.files[0].size
    assert all(content.closed for content in files.values())


async def test_every_result_is_a_job_file_with_its_seed_prediction_and_telegrams_name(world, process):
    job = world.job(ASKED.job_id)
    assert [file.number for file in job.files] == [1, 2]
    for slot in job.slots:
        (file,) = slot.files
        assert (file.kind, file.seed, file.prediction_id) == ("generated", slot.seed, slot.prediction_id)
        assert file.file_id
        assert file.message_id in job.message_ids


async def test_a_message_whose_job_has_expired_shows_no_result(world, process):
    message_id = world.job(ASKED.job_id).files[0].message_id
    await world.store.delete([object_keys.job(ASKED.job_id)])
    assert await world.start().results.shown_in("tg-7", 7, message_id) is None


async def test_a_message_in_words_shows_no_picture(world, process):
    job = world.job(ASKED.job_id)
    words = [replace(file, content_type="text/plain; charset=utf-8") for file in job.files]
    told = replace(job, slots=tuple(replace(slot, files=tuple(words)) for slot in job.slots))
    world.store.put_now(object_keys.job(job.id), dump_job(told))
    assert await world.start().results.shown_in("tg-7", 7, words[0].message_id) is None


async def test_an_entry_that_goes_while_the_history_is_read_is_left_out(world, process):
    world.faults.fail("store.get", ObjectNotFoundError("history/..."))
    assert await process.repository.history("tg-7", limit=10) == []
