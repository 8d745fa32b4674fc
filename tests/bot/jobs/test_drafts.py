"""Which drafts a person has in a chat: from memory where that is enough, after a restart from one listing."""

import asyncio
from dataclasses import replace

import pytest

from bot.jobs.drafts import Drafts, ProcessDrafts
from bot.work_queue.redis_client import Keys, open_redis
from bot.work_queue.shared_drafts import SharedDrafts
from storage import object_keys
from storage.errors import StorageUnavailableError
from storage.job import JobStatus, Slot
from storage.records import dump_job
from storage.repository import JobRepository
from tests.support.fakes import World, new_job, storage_down
from tests.support.ports import free_port
from tests.support.redis_servers import fresh_bot_id

JOB = replace(new_job(1), slots=())


@pytest.fixture
async def redis(redis_url):
    async with open_redis(redis_url) as redis:
        yield redis


@pytest.fixture
def keys():
    return Keys(fresh_bot_id())


@pytest.fixture
async def shared(redis, keys):
    return SharedDrafts(redis, keys)


@pytest.fixture(params=["alone", "shared"])
def index(request):
    return ProcessDrafts() if request.param == "alone" else request.getfixturevalue("shared")


async def recorded(world: World, *jobs) -> JobRepository:
    repository = JobRepository(world.store)
    for job in jobs or (JOB,):
        await repository.create(job)
    return repository


async def test_what_was_noted_is_known_until_it_is_no_draft_any_more(world):
    index = ProcessDrafts()
    drafts = Drafts(JobRepository(world.store), index)
    await drafts.note(JOB)
    await drafts.note(JOB)
    assert await drafts.of("tg-7", 7) == [JOB.id]
    assert await drafts.of("tg-7", 8) == await drafts.of("tg-8", 7) == []
    await drafts.note(replace(JOB, slots=(Slot(),)))
    assert await drafts.of("tg-7", 7) == []
    assert not index._known


async def test_after_a_restart_one_listing_tells(index, world):
    drafts = Drafts(await recorded(world, JOB, replace(new_job(2), slots=()), new_job(3)), index)
    both = [await asyncio.gather(drafts.of("tg-7", 7), drafts.of("tg-7", 7)) for _ in range(2)]
    assert all(set(found) == {JOB.id, new_job(2).id} for pair in both for found in pair)
    assert world.faults.calls["store.list"] == 1


async def test_a_listing_that_failed_is_tried_again(index, world):
    drafts = Drafts(await recorded(world), index)
    world.faults.fail("store.list", storage_down)
    with pytest.raises(StorageUnavailableError):
        await drafts.of("tg-7", 7)
    assert await drafts.of("tg-7", 7) == [JOB.id]


async def test_what_is_noted_while_the_storage_is_listed_is_known(index, world):
    drafts, gate = Drafts(await recorded(world), index), world.faults.hold("store.list", when="after")
    asked = asyncio.ensure_future(drafts.of("tg-7", 7))
    await gate.reached.wait()
    later = replace(new_job(2), slots=())
    await drafts.note(later)
    gate.open()
    assert set(await asked) == {JOB.id, later.id}


async def test_processes_that_share_an_index_ask_the_storage_once(shared, world):
    here, there = [Drafts(await recorded(world), shared) for _ in range(2)]
    assert await here.of("tg-7", 7) == await there.of("tg-7", 7) == [JOB.id]
    elsewhere = replace(new_job(2), slots=())
    await there.note(elsewhere)
    assert set(await here.of("tg-7", 7)) == {JOB.id, elsewhere.id}
    await here.note(replace(JOB, slots=(Slot(),)))
    assert await there.of("tg-7", 7) == [elsewhere.id]
    await there.forget("tg-7", 7, elsewhere.id)
    assert await here.of("tg-7", 7) == []
    assert world.faults.calls["store.list"] == 1


async def test_an_index_that_was_lost_is_filled_again(shared, world, redis, keys):
    drafts = Drafts(await recorded(world), shared)
    await drafts.of("tg-7", 7)
    await redis.delete(keys("drafts-filled"), keys("drafts", "tg-7", "7"))
    assert await drafts.of("tg-7", 7) == [JOB.id]
    assert world.faults.calls["store.list"] == 2


async def test_while_the_index_is_away_the_storage_is_asked_for_this_person_and_nothing_is_noted(world):
    async with open_redis(f"redis://127.0.0.1:{free_port()}/0") as nowhere:
        drafts = Drafts(await recorded(world), SharedDrafts(nowhere, Keys("1")))
        await drafts.note(replace(new_job(2), slots=()))
        await drafts.forget("tg-7", 7, JOB.id)
        assert await drafts.of("tg-7", 7) == [JOB.id]
        assert await drafts.of("tg-7", 77) == []


async def test_a_job_without_a_chat_has_nobody_to_answer(world):
    drafts = Drafts(await recorded(world), ProcessDrafts())
    await drafts.note(replace(JOB, origin=replace(JOB.origin, chat_id=None)))
    assert await drafts.of("tg-7", 7) == [JOB.id]
    nobody = replace(new_job(5), slots=(), origin=replace(JOB.origin, chat_id=None))
    await recorded(world, nobody)
    assert len(world.store.keys(object_keys.DRAFTS)) == 1


async def test_the_marker_of_a_finished_job_does_not_come_back_with_its_update(world):
    ended = replace(JOB, status=JobStatus.CANCELED)
    repository = await recorded(world, JOB)
    await repository.close(JOB.id, (), [object_keys.DraftOf("tg-7", 7)])
    world.store.put_now(object_keys.job(JOB.id), dump_job(ended))
    assert await repository.create(JOB) is False
    assert world.store.keys(object_keys.DRAFTS) == world.store.keys(object_keys.OPEN) == []


async def test_foreign_objects_among_the_markers_are_no_drafts(world):
    for key in ("drafts/x", "drafts/tg-7/7/not-a-job", f"drafts/tg-7/seven/{JOB.id}"):
        world.store.put_now(key, b"")
    assert await Drafts(JobRepository(world.store), ProcessDrafts()).of("tg-7", 7) == []
