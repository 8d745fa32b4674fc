"""The storage behind a circuit: down means down for everybody at once, and back is found out by one."""

import asyncio
import io
from contextlib import aclosing
from time import perf_counter

import pytest

from bot.jobs.guards.circuit import Circuit
from bot.jobs.guards.guarded_store import GuardedStore
from bot.jobs.guards.meter import SilentMeter
from storage.errors import ObjectNotFoundError, PreconditionFailedError, StorageRefusedError, StorageUnavailableError
from tests.support.fakes import storage_down
from tests.support.skipped_time import time_passes


@pytest.fixture
def circuit(world):
    return Circuit("storage", world.clock)


@pytest.fixture
def store(world, circuit):
    return GuardedStore(world.store, circuit)


async def all_of(rows):
    return [row async for row in rows]


CALLS = {
    "get": lambda store: store.get("a", max_bytes=9),
    "put": lambda store: store.put("a", b"x", content_type="text/plain"),
    "put_file": lambda store: store.put_file("a", io.BytesIO(b"x"), size=1, content_type="text/plain"),
    "stream": lambda store: all_of(store.stream("a")),
    "delete": lambda store: store.delete(["a"]),
    "list": lambda store: all_of(store.list("")),
    "prepare": lambda store: store.prepare(()),
    "probe": lambda store: store.probe(),
}
EACH_CALL = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


async def break_down(world, store):
    world.faults.fail("store", storage_down, times=10**9)
    for _ in range(5):
        with pytest.raises(StorageUnavailableError):
            await store.get("a", max_bytes=9)


@EACH_CALL
async def test_what_the_store_does_comes_through(world, store, call):
    world.store.put_now("a", b"x")
    direct, guarded = await call(world.store), await call(store)
    assert type(guarded) is type(direct)


async def test_arguments_come_through(world, store):
    etag = await store.put("a", b"x", content_type="text/plain", if_absent=True)
    with pytest.raises(PreconditionFailedError):
        await store.put("a", b"x", content_type="text/plain", if_absent=True)
    assert await store.put("a", b"y", content_type="text/plain", if_match=etag)
    await store.put("b", b"y", content_type="text/plain")
    assert [row.key for row in await all_of(store.list("", start_after="a", limit=1))] == ["b"]
    assert "ttl=5" in await store.presigned_url("a", ttl_s=5)


@EACH_CALL
async def test_while_it_is_down_nobody_asks_and_everybody_is_told_when_to_come_back(world, store, call):
    await break_down(world, store)
    asked = world.faults.calls.total()
    with pytest.raises(StorageUnavailableError) as caught:
        await call(store)
    assert caught.value.retry_after_s > 0
    assert world.faults.calls.total() == asked


@EACH_CALL
async def test_one_finds_out_that_it_is_back(world, store, circuit, call):
    world.store.put_now("a", b"x")
    await break_down(world, store)
    world.faults.stop()
    world.clock.advance(2)
    await call(store)
    assert circuit.state == "ok"


async def test_whoever_verifies_finds_out_for_all(world, store, circuit):
    await break_down(world, store)
    with pytest.raises(StorageUnavailableError):
        await store.verify()
    world.faults.stop()
    await store.verify()
    assert circuit.state == "ok"


async def test_an_answer_is_an_answer(world, store, circuit):
    for _ in range(20):
        with pytest.raises(ObjectNotFoundError):
            await store.get("missing", max_bytes=9)
        with pytest.raises(ObjectNotFoundError):
            await all_of(store.stream("missing"))
    assert circuit.state == "ok"


async def test_a_full_disk_is_an_outage_too(world, store, circuit):
    world.faults.fail("store.put", StorageRefusedError("disk full"), times=9)
    for _ in range(5):
        with pytest.raises(StorageRefusedError):
            await store.put("a", b"x", content_type="text/plain")
    assert circuit.state != "ok"


def test_a_stream_that_trickles_is_given_up(skipping_time, world, store):
    async def trickle(key):
        while True:
            await time_passes(19)
            yield b"x"

    world.store.stream = trickle

    async def story():
        begun = asyncio.get_running_loop().time()
        with pytest.raises(StorageUnavailableError, match="too long"):
            await all_of(store.stream("a"))
        assert asyncio.get_running_loop().time() - begun < 301

    skipping_time(story())


class Watching(SilentMeter):
    def __init__(self):
        self.told = []

    def storage_operation_ended(self, operation, outcome, duration_s):
        self.told.append((operation, outcome, duration_s))


READS = pytest.mark.parametrize(
    ("operation", "read"),
    [
        ("list", lambda store: store.list("")),
        ("list", lambda store: store.folders("", limit=9)),
        ("stream", lambda store: store.stream("a/1")),
    ],
)


@READS
async def test_what_a_reader_does_with_what_was_read_is_not_the_storages_time(world, circuit, operation, read):
    meter = Watching()
    world.store.put_now("a/1", b"x")
    async for _ in read(GuardedStore(world.store, circuit, meter)):
        begin = perf_counter()
        while (busy_s := perf_counter() - begin) < 0.02:
            pass
    ((name, outcome, took_s),) = meter.told
    assert (name, outcome) == (operation, "ok")
    assert took_s < busy_s


@READS
async def test_a_reader_who_has_had_enough_was_answered(world, circuit, operation, read):
    meter = Watching()
    world.store.put_now("a/1", b"x")
    world.store.put_now("b/2", b"x")
    store = GuardedStore(world.store, circuit, meter)
    await break_down(world, store)
    world.faults.stop()
    world.clock.advance(2)
    meter.told.clear()
    async with aclosing(read(store)) as rows:
        await anext(rows)
    assert [told[:2] for told in meter.told] == [(operation, "ok")]
    assert circuit.state == "ok"
