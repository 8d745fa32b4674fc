"""People over HTTP do what people in this process do: one set of stories, told by both."""

import inspect
import json

import aiohttp
import pytest
from aiohttp import web

from mock_server.telegram.actors import ExpectationError, User
from mock_server.telegram.client import EmulatorClient, connect
from mock_server.telegram.control import Control
from mock_server.telegram.control_views import message_view
from mock_server.telegram.errors import UserActionError
from mock_server.telegram.remote_user import RemoteUser
from tests.support import pictures
from tests.support.waiting import eventually
from tests.support.web_servers import listening

KEYBOARD = {"inline_keyboard": [[{"text": "Again", "callback_data": "v1:again"}]]}
PHOTO = pictures.jpeg(160, 120)


@pytest.fixture(params=["here", "over HTTP"])
async def anna(request, emulator):
    if request.param == "here":
        yield emulator.control.add_user("Anna", "pt-br")
    else:
        async with connect(emulator.base_url + "/") as client:
            yield await client.add_user("Anna", "pt-br")


@pytest.fixture
def group_of(emulator):
    def make(person):
        group = emulator.control.add_group("Friends", [emulator.control.user(person.id)])
        return group if isinstance(person, User) else {"id": group.id}

    return make


async def sent_to(bot):
    return [update["message"] for update in await bot("getUpdates") if "message" in update]


async def test_a_photo_is_sent_answered_and_downloaded(bot, anna):
    sent = await anna.send_photo(PHOTO, caption="please")
    (message,) = await sent_to(bot)
    assert (message["caption"], sent.caption, message["from"]["language_code"]) == ("please", "please", "pt-br")
    reply = {"message_id": sent.message_id}
    photo = ("x.jpg", PHOTO)
    await bot("sendPhoto", chat_id=anna.id, photo=photo, caption="Done", reply_parameters=reply, reply_markup=KEYBOARD)
    result = await anna.expect(photo=True, text="Done", button="Again", after=sent)
    assert result.reply_to.message_id == sent.message_id
    assert pictures.opened(await anna.download(result)).size == (160, 120)
    assert anna.pings == 1
    assert "bot: photo 'Done' [Again]" in anna.transcript()


async def test_what_is_forwarded_is_the_same_picture(bot, anna, group_of):
    sent = await anna.send_photo(PHOTO, caption="please")
    again = await anna.forward(sent)
    await anna.in_chat(group_of(anna)).forward(again)
    await anna.forward(await anna.send_sticker(pictures.png(mode="RGBA")))
    first, second, in_group, sticker, forwarded = await sent_to(bot)
    assert second["photo"] == in_group["photo"] == first["photo"]
    assert (second["caption"], again.caption, again.message_id > sent.message_id) == ("please", "please", True)
    assert second["forward_origin"]["sender_user"]["id"] == anna.id
    assert forwarded["sticker"] == sticker["sticker"]
    await anna.delete_message(sent)
    with pytest.raises(UserActionError, match="gone"):
        await anna.forward(sent)


async def test_a_file_keeps_its_name_type_and_bytes(bot, anna, tmp_path):
    path = tmp_path / "фото.bin"
    path.write_bytes(b"\0\1\2")
    sent = await anna.send_photo(path, as_file=True, mime_type="image/heic", filename="IMG.HEIC")
    assert (sent.document.name, sent.document.mime_type, sent.document.size) == ("IMG.HEIC", "image/heic", 3)
    assert await anna.download(sent) == b"\0\1\2"
    assert (await anna.send_photo(path, as_file=True)).document.name == "фото.bin"
    assert (await sent_to(bot))[0]["document"]["mime_type"] == "image/heic"


async def test_a_press_is_answered(bot, anna):
    await bot("sendMessage", chat_id=anna.id, text="done", reply_markup=KEYBOARD)
    asked = await anna.expect(button="Again")
    press = await anna.press(asked, "Again")
    outdated = await anna.press_outdated(asked, "v0:gone")
    queries = [update["callback_query"] for update in await bot("getUpdates")]
    assert [query["data"] for query in queries] == ["v1:again", "v0:gone"]
    for query in queries:
        await bot("answerCallbackQuery", callback_query_id=query["id"], text=query["data"], show_alert=True)
    assert await press.answer() == {"text": "v1:again", "show_alert": True, "url": ""}
    assert (await outdated.answer())["text"] == "v0:gone"
    with pytest.raises(UserActionError, match="no button 'Later'"):
        await anna.press(asked, "Later")


async def test_a_message_is_live(bot, anna):
    own = await anna.send_text("hello")
    await anna.edit(own, "hello there")
    await anna.react(own, "👍")
    await bot("setMessageReaction", chat_id=anna.id, message_id=own.message_id, reaction=[])
    sent = await bot("sendMessage", chat_id=anna.id, text="Working", disable_notification=True)
    status = await anna.expect(text="Working")
    target = {"chat_id": anna.id, "message_id": sent["message_id"]}
    await bot("editMessageText", **target, text="<b>Nearly</b>", parse_mode="HTML")
    assert await anna.expect(text="Nearly") is status
    assert (own.text, own.edits, own.reactions[anna.id]) == ("hello there", 1, ["👍"])
    assert (status.silent, status.edits, status.entities[0]["type"]) == (True, 1, "bold")
    await bot("deleteMessage", **target)
    await anna.until(lambda: status.deleted, "deletion")
    assert anna.messages == [own]
    await anna.delete_message(own)
    assert anna.messages == []
    assert anna.pings == 0


async def test_albums_go_both_ways(bot, anna):
    sent = await anna.send_album([PHOTO, PHOTO], caption="two", as_file=True)
    assert len({message.media_group_id for message in sent}) == 1
    media = [{"type": "photo", "media": "attach://x", "caption": caption} for caption in ("", "three", "")]
    await bot("sendMediaGroup", chat_id=anna.id, media=media, x=("x.jpg", PHOTO))
    with pytest.raises(ExpectationError, match="no album of 2"):
        await anna.expect_album(2, within=0.01)
    album = await anna.expect_album(3, text="three")
    assert [message.caption for message in album] == ["", "three", ""]
    with pytest.raises(ExpectationError, match="no album of 3"):
        await anna.expect_album(3, within=0.01)


async def test_stickers_and_live_photos_carry_a_still(bot, anna, http):
    await anna.send_sticker(pictures.png(300, 200, mode="RGBA"), emoji="🐈")
    await anna.send_live_photo(PHOTO, caption="moving")
    sticker, live = await sent_to(bot)
    facts = sticker["sticker"]
    assert (facts["width"], facts["height"], facts["emoji"], facts["type"]) == (512, 341, "🐈", "regular")
    assert not facts["is_animated"]
    assert not facts["is_video"]
    assert "photo" not in sticker
    file = await bot("getFile", file_id=facts["file_id"])
    assert file["file_path"].endswith(".webp")
    async with http.get(f"{bot.file_url}/{file['file_path']}") as response:
        still = pictures.opened(await response.read())
    assert (still.format, still.mode, still.size) == ("WEBP", "RGBA", (512, 341))
    assert live["caption"] == "moving"
    assert live["live_photo"]["photo"] == live["photo"]
    assert (live["live_photo"]["mime_type"], live["live_photo"]["duration"]) == ("video/mp4", 3)
    assert (await bot("getFile", file_id=live["live_photo"]["file_id"]))["file_path"].endswith(".mp4")
    assert [list(message.other_content) for message in anna.messages] == [["sticker"], ["live_photo"]]
    for send in (anna.send_sticker, anna.send_live_photo):
        with pytest.raises(UserActionError, match="cannot be sent as a photo"):
            await send(b"no picture")


async def test_a_deep_link_and_the_menu_of_commands(bot, anna, group_of):
    await anna.start("tool_restore")
    group = group_of(anna)
    await anna.in_chat(group).start()
    assert [message["text"] for message in await sent_to(bot)] == [
        "/start tool_restore",
        "/start@darkroom_sandbox_bot",
    ]
    with pytest.raises(UserActionError, match="64"):
        await anna.start("no spaces")
    await bot("setMyCommands", commands=[{"command": "help", "description": "Ajuda"}], language_code="pt")
    await bot("setMyCommands", commands=[{"command": "ban", "description": "-"}], scope={"type": "all_group_chats"})
    assert [one["command"] for one in await anna.commands()] == ["help"]
    assert [one["command"] for one in await anna.in_chat(group).commands()] == ["ban"]


async def test_the_bot_can_be_blocked_and_taken_out_of_a_group(bot, anna, group_of):
    await anna.block_bot()
    assert "blocked by the user" in await bot.refusal("sendMessage", chat_id=anna.id, text="x")
    await anna.unblock_bot()
    there = anna.in_chat(group_of(anna))
    await there.remove_bot()
    await there.remove_bot()
    await there.send_text("alone")
    chat_id = there.chat.id if isinstance(there, User) else there.chat_id
    assert "kicked" in await bot.refusal("sendMessage", chat_id=chat_id, text="x")
    await there.add_bot()
    await there.send_text("together")
    updates = await bot("getUpdates")
    statuses = [u["my_chat_member"]["new_chat_member"]["status"] for u in updates if "my_chat_member" in u]
    assert statuses == ["kicked", "member", "kicked", "member"]
    assert [u["message"]["text"] for u in updates if "message" in u] == ["together"]
    with pytest.raises(UserActionError, match="private chat"):
        await anna.remove_bot()


async def test_an_anonymous_admin_writes_as_the_group_and_presses_as_themselves(bot, anna, emulator):
    group = emulator.control.add_group("Friends", [], admins=[emulator.control.user(anna.id)])
    there = anna.in_chat(group if isinstance(anna, User) else {"id": group.id})
    await there.remain_anonymous()
    asked = await there.send_text("who am I?")
    await bot("sendMessage", chat_id=group.id, text="?", reply_markup=KEYBOARD)
    await there.press(await there.expect(text="?"), "Again")
    said, pressed = [u.get("message") or u["callback_query"] for u in await bot("getUpdates")]
    assert (said["message_id"], said["from"]["id"], said["sender_chat"]["id"]) == (
        asked.message_id,
        1087968824,
        group.id,
    )
    assert pressed["from"]["id"] == anna.id
    assert (await bot("getChatMember", chat_id=group.id, user_id=anna.id))["is_anonymous"] is True
    with pytest.raises(UserActionError, match="no admin"):
        await anna.remain_anonymous()


async def test_who_writes_sees_when_the_bot_has_it(bot, anna, webhook):
    polled = await anna.send_text("by polling")
    (update,) = await bot("getUpdates")
    assert not polled.delivered
    await bot("getUpdates", offset=update["update_id"] + 1)
    await anna.until(lambda: polled.delivered, "delivery by polling")
    await bot("setWebhook", url=webhook.url)
    pushed = await anna.send_text("by webhook")
    await anna.until(lambda: pushed.delivered, "delivery by webhook")


async def test_other_content_and_quotes_arrive(bot, anna):
    voice = await anna.send_other(voice={"file_id": "v", "file_unique_id": "v", "duration": 1})
    assert list(voice.other_content) == ["voice"]
    await anna.send_text("about that", reply_to=voice, thread_id=7)
    first, second = await sent_to(bot)
    assert first["voice"]["duration"] == 1
    assert (second["reply_to_message"]["message_id"], second["message_thread_id"]) == (voice.message_id, 7)
    with pytest.raises(UserActionError, match="no picture"):
        await anna.download(voice)


def test_both_kinds_of_people_have_the_same_verbs():
    assert verbs(RemoteUser) == verbs(User)
    shared = verbs(EmulatorClient).keys() & verbs(Control).keys()
    assert shared >= {"add_user", "add_group", "fail", "set_flood", "deliver_again", "restart_bot"}
    assert [verbs(EmulatorClient)[name] for name in shared] == [verbs(Control)[name] for name in shared]


def verbs(kind):
    """Public methods with the names and defaults of their parameters."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    described = {name: inspect.signature(method).parameters.values() for name, method in methods}
    return {
        name: [(one.name, one.kind, one.default) for one in parameters]
        for name, parameters in described.items()
        if not name.startswith("_")
    }


async def test_a_client_sees_what_was_there_before_and_what_others_do(bot, emulator):
    boris = emulator.control.add_user("Boris")
    old = await boris.send_text("before")
    async with connect(emulator.base_url) as client:
        (same,) = await client.users()
        assert [message.text for message in same.messages] == ["before"]
        await boris.send_text("after", reply_to=old)
        second = await same.until(lambda: same.messages[1:], "second message")
        assert second[0].reply_to is same.messages[0]
        later = await client.add_user("Carla")
        group = await client.add_group("Friends", [same, later], admins=[same])
        await later.in_chat(group).send_text("hi")
        await bot("sendMessage", chat_id=group["id"], text="hello")
        assert (await same.in_chat(group).expect(text="hello")).is_from_bot
        again = connect(emulator.base_url)
        async with again as another:
            assert [user.id for user in await another.users()] == [same.id, later.id]


async def test_a_late_answer_does_not_bring_back_what_was(emulator):
    anna = emulator.control.add_user()
    async with connect(emulator.base_url) as client:
        (same,) = await client.users()
        old = message_view(emulator.control._world, await anna.send_text("x"))
        await anna.delete_message(anna.messages[0])
        await same.until(lambda: same.history and same.history[0].deleted, "deletion")
        assert client._mirror.take(old) is same.history[0]
        assert same.history[0].deleted


async def test_a_client_turns_switches(bot, emulator):
    async with connect(emulator.base_url) as client:
        anna = await client.add_user()
        await client.fail("sendMessage", error_code=502, description="Bad Gateway")
        assert await bot.refusal("sendMessage", chat_id=anna.id, text="x") == "Bad Gateway"
        await client.set_flood("harsh")
        assert emulator.control._world.flood.mode == "harsh"
        await anna.send_text("x")
        (update,) = await bot("getUpdates", offset=-1)
        await bot("getUpdates", offset=update["update_id"] + 1)
        await client.deliver_again(update["update_id"])
        assert await bot("getUpdates") == [update]
        records = await client.journal()
        assert [record["method"] for record in records][:1] == ["sendMessage"]
        assert await client.journal(after=records[-1]["seq"]) == []
        with pytest.raises(UserActionError, match="does not run the bot"):
            await client.restart_bot()


async def test_a_client_reads_anew_when_it_has_missed_too_much(emulator):
    anna = emulator.control.add_user()
    async with connect(emulator.base_url) as client:
        (same,) = await client.users()
        for _ in range(5100):
            emulator.control.events.publish("tick")
        await anna.send_text("after the gap")
        await same.until(lambda: same.messages, "message")


@pytest.mark.parametrize("kind", ["here", "over HTTP"])
async def test_who_waits_is_told_when_the_emulator_stops(start, kind):
    emulator = await start()
    async with connect(emulator.base_url) as client:
        anna = emulator.control.add_user() if kind == "here" else await client.add_user()
        emulator.control.events.close()
        with pytest.raises(ExpectationError, match="has stopped"):
            await anna.expect(text="never", within=20)


async def test_nobody_there_is_an_error(unused_tcp_port):
    with pytest.raises(aiohttp.ClientConnectorError):
        async with connect(f"http://127.0.0.1:{unused_tcp_port}"):
            pytest.fail("nobody can be there")


async def test_a_stream_that_cannot_be_understood_is_not_passed_over():
    async def state(_):
        return web.json_response({"seq": 0, "chats": [], "users": []})

    async def events(_):
        return web.Response(text="event: message\ndata: nonsense\n\n", content_type="text/event-stream")

    app = web.Application()
    app.router.add_get("/control/state", state)
    app.router.add_get("/control/events", events)
    async with listening(app) as url:
        with pytest.raises(json.JSONDecodeError):
            async with connect(url) as client:
                await eventually(lambda: client.closed)
