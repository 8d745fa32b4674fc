"""Deletes that go together: none is lost, none is told to be done before it is, and a failure reaches all."""

import asyncio

import pytest

from storage.errors import StorageUnavailableError
from storage.gathered_deletes import GatheredDeletes
from tests.support.fakes import World, storage_down
from tests.support.waiting import loop_turns

LINGER_S = 0.001


@pytest.fixture
async def world():
    world = World()
    for key in "abcd":
        await world.store.put(key, b"", content_type="text/plain")
    return world


async def test_what_comes_within_a_moment_is_one_request(world):
    deletes = GatheredDeletes(world.store, LINGER_S)
    await asyncio.gather(deletes.delete(["a"]), deletes.delete(["b", "c"]))
    assert (world.store.keys(""), world.faults.calls["store.delete"]) == (["d"], 1)
    await deletes.delete(["d"])
    assert (world.store.keys(""), world.faults.calls["store.delete"]) == ([], 2)


async def test_a_failure_is_everybodys_and_the_next_ones_are_not_affected(world):
    deletes = GatheredDeletes(world.store, LINGER_S)
    world.faults.fail("store.delete", storage_down)
    failures = await asyncio.gather(deletes.delete(["a"]), deletes.delete(["b"]), return_exceptions=True)
    assert [type(failure) for failure in failures] == [StorageUnavailableError] * 2
    await deletes.delete(["a", "b"])
    assert world.store.keys("") == ["c", "d"]


async def test_one_who_is_canceled_takes_nobody_along(world):
    deletes = GatheredDeletes(world.store, LINGER_S)
    first, second = (asyncio.ensure_future(deletes.delete([key])) for key in "ab")
    await loop_turns()
    first.cancel()
    await second
    assert world.store.keys("") == ["c", "d"]


async def test_without_a_wait_each_is_a_request_of_its_own(world):
    deletes = GatheredDeletes(world.store, 0)
    await asyncio.gather(deletes.delete(["a"]), deletes.delete(["b"]))
    assert world.faults.calls["store.delete"] == 2
