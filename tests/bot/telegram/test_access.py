"""Who is let in, as whom, in several processes."""

from dataclasses import replace

from bot.telegram.wording import text
from storage.people import People
from tests.support.chat_door import SIZES, ChatDoor
from tests.support.fakes import World


def one_of_several(now):
    """The door of a process that shares its people with others."""
    world = World()
    return ChatDoor(world, people=People(world.store, fresh_for_s=60, now=now))


async def test_what_was_chosen_in_another_process_holds_from_the_next_photo_on():
    elapsed = [0.0]
    door = one_of_several(lambda: elapsed[0])
    elsewhere = People(door.world.store, fresh_for_s=60)
    await door.message(text="/settings")
    await elsewhere.change("tg-7", lambda person: replace(person, preset="upscale"))
    elapsed[0] = 2.0
    await door.message(photo=SIZES)
    (job,) = door.jobs
    assert job.preset == "upscale"


async def test_a_ban_by_another_process_holds_at_once():
    elapsed = [0.0]
    door = one_of_several(lambda: elapsed[0])
    await door.message(text="/help")
    await People(door.world.store, fresh_for_s=60).change("tg-7", lambda person: replace(person, banned=True))
    elapsed[0] = 2.0
    await door.message(photo=SIZES)
    assert door.jobs == []
    assert door.said[-1] == text("banned", "en")


async def test_what_comes_within_a_second_is_one_look():
    door = one_of_several(lambda: 0.0)
    await door.message(text="/help")
    before = door.world.faults.calls["store.get"]
    for number in range(5):
        await door.message(text="/help", message_id=10 + number)
    assert door.world.faults.calls["store.get"] == before
