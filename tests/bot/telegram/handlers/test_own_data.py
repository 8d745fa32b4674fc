"""What is kept, and having it deleted with two taps."""

from datetime import timedelta

import pytest

from bot.telegram.wording import text
from storage import object_keys
from tests.support.chat_door import SIZES, ChatDoor


@pytest.fixture
def door():
    return ChatDoor()


async def test_privacy_says_how_long_pictures_are_kept():
    door = ChatDoor(keep=timedelta(days=14))
    await door.message(text="/privacy")
    assert "14 days" in door.said[0]
    assert "/delete_me" in door.said[0]


async def test_the_first_tap_deletes_nothing_and_can_be_taken_back(door):
    await door.message(photo=SIZES)
    await door.message(text="/delete_me")
    assert len(door.jobs) == 1
    await door.press(door.buttons[text("keep_it", "en")])
    assert text("kept", "en") in door.said
    assert len(door.jobs) == 1


async def test_the_second_tap_deletes_everything_and_says_how_many_objects_that_were(door):
    for number in (5, 6):
        await door.message(photo=SIZES, message_id=number)
    await door.process.run_ready()
    first, _ = door.world.replicate.running
    door.world.replicate.succeed(first)
    await door.process.deliver_callbacks()
    await door.process.run_ready()
    await door.message(text="/delete_me")
    objects = len(door.world.store.keys(""))
    await door.press(door.buttons[text("delete_everything", "en")])
    words = next(one for one in door.said if "Done" in one)
    assert words.splitlines()[1] == text("delete_me_stopping", "en", n=1)
    await door.process.run_ready()
    assert all(key.startswith(object_keys.SPENT) for key in door.world.store.keys("")), "which names nobody"
    assert 0 < int(words.split()[2]) <= objects


async def test_a_press_that_is_delivered_again_finds_nothing_left(door):
    await door.message(text="/delete_me")
    for _ in range(2):
        await door.press(door.buttons[text("delete_everything", "en")])
        assert text("delete_me_done", "en", n=0) in door.said
