"""What is remembered of people: choices survive, changes are never lost, and reading them costs next to nothing."""

import asyncio
from dataclasses import replace

import pytest

from storage import object_keys
from storage.errors import RecordCorruptError, RecordTooNewError, StorageUnavailableError
from storage.people import People
from storage.person import Person
from storage.recent import KeyedLocks
from storage.wishes import Delivery
from tests.support.fakes import World, storage_down

USER = "tg-7"
KEY = object_keys.person(USER)


@pytest.fixture(params=[True, False], ids=["conditional", "unconditional"])
def world(request):
    return World(conditional=request.param)


def another(world, **options):
    """The same store seen by a process that remembers nothing."""
    return People(world.store, conditional_writes=world.conditional, **options)


def speaking(locale):
    return lambda person: replace(person, locale=locale)


async def test_somebody_who_was_never_here_is_like_everybody_and_leaves_no_record(world):
    people = another(world)
    assert people.known(USER) is None
    assert await people.load(USER) == Person()
    assert world.store.keys("") == []


async def test_every_choice_survives(world):
    chosen = Person("ko", "upscale", ("upscale", "faces"), Delivery.BOTH, True, 3, True, 5)
    await another(world).change(USER, lambda _: chosen)
    assert await another(world).load(USER) == chosen


async def test_a_person_is_read_once_and_then_known(world):
    await another(world).change(USER, speaking("ko"))
    people = another(world)
    for _ in range(3):
        await people.load(USER)
    assert world.faults.calls["store.get"] == 1
    await people.change(USER, speaking("ru"))
    assert people.known(USER) == await people.load(USER) == Person(locale="ru")
    assert world.faults.calls["store.get"] == 1


async def test_a_change_that_changes_nothing_writes_nothing(world):
    people = another(world)
    await people.change(USER, lambda person: person)
    assert world.faults.calls["store.put"] == 0


async def test_changes_at_once_in_one_process_are_all_kept(world):
    people = another(world)
    await asyncio.gather(
        people.change(USER, speaking("ru")),
        people.change(USER, lambda person: replace(person, variations=4)),
        people.change(USER, lambda person: person.having_used("faces")),
    )
    assert await another(world).load(USER) == Person("ru", recent_presets=("faces",), variations=4)


async def test_changes_of_several_processes_are_all_kept():
    world = World()
    one, other = another(world), another(world)
    await one.load(USER)
    await other.load(USER)
    await one.change(USER, speaking("ru"))
    await other.change(USER, lambda person: replace(person, ask_first=True))
    await one.change(USER, lambda person: replace(person, variations=2))
    assert await another(world).load(USER) == Person("ru", ask_first=True, variations=2)


async def test_with_several_processes_what_is_known_is_believed_for_a_while_only():
    world, seconds = World(), [0.0]
    one, other = another(world, fresh_for_s=60, now=lambda: seconds[0]), another(world)
    await one.load(USER)
    await other.change(USER, speaking("ru"))
    seconds[0] = 59
    assert (await one.load(USER)).locale is None
    seconds[0] = 60
    assert (await one.load(USER)).locale == "ru"


async def test_a_read_that_was_overtaken_by_a_write_does_not_bring_the_old_back(world):
    people = another(world)
    await another(world).change(USER, speaking("ru"))
    gate = world.faults.hold("store.get", when="after")
    slow = asyncio.create_task(people.load(USER))
    await gate.reached.wait()
    await people.change(USER, speaking("ko"))
    gate.open()
    assert (await slow).locale == "ko"
    assert (await people.load(USER)).locale == "ko"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_after_a_write_of_unknown_outcome_the_record_is_read_again(world, when):
    people = another(world)
    world.faults.fail("store.put", storage_down, when=when)
    with pytest.raises(StorageUnavailableError):
        await people.change(USER, speaking("ru"))
    assert (await people.change(USER, lambda person: replace(person, variations=2))) == Person(
        locale="ru" if when == "after" else None, variations=2
    )


async def test_a_person_can_be_forgotten(world):
    people = another(world)
    await people.change(USER, speaking("ru"))
    assert await people.remove(USER)
    assert await people.load(USER) == Person()
    assert not await people.remove(USER)
    assert world.store.keys("") == []


async def test_a_record_that_cannot_be_read_is_an_error_and_is_not_overwritten(world):
    for body, error in ((b"{", RecordCorruptError), (b'{"v":99,"x":1}', RecordTooNewError)):
        await world.store.put(KEY, body, content_type="application/json")
        with pytest.raises(error):
            await another(world).change(USER, speaking("ru"))
        assert world.store.objects[KEY].body == body


def test_the_last_used_preset_comes_first_and_few_are_kept():
    person = Person()
    for preset in ("a", "b", "c", "d", "e", "b"):
        person = person.having_used(preset)
    assert person.recent_presets == ("b", "e", "d", "c")


async def test_without_conditions_changes_of_several_processes_are_kept_by_locks_that_all_share():
    world, locks = World(conditional=False), KeyedLocks()
    one, other = (another(world, locks=locks, fresh_for_s=60) for _ in range(2))
    await one.load(USER)
    await other.load(USER)
    await asyncio.gather(
        one.change(USER, speaking("ru")), other.change(USER, lambda person: replace(person, variations=2))
    )
    assert await another(world).load(USER) == Person(locale="ru", variations=2)


async def test_a_change_is_never_taken_for_made_because_of_an_old_look(world):
    one, other = (another(world, fresh_for_s=60) for _ in range(2))
    await other.load("tg-7")
    await one.change("tg-7", lambda person: replace(person, banned=True))
    await other.change("tg-7", lambda person: replace(person, banned=False))
    assert not (await another(world).load("tg-7")).banned
