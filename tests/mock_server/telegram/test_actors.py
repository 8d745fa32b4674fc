import asyncio

import pytest

from mock_server.telegram.actors import ExpectationError
from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.errors import UserActionError
from tests.support import pictures

KEYBOARD = {
    "inline_keyboard": [[{"text": "Again", "callback_data": "v1:again"}, {"text": "?", "url": "https://x.org"}]]
}


async def messages(bot) -> list[dict]:
    return [update["message"] for update in await bot("getUpdates") if "message" in update]


async def test_a_photo_arrives_as_sizes_without_name_or_metadata(bot, anna, http):
    await anna.send_photo(pictures.exif_rotated_jpeg(2000, 1000), caption="make it /better")
    (message,) = await messages(bot)
    assert [(s["width"], s["height"]) for s in message["photo"]] == [(45, 90), (160, 320), (400, 800), (640, 1280)]
    assert message["caption_entities"] == [{"offset": 8, "length": 7, "type": "bot_command"}]
    assert "document" not in message
    file = await bot("getFile", file_id=message["photo"][-1]["file_id"])
    async with http.get(f"{bot.file_url}/{file['file_path']}") as response:
        data = await response.read()
    assert pictures.opened(data).size == (640, 1280)
    assert pictures.CAMERA.encode() not in data
    assert len(data) == file["file_size"] == message["photo"][-1]["file_size"]


async def test_a_photo_as_file_keeps_bytes_name_and_type(bot, anna, tmp_path):
    path = tmp_path / "IMG_1.HEIC"
    path.write_bytes(pictures.heic())
    sent = await anna.send_photo(path, as_file=True)
    (message,) = await messages(bot)
    assert message["document"]["file_name"] == "IMG_1.HEIC"
    assert message["document"]["mime_type"] == "image/heic"
    assert "thumbnail" not in message["document"]
    assert await anna.download(sent) == path.read_bytes()
    await anna.send_photo(b"%PDF", as_file=True, filename="x.jpg", mime_type="application/pdf")
    assert (await messages(bot))[1]["document"]["mime_type"] == "application/pdf"


async def test_an_album_is_separate_updates_with_one_group_id(bot, anna):
    await anna.send_album([pictures.jpeg(), pictures.png(), pictures.webp()], caption="all three")
    album = await messages(bot)
    assert len({message["media_group_id"] for message in album}) == 1
    assert len({message["message_id"] for message in album}) == 3
    assert [message.get("caption") for message in album] == ["all three", None, None]


@pytest.mark.parametrize("count", [0, 11])
async def test_an_album_has_up_to_ten_members(anna, count):
    with pytest.raises(UserActionError):
        await anna.send_album([pictures.jpeg()] * count)


@pytest.mark.parametrize("data", [pictures.heic(), b"text", pictures.png(2100, 100)])
async def test_an_app_does_not_send_as_photo_what_it_cannot_read(anna, data):
    with pytest.raises(UserActionError, match="send it as a file"):
        await anna.send_photo(data)
    assert anna.messages == []


async def test_replies_threads_and_other_content_reach_the_bot(bot, anna):
    sent = await bot("sendMessage", chat_id=anna.id, text="result")
    await anna.send_text("/start tool_restore", reply_to=anna.bot_messages[0], thread_id=3)
    await anna.send_other(location={"latitude": 1.0, "longitude": 2.0})
    text, other = await messages(bot)
    assert text["reply_to_message"]["message_id"] == sent["message_id"]
    assert text["message_thread_id"] == 3
    assert text["entities"][0] == {"offset": 0, "length": 6, "type": "bot_command"}
    assert text["from"] == {"id": anna.id, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    assert other["location"]["latitude"] == 1.0


async def test_an_edited_message_is_told_and_a_deleted_one_is_not(bot, anna):
    message = await anna.send_text("old")
    await anna.edit(message, "new")
    await anna.delete_message(message)
    kinds = [next(iter(update.keys() - {"update_id"})) for update in await bot("getUpdates")]
    assert kinds == ["message", "edited_message"]


async def test_a_press_carries_the_message_and_its_data(bot, anna):
    await bot("sendMessage", chat_id=anna.id, text="done", reply_markup=KEYBOARD)
    await anna.press(anna.messages[-1], "Again")
    await anna.press_outdated(anna.messages[-1], "v0:gone")
    pressed, outdated = [update["callback_query"] for update in await bot("getUpdates")]
    assert (pressed["data"], pressed["message"]["text"]) == ("v1:again", "done")
    assert outdated["data"] == "v0:gone"
    for button in ("?", "missing"):
        with pytest.raises(UserActionError):
            await anna.press(anna.messages[-1], button)


async def test_a_button_of_a_deleted_message_leads_to_what_is_left_of_it(bot, anna):
    await bot("sendMessage", chat_id=anna.id, text="done", reply_markup=KEYBOARD)
    shown = anna.messages[-1]
    await anna.delete_message(shown)
    await anna.press_outdated(shown, "v1:again")
    (update,) = await bot("getUpdates")
    left = update["callback_query"]["message"]
    assert left == {"chat": left["chat"], "message_id": shown.message_id, "date": 0}


@pytest.mark.parametrize(
    ("text", "is_seen"),
    [
        ("just talking", False),
        ("/help", True),
        ("/help@darkroom_sandbox_bot", True),
        ("/help@other_bot", False),
        ("look, @Darkroom_sandbox_bot", True),
        ("look, @other_bot", False),
        ("mail me at anna@darkroom_sandbox_bot.org", False),
    ],
)
async def test_with_privacy_on_a_bot_in_a_group_gets_only_what_is_meant_for_it(bot, emulator, anna, text, is_seen):
    group = emulator.control.add_group("Friends", [anna])
    assert (await bot("getMe"))["can_read_all_group_messages"]
    emulator.control.set_group_privacy(is_on=True)
    assert not (await bot("getMe"))["can_read_all_group_messages"]
    own = await anna.in_chat(group).send_text(text)
    await anna.in_chat(group).edit(own, text)
    await anna.in_chat(group).send_photo(pictures.jpeg(), caption=text)
    assert len(await bot("getUpdates")) == (3 if is_seen else 0)


async def test_with_privacy_on_a_bot_still_gets_answers_to_it_and_all_that_admins_get(bot, emulator, anna):
    emulator.control.set_group_privacy(is_on=True)
    group = emulator.control.add_group("Friends", [anna])
    await bot("sendMessage", chat_id=group.id, text="hello")
    there = anna.in_chat(group)
    await there.send_text("answer", reply_to=there.bot_messages[0])
    await there.send_text("aside")
    await anna.send_text("in private")
    group.admin_ids.add(emulator.control._world.config.bot_id)
    await there.send_text("among admins")
    assert [message["text"] for message in await messages(bot)] == ["answer", "in private", "among admins"]


async def test_blocking_tells_the_bot_and_writing_unblocks(bot, anna):
    await anna.block_bot()
    await anna.block_bot()
    await anna.send_text("back")
    updates = await bot("getUpdates")
    statuses = [u["my_chat_member"]["new_chat_member"]["status"] for u in updates if "my_chat_member" in u]
    assert statuses == ["kicked", "member"]


async def test_a_group_is_another_chat_of_the_same_people(bot, emulator, anna):
    boris = emulator.control.add_user("Boris", "ru")
    group = emulator.control.add_group("Friends", [anna])
    message = await anna.in_chat(group).send_text("hi @darkroom_sandbox_bot")
    (seen,) = await messages(bot)
    assert (seen["chat"]["type"], seen["chat"]["id"], seen["from"]["id"]) == ("supergroup", group.id, anna.id)
    with pytest.raises(UserActionError):
        await boris.in_chat(group).send_text("not a member")
    with pytest.raises(UserActionError):
        await boris.in_chat(group).delete_message(message)


async def test_expect_waits_for_a_message_that_fits_everything(bot, anna):
    waiting = asyncio.create_task(anna.expect(photo=True, text="done", button="Again"))
    await bot("sendMessage", chat_id=anna.id, text="done", reply_markup=KEYBOARD)
    await bot("sendPhoto", chat_id=anna.id, photo=("x.png", pictures.png()), caption="not yet", reply_markup=KEYBOARD)
    await bot("sendPhoto", chat_id=anna.id, photo=("x.png", pictures.png()), caption="all done", reply_markup=KEYBOARD)
    assert (await waiting).caption == "all done"


async def test_expect_gives_every_version_once(bot, anna):
    sent = await bot("sendMessage", chat_id=anna.id, text="Working")
    first = await anna.expect(text="Work")
    with pytest.raises(ExpectationError, match="no message with text='Work'"):
        await anna.expect(text="Work", within=0.01)
    await bot("editMessageText", chat_id=anna.id, message_id=sent["message_id"], text="Working 2")
    assert await anna.expect(text="Work") is first
    assert first.edits == 1


async def test_a_failed_expectation_shows_the_chat(bot, anna):
    await anna.send_text("hello")
    await bot("sendMessage", chat_id=anna.id, text="what?", reply_markup=KEYBOARD)
    with pytest.raises(ExpectationError) as failed:
        await anna.expect(document=True, within=0.01)
    assert "document=True" in str(failed.value)
    assert "bot: 'what?' [Again] [?]" in str(failed.value)
    assert f"person {anna.id}: 'hello'" in str(failed.value)


async def test_two_runs_share_no_message_or_update_ids(bot, start, call_as_bot, clock, anna):
    await anna.send_text("x")
    clock.forward(60)
    later = await start()
    await later.control.add_user().send_text("x")
    (old,), (new,) = await bot("getUpdates"), await call_as_bot(later)("getUpdates")
    assert new["update_id"] > old["update_id"]
    assert new["message"]["message_id"] > old["message"]["message_id"]


async def test_old_messages_of_a_long_chat_are_forgotten(start):
    emulator = await start(max_messages_per_chat=3)
    anna = emulator.control.add_user()
    for number in range(5):
        await anna.send_text(str(number))
    assert [message.text for message in anna.messages] == ["2", "3", "4"]


def test_the_emulator_listens_on_loopback_only_and_takes_no_real_token():
    with pytest.raises(ValueError, match="loopback"):
        TelegramEmulatorConfig(host="0.0.0.0")
    with pytest.raises(ValueError, match="real bots") as refused:
        TelegramEmulatorConfig(bot_token="4242424242:AAtoken-of-a-real-bot")
    assert "AAtoken" not in str(refused.value)
