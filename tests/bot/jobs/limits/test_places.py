"""Limited places and the line for them: in one process, and shared by several through a real Redis."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs.limits.places import ProcessPlaces
from bot.work_queue.redis_client import Keys, open_redis
from bot.work_queue.shared_places import SharedPlaces
from tests.support.redis_servers import fresh_bot_id

_kinds = itertools.count()


@pytest.fixture(params=["process", "shared"])
async def places_of(request):
    """Makes places with this limit."""
    if request.param == "process":
        yield ProcessPlaces
        return
    async with open_redis(request.getfixturevalue("redis_url")) as redis:
        keys = Keys(fresh_bot_id())
        yield lambda limit: SharedPlaces(redis, keys, f"kind{next(_kinds)}", limit)


async def test_places_are_taken_until_there_are_none(places_of):
    places = places_of(2)
    assert [await places.take("k", holder) for holder in "abc"] == [True, True, False]
    assert await places.count("k") == 2
    assert sorted(await places.of("k")) == ["a", "b", "c"]


async def test_asking_again_changes_nothing(places_of):
    places = places_of(1)
    assert await places.take("k", "a")
    assert await places.take("k", "a")
    assert not await places.take("k", "b")
    assert not await places.take("k", "b")
    assert await places.count("k") == 1
    assert await places.free("k", "a") == ["b"]


async def test_whoever_waits_longest_is_next_and_nobody_jumps_the_line(places_of):
    places = places_of(1)
    for holder in "abc":
        await places.take("k", holder)
    assert await places.free("k", "a") == ["b"]
    assert not await places.take("k", "d")
    assert not await places.take("k", "c")
    assert await places.take("k", "b")
    assert await places.free("k", "b") == ["c"]


async def test_who_stands_in_line_knows_the_place_and_moves_up(places_of):
    places = places_of(1)
    for holder in "abcd":
        await places.take("k", holder)
    assert [await places.place("k", holder) for holder in "abcde"] == [None, 1, 2, 3, None]
    await places.free("k", "c")
    assert [await places.place("k", holder) for holder in "bcd"] == [1, None, 2]
    assert await places.place("other", "b") is None


async def test_as_many_are_called_as_places_are_free(places_of):
    places = places_of(2)
    for holder in "abcde":
        await places.take("k", holder)
    assert await places.free("k", "a") == ["c"]
    assert await places.free("k", "b") == ["c", "d"]


async def test_leaving_the_line_calls_whoever_moves_up(places_of):
    places = places_of(1)
    for holder in "abc":
        await places.take("k", holder)
    await places.free("k", "a")
    assert await places.free("k", "b") == ["c"]


async def test_giving_back_what_one_does_not_have_calls_nobody(places_of):
    places = places_of(2)
    for holder in "abc":
        await places.take("k", holder)
    await places.free("k", "a")
    assert await places.free("k", "a") == []
    assert await places.free("k", "stranger") == []


async def test_work_that_is_under_way_keeps_its_place_whatever_the_limit(places_of):
    places = places_of(1)
    for holder in "abc":
        await places.hold("k", holder)
    assert await places.count("k") == 3
    assert not await places.take("k", "d")
    assert await places.free("k", "a") == []
    assert await places.free("k", "b") == []
    assert await places.free("k", "c") == ["d"]


async def test_several_places_are_given_back_at_once(places_of):
    places = places_of(2)
    for holder in "abcdef":
        await places.take("k", holder)
    assert await places.free("k", "a", "c", "b", "stranger") == ["d", "e"]
    assert sorted(await places.of("k")) == ["d", "e", "f"]
    assert await places.free("k", "a", "b") == []
    assert await places.count("k") == 0


async def test_what_was_given_back_can_be_held_again(places_of):
    places = places_of(1)
    await places.hold("k", "a")
    await places.hold("k", "a")
    await places.free("k", "a")
    await places.hold("k", "a")
    assert await places.count("k") == 1


async def test_keys_do_not_share_places(places_of):
    places = places_of(1)
    assert await places.take("k", "a")
    assert await places.take("l", "a")


async def test_all_that_belongs_to_a_job_can_be_given_back_at_once(places_of):
    places = places_of(1)
    for holder in ("job/0", "job/1", "other/0"):
        await places.take("k", holder)
    await places.take("l", "job")
    assert (await places.forget("job"))[-1] == "other/0"
    assert await places.count("k") == await places.count("l") == 0
    assert await places.take("k", "other/0")


async def test_processes_see_each_others_places(redis_url):
    keys = Keys(fresh_bot_id())
    async with open_redis(redis_url) as one, open_redis(redis_url) as two:
        mine, theirs = (SharedPlaces(redis, keys, "jobs", 1) for redis in (one, two))
        assert await mine.take("k", "a")
        assert not await theirs.take("k", "b")
        assert await mine.free("k", "a") == ["b"]
        assert await theirs.take("k", "b")


async def test_an_engine_that_lost_what_it_knew_hears_of_those_at_work_again(redis_url):
    keys, now = Keys(fresh_bot_id()), [0.0]
    async with open_redis(redis_url) as redis:
        places = SharedPlaces(redis, keys, "jobs", 1, now=lambda: now[0])
        await places.hold("k", "a")
        await redis.delete(*await redis.keys(f"{keys()}*"))
        now[0] += 61
        await places.hold("k", "a")
        assert not await places.take("k", "b"), "a is at work"


MOVES = st.lists(st.tuples(st.sampled_from(["take", "hold", "free"]), st.sampled_from("abcdef")), max_size=60)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 3), MOVES)
def test_nobody_in_line_is_forgotten_and_nothing_is_left_of_those_who_left(limit, moves):
    async def story():
        places = ProcessPlaces(limit)
        await play(places, limit, moves)
        assert not places._held
        assert not places._lines

    asyncio.run(story())


@settings(max_examples=15, deadline=None, derandomize=True)
@given(limit=st.integers(1, 3), moves=MOVES)
def test_the_same_holds_where_they_are_shared(redis_url, limit, moves):
    async def story():
        async with open_redis(redis_url) as redis:
            keys = Keys(fresh_bot_id())
            await play(SharedPlaces(redis, keys, "jobs", limit), limit, moves)
            assert not await redis.keys(f"{keys()}*")

    asyncio.run(story())


async def play(places, limit, moves):
    """Make these moves, hold each answer against a model, and leave."""
    held, line = set(), {}
    for move, holder in moves:
        if move == "hold":
            await places.hold("k", holder)
            line.pop(holder, None)
            held.add(holder)
        elif move == "take":
            if await places.take("k", holder):
                line.pop(holder, None)
                held.add(holder)
            elif holder not in held:
                line.setdefault(holder)
        else:
            called = await places.free("k", holder)
            present = holder in held or holder in line
            held.discard(holder)
            line.pop(holder, None)
            assert called == (list(line)[: max(0, limit - len(held))] if present else [])
        assert await places.count("k") == len(held)
    for holder in [*held, *line]:
        await places.free("k", holder)
