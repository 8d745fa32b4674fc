"""Albums, questions and answers: drafts on their way to a job, across restarts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.jobs.errors import NoSuchJobError, NoSuchPresetError
from bot.jobs.submission import ANSWER_WITHIN, Album, IncompleteError, Submission
from bot.work_queue.single_process import single_process
from storage import object_keys
from storage.draft_events import AlbumUseChosen, FirstChosen, PresetChosen, PromptGiven, StartConfirmed
from storage.job import InputImage, JobStatus
from storage.repository import JobRepository
from storage.wishes import AlbumUse, Question, Wishes
from tests.support.fakes import LIMITS, Process, World, build, storage_down, submission
from tests.support.waiting import loop_turns

ALBUM = Album(object_keys.job_id_of(1, 7, "album", "g1"), "g1")
GATHER_S = LIMITS.gather_s
PATIENCE_S = ANSWER_WITHIN / timedelta(seconds=1)


def photo(number: int = 1, **changes) -> Submission:
    """A photo as the chat's door hands it in: no slots, known by its message."""
    asked = submission(number, seeds=(), **changes)
    return replace(asked, inputs=tuple(replace(image, message_id=number) for image in asked.inputs))


def member(number: int, **changes) -> Submission:
    return photo(number, album=ALBUM, **changes)


async def restart(world: World, process: Process) -> Process:
    await process.crash()
    process = world.start()
    await process.sweep.once()
    return process


async def finish(world: World, process: Process) -> None:
    """Predictions succeed until nothing is left to do."""
    for _ in range(20):
        await process.run_ready()
        for prediction_id in world.replicate.running:
            world.replicate.succeed(prediction_id)
        if not await process.deliver_callbacks():
            return


def order(job) -> list[int]:
    return [image.message_id for image in job.inputs]


def sent_inputs(world: World) -> list[dict]:
    return [dict(request.input) for request in world.replicate.requests.values()]


# --- albums -----------------------------------------------------------------------------------------------------------


async def test_an_album_is_one_job_with_a_slot_for_each_picture(world, process):
    for number in (3, 1, 2):
        assert await process.submit(member(number)) is True
        await process.run_ready()
    assert world.replicate.predictions == {}
    await process.run_for(GATHER_S)
    job = world.job(ALBUM.job_id)
    assert order(job) == [1, 2, 3]
    assert [slot.inputs for slot in job.slots] == [(0,), (1,), (2,)]
    assert len({request["image"] for request in sent_inputs(world)}) == 3
    await finish(world, process)
    assert world.job(ALBUM.job_id).status is JobStatus.COMPLETED
    assert world.chat.pings(ALBUM.job_id) == 1
    assert len(world.store.keys(object_keys.JOBS)) == 1
    assert world.store.keys(object_keys.DRAFTS) == world.store.keys(object_keys.OPEN) == []


async def test_each_picture_prolongs_the_gathering(world, process):
    await process.submit(member(1))
    await process.run_for(GATHER_S - 0.5)
    await process.submit(member(2))
    await process.run_for(GATHER_S - 0.5)
    assert world.job(ALBUM.job_id).gathering_until
    await process.run_for(0.5)
    assert len(world.job(ALBUM.job_id).slots) == 2


async def test_a_picture_at_the_very_moment_the_gathering_ends_is_not_left_out(world, process):
    await process.submit(member(1))
    await process.run_ready()
    world.clock.advance(GATHER_S)
    gate = world.faults.hold("store.put")  # the write that ends the gathering
    ending = process.spawn(process.advance(ALBUM.job_id))
    await gate.reached.wait()
    late = process.spawn(process.service.submit(member(2)))
    gate.open()
    await ending
    assert await late is True
    await finish(world, process)
    made = [world.job(j.removeprefix("jobs/").removesuffix(".json")) for j in world.store.keys(object_keys.JOBS)]
    assert sorted(number for job in made for number in order(job)) == [1, 2]
    assert {job.status for job in made} == {JobStatus.COMPLETED}


async def test_a_redelivered_picture_changes_nothing_before_and_after_the_end(world, process):
    await process.submit(member(1))
    assert await process.submit(member(1)) is False
    await process.submit(member(2))
    await process.run_for(GATHER_S)
    assert await process.submit(member(2)) is False
    await finish(world, process)
    before = dict(world.store.objects)
    assert await process.submit(member(1)) is False
    await process.run_ready()
    assert {k: v.body for k, v in world.store.objects.items()} == {k: v.body for k, v in before.items()}


async def test_a_picture_that_comes_too_late_is_a_job_of_its_own_once(world, process):
    await process.submit(member(1))
    await process.run_for(GATHER_S)
    assert await process.submit(member(2)) is True
    assert await process.submit(member(2)) is False
    await finish(world, process)
    assert order(world.job(ALBUM.job_id)) == [1]
    assert order(world.job(photo(2).job_id)) == [2]
    assert world.job(photo(2).job_id).status is JobStatus.COMPLETED


async def test_an_album_survives_a_kill_between_its_pictures(world, process):
    await process.submit(member(1))
    process = await restart(world, process)
    await process.submit(member(2))
    process = await restart(world, process)
    await process.run_for(3 * GATHER_S)
    await finish(world, process)
    job = world.job(ALBUM.job_id)
    assert (order(job), job.status, len(job.files)) == ([1, 2], JobStatus.COMPLETED, 2)


async def test_after_a_restart_an_album_is_gathered_for_longer_since_telegram_takes_a_while(world, process):
    await process.submit(member(1))
    world.clock.advance(60)
    process = await restart(world, process)
    await process.run_for(2 * GATHER_S)
    assert world.job(ALBUM.job_id).gathering_until
    await process.submit(member(2))
    await process.run_for(GATHER_S)
    assert len(world.job(ALBUM.job_id).slots) == 2


async def test_what_the_caption_of_any_picture_says_counts_for_all(world, process):
    await process.submit(member(1))
    await process.submit(member(2, preset="edit", chosen=True, prompt="more light"))
    await process.run_for(GATHER_S)
    job = world.job(ALBUM.job_id)
    assert (job.preset, job.prompt) == ("edit", "more light")
    assert len({slot.seed for slot in job.slots}) == 2


async def test_a_preset_of_many_pictures_takes_the_album_in_one(world, process):
    for number in (1, 2):
        await process.submit(member(number, preset="nano_banana", prompt="side by side"))
    await process.run_for(GATHER_S)
    (request,) = sent_inputs(world)
    assert len(request["image_input"]) == 2


async def test_one_bad_picture_of_an_album_leaves_the_others(world, process):
    world.photos.bodies["file2"] = b"%PDF-1.7"
    for number in (1, 2, 3):
        await process.submit(member(number))
    await process.run_for(GATHER_S)
    await finish(world, process)
    job = world.job(ALBUM.job_id)
    assert job.status is JobStatus.COMPLETED
    assert job.outcome.facts["missing"] == 1
    assert (job.slots[1].failure, job.slots[1].facts) == ("unsupported_format", {"format": "PDF"})


async def test_if_all_pictures_are_bad_the_first_reason_is_told_with_its_facts(world, process):
    world.photos.bodies |= {"file1": b"%PDF-1.7", "file2": b"nonsense"}
    for number in (1, 2):
        await process.submit(member(number))
    await process.run_for(GATHER_S)
    await finish(world, process)
    job = world.job(ALBUM.job_id)
    assert (job.status, job.outcome.code, job.outcome.facts) == (
        JobStatus.FAILED,
        "unsupported_format",
        {"format": "PDF"},
    )


async def test_an_album_that_is_called_off_while_it_is_gathered_ends_canceled(world, process):
    await process.submit(member(1))
    await process.service.cancel(ALBUM.job_id, "tg-7")
    await process.run_for(GATHER_S)
    assert world.job(ALBUM.job_id).status is JobStatus.CANCELED
    assert world.replicate.predictions == {}


# --- questions --------------------------------------------------------------------------------------------------------


async def test_a_lone_photo_for_two_waits_for_the_next_one(world, process):
    await process.submit(photo(1, preset="try_on", chosen=True))
    await process.run_ready()
    (asked,) = world.chat.visible(photo(1).job_id)
    assert (asked.shows, asked.pings) == ("ask_image", False)
    assert await process.submit(photo(2)) is True
    await finish(world, process)
    job, answer = world.job(photo(1).job_id), world.job(photo(2).job_id)
    assert (order(job), job.status) == ([1, 2], JobStatus.COMPLETED)
    assert (answer.status, answer.outcome.code) == (JobStatus.CANCELED, "joined")
    assert world.is_closed(answer.id)
    assert world.chat.visible(answer.id) == []
    (request,) = sent_inputs(world)
    assert request["human_img"] != request["garm_img"]


async def test_the_answer_finds_its_question_after_a_restart(world, process):
    await process.submit(photo(1, preset="try_on", chosen=True))
    await process.run_ready()
    await process.crash()
    process = world.start()  # the second photo comes before the sweep does
    await process.submit(photo(2))
    process = await restart(world, process)
    assert await process.submit(photo(2)) is False
    await finish(world, process)
    assert order(world.job(photo(1).job_id)) == [1, 2]
    assert world.job(photo(1).job_id).status is JobStatus.COMPLETED


async def test_a_redelivered_answer_is_no_job_of_its_own_however_late(world, process):
    await process.submit(photo(1, preset="try_on", chosen=True))
    await process.submit(photo(2))
    await finish(world, process)
    process = await restart(world, process)
    assert await process.submit(photo(2)) is False
    await finish(world, process)
    assert len(world.replicate.predictions) == 1


async def test_an_album_of_garments_answers_the_question_and_each_is_tried_on(world, process):
    await process.submit(photo(9, preset="try_on", chosen=True))
    await process.run_ready()
    for number in (11, 12):
        await process.submit(member(number))
    await process.run_for(GATHER_S)
    await finish(world, process)
    job = world.job(photo(9).job_id)
    assert order(job) == [9, 11, 12]
    assert [slot.inputs for slot in job.slots] == [(0, 1), (0, 2)]
    assert job.status is JobStatus.COMPLETED


async def test_a_photo_that_names_a_preset_is_a_new_wish_and_no_answer(world, process):
    await process.submit(photo(1, preset="try_on", chosen=True))
    await process.submit(photo(2, preset="upscale", chosen=True))
    await finish(world, process)
    assert world.job(photo(2).job_id).status is JobStatus.COMPLETED
    assert order(world.job(photo(1).job_id)) == [1]


async def test_a_photo_in_another_chat_or_of_another_person_is_no_answer(world, process):
    await process.submit(photo(1, preset="try_on", chosen=True))
    elsewhere = photo(2)
    await process.submit(replace(elsewhere, origin=replace(elsewhere.origin, chat_id=8)))
    await process.submit(photo(3, user="tg-8"))
    await finish(world, process)
    assert order(world.job(photo(1).job_id)) == [1]
    assert {world.job(photo(n).job_id).status for n in (2, 3)} == {JobStatus.COMPLETED}


async def test_an_answer_that_overlaps_with_another_goes_its_own_way(world, process):
    """Both were recorded while the question was open; the job was off before the second was handed on."""
    await process.submit(photo(1, preset="try_on", chosen=True))
    await process.submit(photo(2))
    await process.submit(photo(3))
    await process.advance(photo(2).job_id)
    await process.advance(photo(1).job_id)
    await finish(world, process)
    assert order(world.job(photo(1).job_id)) == [1, 2]
    assert world.job(photo(3).job_id).status is JobStatus.COMPLETED


async def test_a_question_that_nobody_answers_ends_by_itself_and_counts_for_nothing(world, process):
    await process.submit(photo(1, preset="try_on", chosen=True))
    await process.run_for(PATIENCE_S - 1)
    assert world.job(photo(1).job_id).status is JobStatus.PENDING
    await process.run_for(2)
    job = world.job(photo(1).job_id)
    assert (job.status, job.outcome.code) == (JobStatus.CANCELED, "not_answered")
    assert world.chat.pings(job.id) == 0
    assert world.is_closed(job.id)
    assert world.store.keys("history") == world.store.keys(object_keys.DRAFTS) == []


async def test_each_answer_begins_the_time_anew(world, process):
    await process.submit(photo(1, preset=""))
    await process.run_for(PATIENCE_S - 1)
    await process.service.answer(photo(1).job_id, "tg-7", PresetChosen("edit"))
    await process.run_for(PATIENCE_S - 1)
    assert world.chat.visible(photo(1).job_id)[0].shows == "ask_prompt"
    await process.run_for(2)
    assert world.job(photo(1).job_id).outcome.code == "not_answered"


async def test_a_draft_holds_none_of_the_persons_places(world):
    process = world.start(replace(LIMITS, user_max_active=1))
    await process.submit(photo(1, preset="try_on", chosen=True))
    await process.run_ready()
    await process.submit(photo(2, preset="restore", chosen=True))
    await process.run_ready()
    assert world.job(photo(2).job_id).status is JobStatus.PROCESSING


async def test_what_to_do_is_asked_and_then_the_words_for_it(world, process):
    await process.submit(photo(1, preset=""))
    await process.run_ready()
    assert world.chat.visible(photo(1).job_id)[0].shows == "ask_preset"
    await process.service.answer(photo(1).job_id, "tg-7", PresetChosen("edit"))
    await process.run_ready()
    assert world.chat.visible(photo(1).job_id)[0].shows == "ask_prompt"
    assert await process.service.give_prompt("tg-7", 8, "elsewhere", 21) is None
    job = await process.service.give_prompt("tg-7", 7, "more light", 22)
    assert job.id == photo(1).job_id
    await finish(world, process)
    (request,) = sent_inputs(world)
    assert request["prompt"] == "more light"
    assert world.job(job.id).status is JobStatus.COMPLETED
    assert await process.service.give_prompt("tg-7", 7, "again", 23) is None


async def test_words_that_are_delivered_twice_begin_one_job(world, process):
    for number in (1, 2):
        await process.submit(photo(number, preset="edit", chosen=True))
        await process.run_ready()
        world.clock.advance(1)
    for _ in range(2):
        job = await process.service.give_prompt("tg-7", 7, "more light", 22)
        assert job.id == photo(2).job_id
        await process.run_ready()
    assert len(world.replicate.predictions) == 1
    assert (await process.service.give_prompt("tg-7", 7, "more light", 23)).id == photo(1).job_id


async def test_words_are_taken_by_the_newest_question(world, process):
    for number in (1, 2):
        await process.submit(photo(number, preset="edit", chosen=True))
        world.clock.advance(1)
    job = await process.service.give_prompt("tg-7", 7, "more light", 22)
    assert job.id == photo(2).job_id


@pytest.mark.parametrize(("use", "slots"), [(AlbumUse.ALL, 2), (AlbumUse.FIRST, 1)])
async def test_all_or_the_first_is_asked_of_whoever_wants_to_be_asked(world, process, use, slots):
    for number in (1, 2):
        await process.submit(member(number, wishes=Wishes(ask=(Question.ALBUM,))))
    await process.run_for(GATHER_S)
    assert world.chat.visible(ALBUM.job_id)[0].shows == "ask_album"
    await process.service.answer(ALBUM.job_id, "tg-7", AlbumUseChosen(use))
    await process.run_ready()
    assert world.chat.visible(ALBUM.job_id)[0].shows == "accepted"  # at once: whoever answered looks at it
    assert len(world.job(ALBUM.job_id).slots) == slots
    assert len(world.replicate.predictions) == slots
    assert world.faults.calls["photos.fetch"] == slots


async def test_an_album_for_roles_asks_for_the_order_and_takes_a_swap_once(world, process):
    for number in (1, 2):
        await process.submit(member(number, preset="try_on", chosen=True, prompt="a coat"))
    await process.run_for(GATHER_S)
    assert world.chat.visible(ALBUM.job_id)[0].shows == "ask_start"
    edits = world.chat.edits
    for _ in range(2):  # the same press, delivered twice
        await process.service.answer(ALBUM.job_id, "tg-7", FirstChosen(2))
        await process.run_ready()
    assert order(world.job(ALBUM.job_id)) == [2, 1]
    assert world.chat.edits > edits  # the new order is shown
    await process.service.answer(ALBUM.job_id, "tg-7", StartConfirmed())
    await finish(world, process)
    assert world.job(ALBUM.job_id).status is JobStatus.COMPLETED


async def test_an_edited_caption_counts_until_the_job_begins(world, process):
    await process.submit(photo(1, preset="try_on", chosen=True, prompt="a coat"))
    await process.service.answer(photo(1).job_id, "tg-7", PromptGiven("a hat"))
    await process.submit(photo(2))
    await process.run_ready()
    job = await process.service.answer(photo(1).job_id, "tg-7", PromptGiven("too late"))
    assert job.prompt == "a hat"


async def test_an_answer_must_come_from_the_person_and_name_what_there_is(world, process):
    await process.submit(photo(1, preset=""))
    with pytest.raises(NoSuchJobError):
        await process.service.answer(photo(1).job_id, "tg-8", PresetChosen("edit"))
    with pytest.raises(NoSuchPresetError):
        await process.service.answer(photo(1).job_id, "tg-7", PresetChosen("gone"))


async def test_an_answer_that_comes_too_late_changes_nothing(world, process):
    await process.submit(photo(1))
    await process.run_ready()
    before = world.job(photo(1).job_id)
    job = await process.service.answer(photo(1).job_id, "tg-7", PresetChosen("edit"))
    assert job == before == world.job(photo(1).job_id)


async def test_an_answer_in_the_middle_of_planning_is_in_the_plan(world, process):
    for number in (1, 2):
        await process.submit(member(number, wishes=Wishes(ask=(Question.START,))))
    await process.run_for(GATHER_S)
    await process.service.answer(ALBUM.job_id, "tg-7", StartConfirmed())
    gate = world.faults.hold("store.put")  # the write that carries the plan
    planning = process.spawn(process.advance(ALBUM.job_id))
    await gate.reached.wait()
    answered = process.spawn(process.service.answer(ALBUM.job_id, "tg-7", AlbumUseChosen(AlbumUse.FIRST)))
    gate.open()
    await planning
    job = await answered
    assert len(job.slots) == (1 if job.wishes.album is AlbumUse.FIRST else 2)


async def test_a_plan_that_an_answer_overtook_is_made_anew(world, process):
    for number in (1, 2):
        await process.submit(member(number, preset=""))
    await process.run_for(GATHER_S)
    await process.service.answer(ALBUM.job_id, "tg-7", PresetChosen("restore"))
    gate = world.faults.hold("store.put")  # the write of an answer that comes while the plan is being made
    answered = process.spawn(process.service.answer(ALBUM.job_id, "tg-7", AlbumUseChosen(AlbumUse.FIRST)))
    await gate.reached.wait()
    planning = process.spawn(process.advance(ALBUM.job_id))
    await loop_turns(20)
    gate.open()
    await answered
    await planning
    assert len(world.job(ALBUM.job_id).slots) == 1


def one_of_several(world: World) -> Process:
    """A process beside others on the same storage."""
    shared = replace(single_process(jobs_per_person=10, jobs_per_key=10, predictions=10), single_process=False)
    return build(world, shared=shared, repository=JobRepository(world.store, single_process=False))


async def test_an_album_whose_pictures_come_to_different_processes_is_one_job(world):
    one, other = one_of_several(world), one_of_several(world)
    for number, process in ((1, one), (2, other), (3, one)):
        assert await process.submit(member(number)) is True
    assert await other.submit(member(1)) is False
    await other.run_for(GATHER_S)
    assert order(world.job(ALBUM.job_id)) == [1, 2, 3]
    assert len(world.job(ALBUM.job_id).slots) == 3


async def test_an_answer_that_comes_to_another_process_finds_its_question(world):
    one, other = one_of_several(world), one_of_several(world)
    await one.submit(photo(1, preset="try_on", chosen=True))
    await one.run_ready()
    await other.submit(photo(2))
    await other.run_ready()
    await finish(world, other)
    assert order(world.job(photo(1).job_id)) == [1, 2]
    assert world.job(photo(1).job_id).status is JobStatus.COMPLETED


async def test_who_leaves_is_not_asked_any_more(world, process):
    await process.submit(photo(1, preset=""))
    await process.run_ready()
    world.chat.blocked = True
    assert await process.service.leave(7, "tg-7") == 1
    await process.run_ready()
    assert world.job(photo(1).job_id).status is JobStatus.CANCELED
    assert world.is_closed(photo(1).job_id)


async def test_open_jobs_are_those_asked_about_and_those_under_way(world, process):
    await process.submit(photo(1, preset=""))
    await process.submit(photo(2))
    await process.run_ready()
    assert {job.id for job in await process.service.open_jobs("tg-7", 7)} == {photo(1).job_id, photo(2).job_id}
    assert await process.service.open_jobs("tg-7", 8) == []


async def test_where_nobody_can_be_asked_an_incomplete_wish_is_refused(world, process):
    asked = photo(1, preset="edit")
    with pytest.raises(IncompleteError):
        await process.submit(replace(asked, origin=replace(asked.origin, chat_id=None)))
    assert world.store.objects == {}


async def test_while_the_storage_is_down_a_photo_is_not_taken_for_a_new_wish(world, process):
    await process.submit(photo(1, preset="try_on", chosen=True))
    process = await restart(world, process)
    world.faults.fail("store.list", storage_down)
    with pytest.raises(type(storage_down())):
        await process.submit(photo(2))
    await process.submit(photo(2))
    await finish(world, process)
    assert order(world.job(photo(1).job_id)) == [1, 2]


async def test_an_ordinary_photo_costs_no_more_requests_than_before(world, process):
    await process.submit(photo(1))
    assert world.faults.calls == {"store.list": 1, "store.put": 2}  # the list once per process
    world.faults.calls.clear()
    await process.submit(photo(2))
    assert world.faults.calls == {"store.put": 2}


async def test_variations_have_seeds_of_their_own_that_follow_from_the_job(world, process):
    asked = photo(1, preset="edit", prompt="more light", wishes=Wishes(variations=3))
    await process.submit(asked)
    seeds = [slot.seed for slot in world.job(asked.job_id).slots]
    assert len(set(seeds)) == 3
    again = World().start()
    await again.submit(asked)
    assert [slot.seed for slot in again.world.job(asked.job_id).slots] == seeds


async def test_pictures_beyond_ten_slots_are_not_made(world, process):
    inputs = tuple(InputImage(f"file{n}", message_id=n) for n in range(12))
    await process.submit(photo(1, inputs=inputs, wishes=Wishes(variations=4)))
    assert len(world.job(photo(1).job_id).slots) == 10


async def test_a_picture_of_an_album_whose_marker_is_seen_before_its_record_is_not_lost(world):
    """The marker and the record are written at the same time; a kill, or another process, may come in between."""
    world.store.put_now(object_keys.draft_marker(object_keys.DraftOf("tg-7", 7), ALBUM.job_id), b"")
    process = one_of_several(world)
    assert await process.submit(member(1)) is True
    await process.run_for(GATHER_S)
    assert order(world.job(ALBUM.job_id)) == [1]


async def test_the_same_after_a_kill_where_one_process_is_alone(world, process):
    world.store.put_now(object_keys.draft_marker(object_keys.DraftOf("tg-7", 7), ALBUM.job_id), b"")
    assert await process.submit(member(1)) is True
    assert await process.submit(member(2)) is True
    await process.run_for(GATHER_S)
    assert order(world.job(ALBUM.job_id)) == [1, 2]


async def test_an_album_does_not_count_as_unanswered_because_we_were_away(world, process):
    for number in (1, 2):
        await process.submit(member(number))
    await process.crash()
    world.clock.advance(PATIENCE_S + 60)
    process = world.start()
    await process.sweep.once()
    await process.run_for(60)
    await finish(world, process)
    assert world.job(ALBUM.job_id).status is JobStatus.COMPLETED


async def test_a_question_that_was_never_put_is_put_after_the_outage(world, process):
    await process.submit(photo(1, preset=""))
    await process.crash()
    world.clock.advance(PATIENCE_S + 60)
    process = world.start()
    await process.sweep.once()
    await process.run_ready()
    (question,) = world.chat.visible(photo(1).job_id)
    assert question.shows == "ask_preset"
    await process.run_for(PATIENCE_S - 10)
    assert world.job(photo(1).job_id).status is JobStatus.PENDING
    await process.run_for(20)
    assert world.job(photo(1).job_id).outcome.code == "not_answered"


async def test_an_answer_at_the_last_moment_is_not_taken_for_none(world, process):
    await process.submit(photo(1, preset=""))
    await process.run_for(PATIENCE_S - 1)
    world.clock.advance(1)
    gate = world.faults.hold("store.put")  # of the answer
    answered = process.spawn(process.service.answer(photo(1).job_id, "tg-7", PresetChosen("restore")))
    await gate.reached.wait()
    closing = process.spawn(process.advance(photo(1).job_id))
    await loop_turns(20)
    gate.open()
    assert (await answered).draft
    await closing
    await process.run_for(5)
    await finish(world, process)
    assert world.job(photo(1).job_id).status is JobStatus.COMPLETED


async def test_drafts_whose_record_cannot_be_read_do_not_keep_the_others_from_being_called_off(world):
    one, other = one_of_several(world), one_of_several(world)
    await one.submit(photo(1, preset=""))
    await one.submit(photo(2, preset="", chosen=True))
    await one.run_ready()
    world.store.put_now(object_keys.job(photo(1).job_id), b"{")
    assert await other.service.cancel_all("tg-7", 7) == 1


async def test_the_next_question_is_put_after_an_outage_too(world, process):
    await process.submit(photo(1, preset=""))
    await process.run_ready()
    await process.service.answer(photo(1).job_id, "tg-7", PresetChosen("edit"))
    await process.crash()
    world.clock.advance(PATIENCE_S + 60)
    process = await restart(world, process)
    await process.run_for(PATIENCE_S - 10)
    (question,) = world.chat.visible(photo(1).job_id)
    assert question.shows == "ask_prompt"
    assert world.job(photo(1).job_id).status is JobStatus.PENDING
    await process.run_for(20)
    assert world.job(photo(1).job_id).outcome.code == "not_answered"


async def test_whose_question_was_deleted_can_still_answer_and_is_not_waited_for_for_ever(world, process):
    for number in (1, 2):
        await process.submit(member(number, preset="", wishes=Wishes(ask=(Question.ALBUM, Question.START))))
    await process.run_for(GATHER_S)
    world.chat.delete_status(ALBUM.job_id)
    for answer in (PresetChosen("restore"), AlbumUseChosen(AlbumUse.ALL)):
        await process.service.answer(ALBUM.job_id, "tg-7", answer)
        await process.run_for(60)
        assert world.job(ALBUM.job_id).status is JobStatus.PENDING
    await process.run_for(PATIENCE_S)
    assert world.job(ALBUM.job_id).outcome.code == "not_answered"
    assert world.is_closed(ALBUM.job_id)


async def test_a_question_that_cannot_be_put_ends_the_job_with_a_word(world, process):
    world.faults.fail("chat.announce", RuntimeError("a fault of ours"), times=3)
    await process.submit(photo(1, preset=""))
    await process.run_for(300)
    job = world.job(photo(1).job_id)
    assert (job.status, job.outcome.code) == (JobStatus.FAILED, "internal")
    assert world.chat.pings(job.id) == 1


async def test_an_answer_to_another_question_than_the_open_one_leaves_that_open_for_its_time(world, process):
    await process.submit(photo(1, preset=""))
    await process.run_ready()
    await process.service.answer(photo(1).job_id, "tg-7", PromptGiven("more light"))
    await process.run_for(PATIENCE_S - 10)
    assert world.job(photo(1).job_id).status is JobStatus.PENDING
    await process.run_for(20)
    assert world.job(photo(1).job_id).outcome.code == "not_answered"
