"""/start, /help, hints, and who may come in at all."""

from uuid import UUID

import pytest

from bot.telegram.button_data import history_data
from bot.telegram.wording import text
from tests.support.chat_door import ANNA, BEN, BOT, FILE, GROUP, SIZES, ChatDoor, message


@pytest.fixture
def door():
    return ChatDoor()


def greeting(door, locale="en"):
    return text("start", locale, n=door.rules.daily_jobs, keep=door.rules.keep)


@pytest.mark.parametrize("command", ["/start", "/start payload", "/start tool_gone", "/start tool_", "/start@a_bot"])
async def test_start_greets_with_a_picture_to_try(door, command):
    await door.message(text=command)
    assert door.said == [greeting(door)]
    assert [method for method in door.session.methods if method != "getMe"] == ["sendPhoto"]
    assert list(door.buttons) == [text("try_sample", "en"), text("open_settings", "en"), text("open_language", "en")]


async def test_the_greeting_has_at_most_five_lines(door):
    assert len(greeting(door).splitlines()) == 5


async def test_the_sample_is_uploaded_once_and_then_sent_by_its_name(door):
    photo = {"photo": SIZES, "message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}}
    door.session.succeed(photo)
    await door.message(text="/start")
    await door.message(text="/start")
    first, second = door.session.calls
    assert [upload.name for upload in first.uploads] == ["sample.jpg"]
    assert (second.uploads, second.params["photo"]) == ((), "photo-1280")


async def test_where_pictures_are_not_taken_the_words_have_to_do(door):
    door.session.refuse(400, "Bad Request: not enough rights to send photos to the chat")
    await door.message(text="/start")
    assert door.session.methods == ["sendPhoto", "sendMessage"]
    assert door.said == [greeting(door)] * 2


async def test_a_link_to_a_tool_chooses_it(door):
    await door.message(text="/start tool_upscale")
    assert "Upscale" in door.said[0]
    assert (await door.people.load("tg-7")).preset == "upscale"


async def test_a_link_to_the_settings_opens_them(door):
    await door.message(text="/start settings")
    assert door.said == [text("settings", "en")]


async def test_trying_the_sample_is_a_job_that_quotes_it_and_a_press_delivered_twice_is_one(door):
    shown = message(sender=BEN, photo=SIZES, message_id=900)
    for _ in range(2):
        await door.press("m1:sample:", on=shown)
    (job,) = door.jobs
    assert (job.inputs[0].file_id, job.origin.user, job.origin.message_id) == ("sample", "tg-7", 900)
    door.world.clock.advance(4)  # else it were a finger that slipped
    await door.press("m1:sample:", on=shown, query_id="q2")
    assert len(door.jobs) == 2


async def test_the_sample_under_a_message_that_is_too_old_asks_for_a_photo(door):
    await door.press("m1:sample:", on={"chat": {"id": 7, "type": "private"}, "message_id": 900, "date": 0})
    assert door.jobs == []
    assert door.said == [text("send_a_photo", "en")]


async def test_help_has_three_screens_that_lead_to_each_other():
    door = ChatDoor(max_image_mb=12)
    await door.message(text="/help")
    assert "12 MB" in door.said[0]
    for label, words in ((text("help_tools_button", "en"), "/upscale"), (text("help_more_button", "en"), "/delete_me")):
        await door.press(door.buttons[label])
        assert words in door.said[-1]
        assert door.session.calls[-1].method == "editMessageText"
        assert len(door.buttons) == 2


@pytest.mark.parametrize(
    "content",
    [
        {"text": "hello"},
        {"document": FILE | {"mime_type": "application/pdf", "file_name": "a.pdf"}},
        {"document": FILE | {"file_name": "jpg"}},
        {"document": FILE},
        {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 1}},
        {"location": {"latitude": 1.0, "longitude": 2.0}},
        {"text": "/unknown"},
    ],
    ids=lambda content: str(content)[:40],
)
async def test_anything_else_gets_a_hint_with_a_way_to_the_help(door, content):
    await door.message(**content)
    assert door.said == [text("send_a_photo", "en")]
    assert list(door.buttons) == [text("how_to", "en")]
    assert door.jobs == []


@pytest.mark.parametrize(
    ("command", "link"),
    [
        ("/settings", "settings"),
        ("/language", "language"),
        ("/history@a_bot", "history"),
        ("/privacy", "privacy"),
        ("/delete_me", "privacy"),
        ("/start", "start"),
        ("/start settings", "settings"),
        ("/start@a_bot settings", "settings"),
        ("/start tool_upscale", "tool_upscale"),
        ("/start what?is=this", "start"),
        ("/help", "help"),
    ],
)
async def test_personal_screens_are_opened_in_private_only(door, command, link):
    """What somebody has chosen was shown to the whole group, and anybody there could press its buttons."""
    await door.message(text=command, chat=GROUP)
    how_to_begin = "/start" in command or "/help" in command
    words = text("group_hint", "en", command="/restore") if how_to_begin else text("personal_command", "en")
    assert door.said == [words]
    assert door.buttons == {text("open_chat", "en"): f"https://t.me/a_bot?start={link}"}
    (call,) = [call for call in door.session.calls if call.method == "sendMessage"]
    assert call.params["reply_parameters"]["message_id"] == 5
    assert (await door.people.load("tg-7")).preset is None


@pytest.mark.parametrize(
    ("data", "link"),
    [
        ("m1:how_to:", "help"),
        ("m1:help:tools", "help"),
        ("m1:settings:", "settings"),
        ("m1:tools:", "settings"),
        ("m1:language:", "language"),
        ("m1:delete_me:", "privacy"),
        ("m1:sample:", "start"),
        ("m1:close:", "start"),
        ("s1:ask:on", "settings"),
        (history_data(str(UUID(int=7))), "history"),
    ],
)
@pytest.mark.parametrize("sender", [ANNA, BEN])
async def test_a_personal_button_in_a_group_opens_the_private_chat_and_says_nothing_there(door, data, link, sender):
    """Such as below the reason why somebody's photo could not be used: each press was a message to all."""
    await door.press(data, sender=sender, on=message(sender=BOT, chat=GROUP, text="too small", message_id=900))
    calls = [call for call in door.session.calls if call.method != "getMe"]
    assert [call.method for call in calls] == ["answerCallbackQuery"]
    assert calls[0].params["url"] == f"https://t.me/a_bot?start={link}"
    assert door.world.store.keys("") == []


@pytest.mark.parametrize(
    ("screen", "words"),
    [("settings", "settings"), ("language", "choose_language"), ("history", "history_empty")],
)
async def test_the_link_leads_where_the_person_wanted_to_go(door, screen, words):
    await door.message(text=f"/start {screen}")
    assert door.said == [text(words, "en")]


async def test_so_do_those_to_the_help_and_to_what_is_kept(door):
    await door.message(text="/start help")
    await door.message(text="/start privacy")
    helped, kept = door.said
    assert helped == text("help_sending", "en", max_mb=door.rules.max_image_mb)
    assert kept == text("privacy", "en", keep=door.rules.keep)


async def test_nothing_is_deleted_by_a_link(door):
    await door.message(text="/start delete_me")
    assert door.said == [greeting(door)]


async def test_how_to_explains_beside_the_reason_and_once_for_a_finger_that_slipped(door):
    reason = message(sender=BOT, text="too small", message_id=900)
    for number in range(3):
        await door.press("m1:how_to:", on=reason, query_id=f"q{number}")
    assert door.session.methods.count("sendMessage") == 1
    assert door.session.methods.count("answerCallbackQuery") == 3
    door.world.clock.advance(4)
    await door.press("m1:how_to:", on=reason, query_id="q4")
    assert door.session.methods.count("sendMessage") == 2


@pytest.mark.parametrize("words", ["@a_bot", "@a_bot hello", "/upscale"])
async def test_a_group_that_asks_without_a_picture_is_told_how(door, words):
    await door.message(text=words, chat=GROUP)
    (said,) = door.said
    assert said == text("group_hint", "en", command="/upscale" if "upscale" in words else "/restore")


@pytest.mark.parametrize(("tag", "locale"), [("ru", "ru"), ("ko", "ko"), ("de", "en"), (None, "en")])
async def test_everybody_is_spoken_to_in_their_language(door, tag, locale):
    sender = {k: v for k, v in (ANNA | {"language_code": tag}).items() if v is not None}
    await door.message(text="hello", sender=sender)
    assert door.said == [text("send_a_photo", locale)]


async def test_the_default_language_is_the_settings():
    door = ChatDoor(default_locale="ko")
    await door.message(text="hello", sender=ANNA | {"language_code": "de"})
    assert door.said == [text("send_a_photo", "ko")]


async def test_a_stranger_is_told_off_in_private_and_ignored_in_a_group_and_makes_no_job():
    door = ChatDoor(allowed_ids={1})
    await door.message(photo=SIZES)
    assert door.said == [text("not_allowed", "en")]
    await door.message(photo=SIZES, chat=GROUP, caption="@a_bot")
    await door.message(document=FILE | {"mime_type": "image/png"}, chat=GROUP, caption="@a_bot")
    assert len(door.said) == 1
    await door.press("m1:sample:")
    assert door.said[1:] == [text("not_allowed", "en")]
    assert door.jobs == []


@pytest.mark.parametrize("rules", [{"allowed_ids": {1, 7}}, {"allowed_ids": {1}, "admin_ids": {7}}])
async def test_who_is_on_the_list_or_an_admin_is_served(rules):
    door = ChatDoor(**rules)
    await door.message(photo=SIZES)
    assert len(door.jobs) == 1
