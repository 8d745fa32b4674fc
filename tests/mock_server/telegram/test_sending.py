import pytest

from tests.support import pictures


async def test_a_text_is_parsed_and_reaches_the_person(bot, anna):
    sent = await bot("sendMessage", chat_id=anna.id, text="<b>Hi</b> 👀", parse_mode="HTML")
    assert sent["text"] == "Hi 👀"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert anna.messages[-1].text == "Hi 👀"


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"text": " "}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": "x" * 32_769, "parse_mode": "None"}, "text is too long"),
        ({"text": "x", "chat_id": 5}, "chat not found"),
        ({"text": "x", "chat_id": "@nobody"}, "chat not found"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "reply_parameters": {"message_id": 1}}, "message to be replied not found"),
        ({"text": "x", "parse_mode": "html5"}, "unsupported parse_mode"),
        ({"text": "x", "reply_markup": "{"}, "can't parse reply markup JSON object"),
    ],
)
async def test_a_wrong_text_message_is_refused(bot, anna, params, refusal):
    assert await bot.refusal("sendMessage", **{"chat_id": anna.id, **params}) == f"Bad Request: {refusal}"
    assert anna.messages == []


async def test_length_counts_after_parsing(bot, anna):
    sent = await bot("sendMessage", chat_id=anna.id, text=f"<b>{'x' * 4096}</b>", parse_mode="HTML")
    assert len(sent["text"]) == 4096


@pytest.mark.parametrize(
    ("button", "refusal"),
    [
        ({"text": "x"}, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ({"text": "x", "callback_data": "я" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"callback_data": "x"}, "can't parse inline keyboard button: Can't find field \"text\""),
        (
            {"text": "x", "callback_data": "x", "style": "pink"},
            "can't parse inline keyboard button: invalid button style specified",
        ),
    ],
)
async def test_a_wrong_button_is_refused(bot, anna, button, refusal):
    markup = {"inline_keyboard": [[button]]}
    assert await bot.refusal("sendMessage", chat_id=anna.id, text="x", reply_markup=markup) == f"Bad Request: {refusal}"


async def test_reply_thread_silence_and_style_are_kept(bot, anna):
    question = await anna.send_text("?", thread_id=7)
    keyboard = {"inline_keyboard": [[{"text": "✖", "callback_data": "v1:c", "style": "danger"}]]}
    sent = await bot(
        "sendMessage",
        chat_id=anna.id,
        text="!",
        reply_parameters={"message_id": question.message_id},
        message_thread_id=7,
        disable_notification=True,
        reply_markup=keyboard,
    )
    assert sent["reply_to_message"]["text"] == "?"
    assert sent["message_thread_id"] == 7
    assert sent["reply_markup"] == keyboard
    assert anna.messages[-1].silent


async def test_a_gone_message_is_not_quoted_when_that_is_allowed(bot, anna):
    reply = {"message_id": 1, "allow_sending_without_reply": True}
    assert "reply_to_message" not in await bot("sendMessage", chat_id=anna.id, text="x", reply_parameters=reply)


async def test_only_new_messages_with_sound_ping(bot, anna):
    first = await bot("sendMessage", chat_id=anna.id, text="one")
    await bot("sendMessage", chat_id=anna.id, text="quiet", disable_notification=True)
    await bot("editMessageText", chat_id=anna.id, message_id=first["message_id"], text="two")
    await anna.send_text("mine")
    assert anna.pings == 1


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda: pictures.png(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (lambda: pictures.png(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (lambda: b"<html>", "IMAGE_PROCESS_FAILED"),
        (lambda: b"", "file must be non-empty"),
        (
            lambda: pictures.jpeg_of_size(10 * 1024 * 1024 + 1),
            "file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes",
        ),
    ],
    ids=["sum", "ratio", "html", "empty", "big"],
)
async def test_a_picture_beyond_the_limits_is_no_photo(bot, anna, make, refusal):
    assert await bot.refusal("sendPhoto", chat_id=anna.id, photo=("x.png", make())) == f"Bad Request: {refusal}"
    assert anna.pings == 0


async def test_a_long_caption_is_refused(bot, anna):
    refusal = await bot.refusal("sendPhoto", chat_id=anna.id, photo=("x.png", pictures.png()), caption="x" * 1025)
    assert refusal == "Bad Request: message caption is too long"


async def test_a_file_id_cannot_change_its_kind(bot, anna):
    photo = await bot("sendPhoto", chat_id=anna.id, photo=("x.png", pictures.png()))
    refusal = await bot.refusal("sendDocument", chat_id=anna.id, document=photo["photo"][0]["file_id"])
    assert refusal == "Bad Request: can't use file of type Photo as Document"
    refusal = await bot.refusal("sendPhoto", chat_id=anna.id, photo="nonsense")
    assert refusal == "Bad Request: wrong file identifier/HTTP URL specified"


async def test_an_album_has_one_group_id_no_buttons_and_2_to_10_members(bot, anna):
    one = {"type": "photo", "media": "attach://a"}
    file = ("a.png", pictures.png())
    keyboard = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
    sent = await bot(
        "sendMediaGroup", chat_id=anna.id, media=[one | {"caption": "both"}, one], a=file, reply_markup=keyboard
    )
    assert len({message["media_group_id"] for message in sent}) == 1
    assert [message.get("caption") for message in sent] == ["both", None]
    assert "reply_markup" not in sent[0]
    for count in (1, 11):
        refusal = await bot.refusal("sendMediaGroup", chat_id=anna.id, media=[one] * count, a=file)
        assert "messages to send as an album" in refusal
    mixed = [one, {"type": "document", "media": "attach://a"}]
    assert "in the album" in await bot.refusal("sendMediaGroup", chat_id=anna.id, media=mixed, a=file)


async def test_a_person_who_blocked_the_bot_gets_nothing(bot, anna):
    await anna.block_bot()
    assert await bot.refusal("sendMessage", chat_id=anna.id, text="x") == "Forbidden: bot was blocked by the user"
    await anna.unblock_bot()
    assert await bot("sendMessage", chat_id=anna.id, text="x")


async def test_one_known_reaction_at_a_time(bot, anna):
    message = await anna.send_text("x")
    target = {"chat_id": anna.id, "message_id": message.message_id}
    assert await bot("setMessageReaction", **target, reaction=[{"type": "emoji", "emoji": "❤️"}])
    assert list(message.reactions.values()) == [["❤"]]
    assert "REACTION_INVALID" in await bot.refusal(
        "setMessageReaction", **target, reaction=[{"type": "emoji", "emoji": "🧨"}]
    )
    two = [{"type": "emoji", "emoji": "👀"}] * 2
    assert "REACTIONS_TOO_MANY" in await bot.refusal("setMessageReaction", **target, reaction=two)
    assert await bot("setMessageReaction", **target)
    assert message.reactions == {}


async def test_a_reaction_to_any_photo_of_an_album_is_on_the_first_that_is_left(bot, anna):
    first, second, third = await anna.send_album([pictures.jpeg()] * 3)
    seen, done = ([{"type": "emoji", "emoji": emoji}] for emoji in "👀👍")
    await bot("setMessageReaction", chat_id=anna.id, message_id=third.message_id, reaction=seen)
    assert [list(one.reactions.values()) for one in (first, second, third)] == [[["👀"]], [], []]
    await anna.delete_message(first)
    await bot("setMessageReaction", chat_id=anna.id, message_id=third.message_id, reaction=done)
    assert [list(one.reactions.values()) for one in (second, third)] == [[["👍"]], []]


async def test_a_chat_action_is_shown(bot, emulator, anna):
    seen = emulator.control.events.last
    assert await bot("sendChatAction", chat_id=anna.id, action="upload_photo")
    event = emulator.control.events.since(seen)[0]
    assert (event.kind, event.data["action"]) == ("chat_action", "upload_photo")
    assert "wrong parameter action" in await bot.refusal("sendChatAction", chat_id=anna.id, action="dance")
