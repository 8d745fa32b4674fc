"""Feedback: a text to the admins, and their answer back."""

import pytest

from bot.telegram.button_data import FeedbackButton, MenuButton
from bot.telegram.wording import text
from tests.support.chat_door import BEN, BOT, GROUP, ChatDoor, message

BOSS = BEN | {"id": 42, "first_name": "Boss"}
BOSS_CHAT = {"id": 42, "type": "private"}
PRESS = MenuButton(screen="feedback").pack()


@pytest.fixture
def door():
    return ChatDoor(admin_ids={42})


def sent_to(door, chat_id):
    """(words, quoted message) of what was sent to this chat."""
    calls = [call.params for call in door.session.calls if call.method == "sendMessage"]
    return [
        (one["text"], (one.get("reply_parameters") or {}).get("message_id"))
        for one in calls
        if one["chat_id"] == chat_id
    ]


async def wrote(door, words="Nice!\nBut slow", **more):
    """Feedback was asked for and given; returns the message that the admin has got."""
    await door.press(PRESS)
    door.forget()
    await door.message(text=words, message_id=9, **more)
    (call,) = [call for call in door.session.calls if call.params.get("chat_id") == 42]
    return message(
        message_id=700, sender=BOT, chat=BOSS_CHAT, text=call.params["text"], reply_markup=call.params["reply_markup"]
    )


async def test_the_next_text_goes_to_the_admins_with_a_name_and_no_other_text_does(door):
    await door.message(text="/help")
    assert PRESS in door.buttons.values()
    await wrote(door)
    assert sent_to(door, 42) == [("💬 Anna · tg-7\n\nNice!\nBut slow", None)]
    assert sent_to(door, 7) == [(text("feedback_sent", "en"), None)]
    door.forget()
    await door.message(text="and more", message_id=10)
    assert door.said == [text("send_a_photo", "en")]


async def test_an_admins_reply_goes_back_quoting_what_was_written_and_can_be_answered(door):
    asked = await wrote(door)
    door.forget()
    await door.message(text="Sorry!", message_id=55, sender=BOSS, chat=BOSS_CHAT, reply_to_message=asked)
    assert sent_to(door, 7) == [(text("feedback_answer", "en", words="Sorry!"), 9)]
    assert PRESS in door.buttons.values()
    assert door.reactions == [(55, "👍")]


async def test_somebody_who_is_no_admin_answers_nobody(door):
    asked = await wrote(door)
    door.forget()
    await door.message(text="Ha", sender=BEN, chat={"id": 8, "type": "private"}, reply_to_message=asked)
    assert sent_to(door, 7) == []


async def test_an_admins_slip_of_a_command_goes_to_nobody(door):
    asked = await wrote(door)
    door.forget()
    await door.message(text="/stauts", sender=BOSS, chat=BOSS_CHAT, reply_to_message=asked)
    assert sent_to(door, 7) == []


async def test_an_answer_that_cannot_be_delivered_is_told_to_the_admin(door):
    asked = await wrote(door)
    door.forget()
    door.session.refuse(403, "Forbidden: bot was blocked by the user")
    await door.message(text="Sorry!", sender=BOSS, chat=BOSS_CHAT, reply_to_message=asked)
    assert sent_to(door, 42) == [(text("feedback_answer_not_sent", "en"), None)]


async def test_feedback_that_reached_nobody_is_not_thanked_for(door):
    await door.press(PRESS)
    door.forget()
    door.session.refuse(403, "Forbidden: bot was blocked by the user")
    await door.message(text="Hello?", message_id=9)
    assert sent_to(door, 7) == [(text("feedback_not_sent", "en"), None)]


async def test_after_a_while_a_text_is_a_text_again_and_it_can_be_called_off(door):
    await door.press(PRESS)
    door.world.clock.advance(16 * 60)
    door.forget()
    await door.message(text="late")
    await door.press(PRESS)
    await door.press(MenuButton(screen="no_feedback").pack())
    await door.message(text="never mind", message_id=12)
    assert sent_to(door, 42) == []
    assert door.said.count(text("send_a_photo", "en")) == 2


async def test_a_command_is_no_feedback(door):
    await door.press(PRESS)
    door.forget()
    await door.message(text="/cancel")
    assert door.said == [text("nothing_to_cancel", "en")]


async def test_without_admins_and_in_a_group_there_is_no_such_button():
    alone, door = ChatDoor(), ChatDoor(admin_ids={42})
    await alone.message(text="/help")
    await door.message(text="/help@a_bot", chat=GROUP)
    assert PRESS not in {*alone.buttons.values(), *door.buttons.values()}


async def test_the_button_explains_itself(door):
    await door.press(FeedbackButton(user=7, message=9, locale="en").pack(), sender=BOSS)
    assert door.said == [text("feedback_how_to_answer", "en")]
