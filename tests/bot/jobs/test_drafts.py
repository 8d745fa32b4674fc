"""Which drafts a person has in a chat: from memory where that is enough, after a restart from one listing."""

import asyncio
from dataclasses import replace

import pytest

from bot.jobs.drafts import Drafts
from storage import object_keys
from storage.errors import StorageUnavailableError
from storage.job import JobStatus, Slot
from storage.records import dump_job
from storage.repository import JobRepository
from tests.support.fakes import World, new_job, storage_down

JOB = replace(new_job(1), slots=())


@pytest.fixture
def world():
    return World()


async def recorded(world: World, *jobs) -> JobRepository:
    repository = JobRepository(world.store)
    for job in jobs or (JOB,):
        await repository.create(job)
    return repository


async def test_what_was_noted_is_known_until_it_is_no_draft_any_more(world):
    drafts = Drafts(JobRepository(world.store))
    drafts.note(JOB)
    drafts.note(JOB)
    assert await drafts.of("tg-7", 7) == [JOB.id]
    assert await drafts.of("tg-7", 8) == await drafts.of("tg-8", 7) == []
    drafts.note(replace(JOB, slots=(Slot(),)))
    assert await drafts.of("tg-7", 7) == []
    assert not drafts._known


async def test_after_a_restart_one_listing_tells(world):
    drafts = Drafts(await recorded(world, JOB, replace(new_job(2), slots=()), new_job(3)))
    both = [await asyncio.gather(drafts.of("tg-7", 7), drafts.of("tg-7", 7)) for _ in range(2)]
    assert all(set(found) == {JOB.id, new_job(2).id} for pair in both for found in pair)
    assert world.faults.calls["store.list"] == 1


async def test_a_listing_that_failed_is_tried_again(world):
    drafts = Drafts(await recorded(world))
    world.faults.fail("store.list", storage_down)
    with pytest.raises(StorageUnavailableError):
        await drafts.of("tg-7", 7)
    assert await drafts.of("tg-7", 7) == [JOB.id]


async def test_beside_other_processes_the_storage_is_asked_each_time(world):
    drafts = Drafts(await recorded(world), sole=False)
    elsewhere = replace(new_job(2), slots=())
    await recorded(world, elsewhere)
    assert set(await drafts.of("tg-7", 7)) == {JOB.id, elsewhere.id}
    assert await drafts.of("tg-7", 77) == []


async def test_a_job_without_a_chat_has_nobody_to_answer(world):
    drafts = Drafts(await recorded(world))
    drafts.note(replace(JOB, origin=replace(JOB.origin, chat_id=None)))
    assert await drafts.of("tg-7", 7) == [JOB.id]
    nobody = replace(new_job(5), slots=(), origin=replace(JOB.origin, chat_id=None))
    await recorded(world, nobody)
    assert len(world.store.keys(object_keys.DRAFTS)) == 1


async def test_the_marker_of_a_finished_job_does_not_come_back_with_its_update(world):
    ended = replace(JOB, status=JobStatus.CANCELED)
    repository = await recorded(world, JOB)
    await repository.close(JOB.id, (), object_keys.DraftOf("tg-7", 7))
    world.store.put_now(object_keys.job(JOB.id), dump_job(ended))
    assert await repository.create(JOB) is False
    assert world.store.keys(object_keys.DRAFTS) == world.store.keys(object_keys.OPEN) == []


async def test_foreign_objects_among_the_markers_are_no_drafts(world):
    for key in ("drafts/x", "drafts/tg-7/7/not-a-job", f"drafts/tg-7/seven/{JOB.id}"):
        world.store.put_now(key, b"")
    assert await Drafts(JobRepository(world.store)).of("tg-7", 7) == []
