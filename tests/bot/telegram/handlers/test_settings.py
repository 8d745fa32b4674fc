"""What a person chooses, in the settings and for the language: remembered, shown, and harmless when pressed twice."""

import pytest

from bot.telegram.catalogues import locales
from bot.telegram.wording import language_name, text
from storage.person import Person
from storage.wishes import Delivery
from tests.support.chat_door import ANNA, SIZES, ChatDoor, message
from tests.support.fakes import PRESETS


@pytest.fixture
def door():
    return ChatDoor()


async def person(door):
    return await door.people.load("tg-7")


async def test_the_settings_show_what_is_chosen(door):
    await door.message(text="/settings")
    assert door.said == [text("settings", "en")]
    assert list(door.buttons) == [
        "🛠 Tool: 🪄 Restore a photo",
        "📤 Result as: photo",
        "❔ Ask what to do: off",
        "🎲 Variations: 1",
        "🌐 Language: 📱 As in my app",
        "✖ Close",
    ]
    assert await person(door) == Person()


async def test_a_press_changes_the_choice_in_place_and_one_delivered_twice_changes_it_once(door):
    await door.message(text="/settings")
    pressed = door.buttons["📤 Result as: photo"]
    for _ in range(2):
        await door.press(pressed)
        assert "📤 Result as: file" in door.buttons
        assert door.session.calls[-1].method == "editMessageText"
    assert (await person(door)).delivery is Delivery.FILE


@pytest.mark.parametrize(
    ("label", "field", "values"),
    [
        ("📤", "delivery", [Delivery.FILE, Delivery.BOTH, Delivery.PHOTO]),
        ("❔", "ask_first", [True, False]),
        ("🎲", "variations", [2, 3, 4, 1]),
    ],
)
async def test_pressing_goes_round_all_values(door, label, field, values):
    await door.message(text="/settings")
    for value in values:
        await door.press(next(data for text, data in door.buttons.items() if text.startswith(label)))
        assert getattr(await person(door), field) == value


async def test_a_tool_is_chosen_from_all_of_them(door):
    await door.message(text="/settings")
    await door.press(door.buttons["🛠 Tool: 🪄 Restore a photo"])
    assert len(door.buttons) == len(PRESETS) + 1
    await door.press(door.buttons["🔍 Upscale"])
    assert "🛠 Tool: 🔍 Upscale" in door.buttons
    assert (await person(door)).preset == "upscale"


async def test_the_settings_can_be_closed(door):
    await door.press("m1:close:")
    assert sorted(door.session.methods) == ["answerCallbackQuery", "deleteMessage"]


@pytest.mark.parametrize(
    "data", ["s1:variations:9", "s1:variations:-1", "s1:variations:x", "s1:delivery:carrier pigeon"]
)
async def test_made_up_values_do_no_harm(door, data):
    await door.press(data)
    assert (await person(door)).variations in range(1, 5)
    assert (await person(door)).delivery is Delivery.PHOTO


async def test_each_language_is_offered_by_its_own_name(door):
    await door.message(text="/language")
    assert list(door.buttons)[:4] == ["English", "한국어", "Português (Brasil)", "Русский"]


@pytest.mark.parametrize("locale", locales())
async def test_a_chosen_language_wins_over_the_apps_and_can_be_given_up(door, locale):
    await door.message(text="/language")
    await door.press(door.buttons[language_name(locale)])
    assert door.said[-2:] == [text("saved", locale), text("choose_language", locale)]
    sender = ANNA | {"language_code": "ru"}
    await door.message(photo=SIZES, sender=sender)
    assert door.jobs[0].origin.locale == locale
    await door.press("s1:locale:app", sender=sender)
    await door.message(text="hello", sender=sender)
    assert door.said[-1] == text("send_a_photo", "ru")


async def test_a_language_that_there_is_not_is_no_choice(door):
    await door.press("s1:locale:tlh")
    assert (await person(door)).locale is None
    assert door.said[0] == text("old_button", "en")


async def test_from_a_message_with_a_picture_the_settings_open_in_a_new_one(door):
    await door.press("m1:settings:", on=message(photo=SIZES, message_id=900))
    assert sorted(door.session.methods) == ["answerCallbackQuery", "sendMessage"]
