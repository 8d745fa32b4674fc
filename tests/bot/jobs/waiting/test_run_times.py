"""How long models usually take: learned, kept, and cheap."""

import pytest

from bot.jobs.waiting.run_times import RunTimes, Usual
from storage import object_keys
from storage.run_times import RunTimesRecord, dump_run_times, load_run_times
from tests.support.fakes import PRESETS, storage_down

RESTORE_S = PRESETS["restore"].typical_s


def run_times(world):
    return RunTimes(world.store, PRESETS, world.clock)


async def loaded(world):
    found = run_times(world)
    await found.load()
    return found


def test_a_model_that_never_ran_takes_what_its_preset_says(world):
    assert run_times(world).usual("restore") == Usual(RESTORE_S, 2 * RESTORE_S)


def test_a_preset_that_is_offered_no_more_still_has_a_time(world):
    assert run_times(world).usual("long_gone").median_s > 0


async def test_runs_count_from_the_first_and_after_twenty_nothing_else_does(world):
    found = run_times(world)
    for _ in range(4):
        await found.note("restore", 100)
    assert found.usual("restore").median_s == 100
    for seconds in range(1, 21):
        await found.note("restore", seconds)
    assert found.usual("restore") == Usual(10, 18)


async def test_nine_of_ten_runs_within_a_second_are_over_at_once(world):
    found = run_times(world)
    assert not found.over_at_once("restore")
    for seconds in [*[0.9] * 18, 30, 30]:
        await found.note("restore", seconds)
    assert found.over_at_once("restore")
    await found.note("restore", 30)
    assert not found.over_at_once("restore")


async def test_they_survive_a_restart(world):
    first = await loaded(world)
    for _ in range(4):
        await first.note("restore", 100)
        world.clock.advance(301)
    assert (await loaded(world)).usual("restore").median_s == 100


async def test_one_read_and_a_write_in_five_minutes_are_all_they_cost(world):
    found = await loaded(world)
    for _ in range(600):
        await found.load()
        await found.note("restore", 8)
        world.clock.advance(1)
    assert world.faults.calls == {"store.get": 1, "store.put": 2}


async def test_a_storage_that_is_down_is_asked_again_later_and_not_written_over(world):
    await (await loaded(world)).note("restore", 100)
    before = world.store.objects[object_keys.RUN_TIMES].body
    world.faults.fail("store.get", storage_down())
    found = await loaded(world)
    await found.note("restore", 8)
    await found.load()
    assert world.store.objects[object_keys.RUN_TIMES].body == before
    world.clock.advance(60)
    await found.load()
    await found.note("restore", 9)
    kept = load_run_times(world.store.objects[object_keys.RUN_TIMES].body)
    assert kept.seconds["restore"][-3:] == (100, 8, 9)


async def test_a_write_that_fails_is_made_up_for_by_the_next(world, logs):
    found = await loaded(world)
    world.faults.fail("store.put", storage_down())
    await found.note("restore", 100)
    assert logs[-1]["event"] == "run_times_not_saved"
    world.clock.advance(301)
    await found.note("restore", 100)
    assert object_keys.RUN_TIMES in world.store.objects


@pytest.mark.parametrize("body", [b"", b"[]", b'{"seconds": {"restore": "soon"}}', b'{"v": 2}', b"\xff"])
async def test_a_record_that_cannot_be_read_is_as_good_as_none(world, logs, body):
    world.store.put_now(object_keys.RUN_TIMES, body)
    found = await loaded(world)
    assert logs[-1]["event"] == "run_times_not_loaded"
    assert found.usual("restore").median_s == RESTORE_S
    await found.note("restore", 100)
    assert load_run_times(world.store.objects[object_keys.RUN_TIMES].body).seconds["restore"][-1] == 100


async def test_presets_that_are_offered_no_more_are_forgotten(world):
    world.store.put_now(object_keys.RUN_TIMES, dump_run_times(RunTimesRecord({"long_gone": (1.0,), "faces": (2.0,)})))
    found = await loaded(world)
    await found.note("long_gone", 3)
    assert set(load_run_times(world.store.objects[object_keys.RUN_TIMES].body).seconds) == {"faces"}
