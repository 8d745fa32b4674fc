"""Which keys there are: what may exist is never said to be absent, and what is absent costs one listing in all."""

import asyncio

import pytest

from storage import known_keys
from storage.errors import StorageUnavailableError
from storage.known_keys import KnownKeys
from storage.object_keys import job_id_of
from storage.people import People
from storage.person import Person
from storage.records import HistoryEntry
from storage.repository import JobRepository
from tests.support.fakes import BEGIN, World, storage_down


@pytest.fixture
def world():
    return World()


async def put(world, *keys):
    for key in keys:
        await world.store.put(key, b"{}", content_type="application/json")


async def test_one_listing_tells_which_are_absent(world):
    await put(world, "users/a", "users/b")
    keys = KnownKeys(world.store, "users/")
    answers = await asyncio.gather(*(keys.surely_absent(f"users/{name}") for name in "abcd"))
    assert (answers, world.faults.calls["store.list"]) == ([False, False, True, True], 1)


async def test_what_is_written_meanwhile_is_not_absent(world):
    keys, gate = KnownKeys(world.store, "users/"), world.faults.hold("store.list", when="after")
    absent = asyncio.ensure_future(keys.surely_absent("users/a"))
    await gate.reached.wait()
    keys.add("users/a")
    gate.open()
    assert not await absent


async def test_a_listing_that_failed_is_tried_again(world):
    keys = KnownKeys(world.store, "users/")
    world.faults.fail("store.list", storage_down)
    with pytest.raises(StorageUnavailableError):
        await keys.surely_absent("users/a")
    assert await keys.surely_absent("users/a")


async def test_of_too_many_none_is_said_to_be_absent_and_they_are_not_kept(world, monkeypatch):
    monkeypatch.setattr(known_keys, "MAX_LISTED", 2)
    await put(world, "users/a", "users/b", "users/c")
    keys = KnownKeys(world.store, "users/")
    assert not await keys.surely_absent("users/z")
    keys.add("users/d")
    assert not keys._keys
    assert world.faults.calls["store.list"] == 1


async def test_folders_are_known_as_what_their_keys_begin_with(world):
    await put(world, "history/a/1", "history/b/1")
    keys = KnownKeys(world.store, "history/", folders=True)
    assert [await keys.surely_absent(f"history/{name}/") for name in "abc"] == [False, False, True]


async def test_whether_somebody_has_a_history_costs_a_process_that_is_alone_one_listing(world):
    entry = HistoryEntry(job_id_of(1), "restore", BEGIN, None, ())
    writer = JobRepository(world.store)
    assert await writer.done_since("tg-1", 0, limit=5) == []
    assert await writer.done_since("tg-2", 0, limit=5) == []
    assert world.faults.calls["store.list"] == 1
    await writer.put_history("tg-1", entry)
    assert len(await writer.done_since("tg-1", 0, limit=5)) == 1
    one_of_many = JobRepository(world.store, single_process=False)
    world.faults.calls.clear()
    await one_of_many.done_since("tg-2", 0, limit=5)
    await one_of_many.done_since("tg-2", 0, limit=5)
    assert world.faults.calls["store.list"] == 2


async def test_a_person_without_a_record_is_not_read_by_a_process_that_is_alone(world):
    alone, one_of_many = People(world.store), People(world.store, fresh_for_s=60)
    for user in ("tg-1", "tg-2"):
        assert await alone.load(user) == Person()
    assert (world.faults.calls["store.list"], world.faults.calls["store.get"]) == (1, 0)
    await one_of_many.load("tg-1")
    assert (world.faults.calls["store.list"], world.faults.calls["store.get"]) == (1, 1)


async def test_a_record_that_somebody_made_against_the_rule_is_found_when_it_is_in_the_way(world):
    alone = People(world.store)
    await alone.load("tg-1")
    await People(world.store).change("tg-1", lambda person: person.having_used("faces"))
    after = await alone.change("tg-1", lambda person: person.having_used("upscale"))
    assert after.recent_presets == ("upscale", "faces")
