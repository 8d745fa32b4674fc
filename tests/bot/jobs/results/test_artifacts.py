"""Results on their way through this process."""

from io import BytesIO

import pytest

from bot.jobs.parcels import Form, Item
from bot.jobs.results.artifacts import Artifacts, new_spool
from storage.errors import StorageUnavailableError
from storage.job import JobFile, Slot
from tests.support.fakes import World, new_job, storage_down

ONE, TWO = JobFile("images/output/1.png", "image/png", 3), JobFile("images/output/2.png", "image/png", 3)
JOB = new_job(slots=(Slot(files=(ONE,)), Slot(files=(TWO,))))
KEYS = [ONE.key, TWO.key]
BOTH = [Item(ONE, Form.PHOTO, 1), Item(TWO, Form.FILE, 2)]


@pytest.fixture
def world():
    world = World()
    world.store.put_now(ONE.key, b"one")
    world.store.put_now(TWO.key, b"two")
    return world


async def test_what_is_held_is_not_read_back(world):
    artifacts = Artifacts(world.store)
    artifacts.keep(JOB.id, ONE.key, BytesIO(b"own"))
    await artifacts.fetch(JOB.id, KEYS)
    contents = [(a.content.seek(0), a.content.read())[1] for a in artifacts.of(JOB.id, BOTH)]
    assert contents == [b"own", b"two"]
    assert world.faults.calls["store.stream"] == 1
    artifacts.drop(JOB.id)


async def test_what_is_dropped_is_closed_and_gone(world):
    artifacts = Artifacts(world.store)
    await artifacts.fetch(JOB.id, KEYS)
    held = [a.content for a in artifacts.of(JOB.id, BOTH)]
    artifacts.drop(JOB.id)
    artifacts.drop(JOB.id)
    assert all(content.closed for content in held)
    assert artifacts.of(JOB.id, BOTH) == []


async def test_what_vanished_is_left_out(world):
    await world.store.delete([ONE.key])
    artifacts = Artifacts(world.store)
    await artifacts.fetch(JOB.id, KEYS)
    assert [a.file for a in artifacts.of(JOB.id, BOTH)] == [TWO]
    artifacts.drop(JOB.id)


async def test_a_storage_that_is_down_leaves_nothing_open(world):
    world.faults.fail("store.stream", storage_down(), skip=1)
    artifacts = Artifacts(world.store)
    with pytest.raises(StorageUnavailableError):
        await artifacts.fetch(JOB.id, KEYS)
    artifacts.drop(JOB.id)
    assert not artifacts._held


def test_a_spool_takes_what_is_larger_than_memory_should_hold():
    with new_spool() as spool:
        spool.write(b"x" * 3_000_000)
        spool.seek(0)
        assert len(spool.read()) == 3_000_000
