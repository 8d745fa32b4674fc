"""A group becomes a supergroup under a job: another chat, in which the old messages' numbers are other messages."""

from dataclasses import replace

import pytest

from storage.chat_events import ChatMoved
from storage.draft_events import AlbumUseChosen
from storage.job import JobFile, JobStatus, Slot
from storage.wishes import AlbumUse
from tests.support.fakes import new_job, submission

ASKED = submission(seeds=(1, 2))
JOB = ASKED.job_id
OLD, NEW = 7, -1009001


async def to_its_end(world, process):
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_for(60)


def judge(world):
    job = world.job(JOB)
    assert job.status is JobStatus.COMPLETED
    assert world.chat.pings(JOB) == 1
    (told,) = world.chat.outcomes(JOB)
    assert len(told.files) == 2
    assert [message.report for message in world.chat.visible(JOB)].count(True) == 1
    assert world.is_closed(JOB)
    assert (job.origin.chat_id, job.origin.speaks_in) == (OLD, NEW)


@pytest.mark.parametrize("moment", ["recorded", "running", "telling"])
async def test_the_result_is_told_once_and_there(world, process, moment):
    await process.submit(ASKED)
    world.chat.moved_to = NEW if moment == "recorded" else None
    await process.run_ready()
    world.chat.moved_to = NEW if moment == "running" else world.chat.moved_to
    await process.run_for(8)
    gate = world.faults.hold("chat.send_outcome")
    ending = process.spawn(to_its_end(world, process))
    await gate.reached.wait()
    world.chat.moved_to = NEW
    gate.open()
    await ending
    judge(world)


async def test_a_move_is_known_to_the_next_process(world):
    first = world.start()
    await first.submit(ASKED)
    world.chat.moved_to = NEW
    await first.run_ready()
    await first.crash()
    second = world.start()
    await second.sweep.once()
    await second.run_ready()
    assert [job.origin.speaks_in for job in await second.service.open_jobs("tg-7", OLD)] == [NEW]
    assert [job.id for job in await second.service.open_jobs("tg-7", NEW)] == [JOB]
    await to_its_end(world, second)
    judge(world)


async def test_who_was_told_before_the_move_is_not_told_again(world, process):
    await process.submit(ASKED)
    await process.run_for(3)
    gate = world.faults.hold("chat.send_outcome", when="after")
    ending = process.spawn(to_its_end(world, process))
    await gate.reached.wait()
    world.chat.moved_to = NEW
    gate.open()
    await ending
    job = world.job(JOB)
    assert (job.status, world.chat.pings(JOB), len(world.chat.outcomes(JOB))) == (JobStatus.COMPLETED, 1, 1)
    assert world.is_closed(JOB)


async def asking(world, process):
    """A draft that waits for words, in the old chat."""
    asked = replace(submission(seeds=(), preset="edit"), chosen=True)
    await process.submit(asked)
    await process.run_ready()
    world.chat.moved_to = NEW
    return asked.job_id


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_draft_takes_the_words_that_are_written_in_the_new_chat(world, restarted):
    process = world.start()
    job_id = await asking(world, process)
    assert await process.jobs.moved_groups.follow(OLD, NEW) == 1
    await process.run_ready()
    if restarted:
        await process.crash()
        process = world.start()
    assert [message.shows for message in world.chat.visible(job_id)] == ["ask_prompt", "ask_prompt"]
    job = await process.service.give_prompt("tg-7", NEW, "in winter", 12)
    assert (job.id, job.prompt) == (job_id, "in winter")
    await process.run_ready()
    await to_its_end(world, process)
    assert world.job(job_id).status is JobStatus.COMPLETED
    assert world.is_closed(job_id)
    assert world.store.keys("drafts/") == []
    assert await process.service.open_jobs("tg-7", NEW) == []


async def test_a_draft_that_learns_of_the_move_by_a_refusal_takes_words_there_too(world):
    process = world.start()
    job_id = await asking(world, process)
    await process.service.answer(job_id, "tg-7", AlbumUseChosen(AlbumUse.ALL))  # anything that is shown anew
    await process.run_for(10)
    assert (await process.service.give_prompt("tg-7", NEW, "in winter", 12)).id == job_id


@pytest.mark.parametrize("call", ["chat.announce", "chat.show_status"])
async def test_a_message_that_was_on_its_way_when_the_group_moved_is_not_taken_for_one_in_the_new_chat(world, call):
    process = world.start()
    asked = replace(submission(seeds=(), preset="edit"), chosen=True)
    await process.submit(asked)
    if call == "chat.show_status":
        await process.run_ready()
        await process.run_for(5)
        await process.service.answer(asked.job_id, "tg-7", AlbumUseChosen(AlbumUse.ALL))
    gate = world.faults.hold(call, when="after")
    sending = process.spawn(process.run_for(10))
    await gate.reached.wait()
    world.chat.moved_to = NEW
    await process.jobs.moved_groups.follow(OLD, NEW)
    gate.open()
    await sending
    await process.run_for(10)
    _, new = world.chat.visible(asked.job_id)
    assert world.job(asked.job_id).status_message_id == new.id


async def test_only_drafts_of_the_group_that_moved_follow_it(world):
    process = world.start()
    job_id = await asking(world, process)
    assert await process.jobs.moved_groups.follow(OLD + 1, NEW) == 0
    assert world.job(job_id).origin.speaks_in == OLD


async def test_the_bot_that_leaves_the_old_chat_has_not_left_its_jobs(world):
    process = world.start()
    await asking(world, process)
    await process.jobs.moved_groups.follow(OLD, NEW)
    assert await process.service.leave(OLD, "tg-7") == 0
    assert await process.service.leave(NEW, "tg-7") == 1


def test_what_is_known_already_changes_nothing():
    file = JobFile("k", "image/jpeg", 1, message_id=6)
    told = new_job(status_message_id=5, status_shown="accepted", message_ids=(6,), slots=(Slot(files=(file,)),))
    moved = ChatMoved(NEW).fold(told)
    assert (moved.status_message_id, moved.status_shown) == (None, "")
    assert (moved.message_ids, moved.files[0].message_id) == ((), None), "what was told before stayed behind too"
    assert ChatMoved(NEW).fold(moved) is moved
