"""One card at a time: by Telegram's name for the picture, or anew from the storage."""

from datetime import timedelta

import pytest

from bot.telegram.button_data import history_data
from bot.telegram.wording import text
from tests.support.chat_door import BEN, BOT, SIZES, ChatDoor, message

CARD = message(sender=BOT, photo=SIZES, message_id=900)


@pytest.fixture
def door():
    return ChatDoor()


async def three(door):
    jobs = []
    for number, caption in ((5, "upscale"), (6, "faces"), (7, "restore")):
        jobs.append(await door.done(caption, message_id=number))
        door.world.clock.advance(60)
    return jobs


def shown(door):
    return next(call for call in reversed(door.session.calls) if call.params.get("reply_markup"))


async def test_without_results_there_is_a_friendly_line(door):
    await door.message(text="/history")
    assert door.said == [text("history_empty", "en")]


async def test_the_newest_comes_first_and_the_cards_turn_in_place(door):
    await three(door)
    await door.message(text="/history")
    assert "Restore" in door.said[-1]
    assert "Nov 21, 2026" in door.said[-1]
    assert "Dec 21, 2026" in door.said[-1]
    assert "1/3" in door.buttons
    assert "◀" not in door.buttons
    for place, words in ((2, "Fix faces"), (3, "Upscale")):
        await door.press(door.buttons["▶"], on=CARD)
        assert shown(door).method == "editMessageMedia"
        assert words in shown(door).params["media"]["caption"]
        assert f"{place}/3" in door.buttons
    assert "▶" not in door.buttons
    await door.press(door.buttons["◀"], on=CARD)
    assert "Fix faces" in shown(door).params["media"]["caption"]


async def test_a_card_offers_what_a_result_offers(door):
    await door.done()
    await door.message(text="/history")
    assert {text("compare", "en"), text("again", "en"), text("do_more", "en"), "🗑"} <= door.buttons.keys()


async def test_a_picture_that_telegram_no_longer_knows_is_uploaded_again(door):
    job = await door.done()
    await door.message(text="/history")
    first = shown(door)
    assert (first.method, first.uploads) == ("sendPhoto", ())  # by its name
    door.session.refuse(400, "Bad Request: wrong file identifier/HTTP URL specified")
    await door.message(text="/history")
    again = shown(door)
    assert again.uploads[0].content == door.world.store.objects[job.files[0].key].body


async def test_what_is_neither_known_to_telegram_nor_kept_is_said_to_be_gone(door):
    job = await door.done()
    await door.world.store.delete([job.files[0].key])
    door.session.refuse(400, "Bad Request: wrong file identifier/HTTP URL specified")
    await door.message(text="/history")
    assert door.said[-1] == text("picture_gone", "en")


async def test_each_of_several_results_has_a_number_on_its_card(door):
    await door.press("s1:variations:2")
    job = await door.done("edit make it blue")
    await door.message(text="/history")
    assert {"· 🖼 1 ·", "🖼 2"} <= door.buttons.keys()
    await door.press(door.buttons["🖼 2"], on=CARD)
    assert {"🖼 1", "· 🖼 2 ·"} <= door.buttons.keys()
    assert shown(door).params["media"]["media"] == job.files[1].file_id


async def test_a_deleted_result_has_no_card_any_more(door):
    _, middle, newest = await three(door)
    await door.process.jobs.erasure.erase(middle)
    await door.message(text="/history")
    await door.press(door.buttons["▶"], on=CARD)
    assert "Upscale" in shown(door).params["media"]["caption"]
    assert newest.id


async def test_what_is_older_than_pictures_are_kept_is_not_shown():
    door = ChatDoor(keep=timedelta(days=1))
    await door.done()
    door.world.clock.advance(2 * 24 * 3600)
    await door.message(text="/history")
    assert door.said == [text("history_empty", "en")]


def card(door):
    """The card as Telegram hands it over with a press: with the buttons that it has now."""
    return CARD | {"reply_markup": shown(door).params["reply_markup"]}


@pytest.mark.parametrize(("button", "way_back"), [(text("do_more", "en"), "back"), ("🗑", "keep_it")])
async def test_what_a_button_shows_leaves_the_way_to_the_other_cards(door, button, way_back):
    await three(door)
    await door.message(text="/history")
    usual = door.buttons
    for label in (button, text(way_back, "en")):
        await door.press(door.buttons[label], on=card(door))
        assert {"1/3", "▶"} <= door.buttons.keys()
    assert door.buttons == usual


async def test_a_card_is_a_card_again_when_its_picture_is_worked_on(door):
    await door.press("s1:variations:2")
    await door.done("edit make it blue")
    await door.message(text="/history")
    await door.press(door.buttons["🖼 2"], on=CARD)
    usual = door.buttons
    await door.press(door.buttons[text("do_more", "en")], on=card(door))
    await door.press(door.buttons["🔍 Upscale"], on=card(door))
    assert door.buttons == usual
    assert {"🖼 1", "· 🖼 2 ·", "1/1"} <= usual.keys()


async def test_nobody_sees_the_cards_of_somebody_else(door):
    job = await door.done()
    await door.press(history_data(job.id), sender=BEN, on=CARD)
    assert door.said == [text("history_empty", "en")]
