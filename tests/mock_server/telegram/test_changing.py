import pytest

from tests.support import pictures

NOT_MODIFIED = "Bad Request: message is not modified: specified new message content and reply markup"
KEYBOARD = {"inline_keyboard": [[{"text": "Cancel", "callback_data": "v1:cancel"}]]}


@pytest.fixture
async def status(bot, anna):
    sent = await bot("sendMessage", chat_id=anna.id, text="Working", reply_markup=KEYBOARD)
    return {"chat_id": anna.id, "message_id": sent["message_id"]}


async def test_an_edit_changes_in_place_and_marks(bot, anna, status):
    edited = await bot("editMessageText", **status, text="Done")
    assert edited["text"] == "Done"
    assert edited["edit_date"]
    assert "reply_markup" not in edited
    assert anna.messages[-1].edits == 1


async def test_an_edit_without_change_is_refused(bot, status):
    refusal = await bot.refusal("editMessageText", **status, text=" Working ", reply_markup=KEYBOARD)
    assert refusal.startswith(NOT_MODIFIED)
    assert (await bot.refusal("editMessageReplyMarkup", **status, reply_markup=KEYBOARD)).startswith(NOT_MODIFIED)


async def test_buttons_alone_leave_no_edit_date(bot, status):
    assert "edit_date" not in await bot("editMessageReplyMarkup", **status)


async def test_a_text_may_become_a_photo_but_never_back(bot, anna, status):
    media = {"type": "photo", "media": "attach://result", "caption": "<i>ok</i>", "parse_mode": "HTML"}
    edited = await bot("editMessageMedia", **status, media=media, result=("r.png", pictures.png()))
    assert edited["caption"] == "ok"
    assert len(edited["photo"]) == 3
    assert "text" not in edited
    assert len(anna.messages) == 1
    refusal = await bot.refusal("editMessageText", **status, text="back")
    assert refusal == "Bad Request: there is no text in the message to edit"
    same = {"type": "photo", "media": edited["photo"][0]["file_id"], "caption": "ok", "caption_entities": []}
    assert "photo" in await bot("editMessageMedia", **status, media=same | {"caption": "other"})
    assert (await bot.refusal("editMessageMedia", **status, media=same | {"caption": "other"})).startswith(NOT_MODIFIED)


async def test_captions_can_be_changed_and_removed(bot, anna, status):
    assert "no caption" in await bot.refusal("editMessageCaption", **status, caption="x")
    sent = await bot("sendPhoto", chat_id=anna.id, photo=("x.png", pictures.png()), caption="old")
    target = {"chat_id": anna.id, "message_id": sent["message_id"]}
    assert (await bot("editMessageCaption", **target, caption="new"))["caption"] == "new"
    assert "caption" not in await bot("editMessageCaption", **target)


async def test_what_is_gone_or_not_ones_own_cannot_be_edited(bot, anna, status):
    theirs = await anna.send_text("x")
    target = {"chat_id": anna.id, "message_id": theirs.message_id}
    assert await bot.refusal("editMessageText", **target, text="y") == "Bad Request: message can't be edited"
    await anna.delete_message(anna.bot_messages[0])
    assert await bot.refusal("editMessageText", **status, text="y") == "Bad Request: message to edit not found"
    no_target = await bot.refusal("editMessageText", chat_id=anna.id, text="y")
    assert no_target == "Bad Request: message identifier is not specified"


async def test_deleting_works_for_48_hours(bot, anna, clock, status):
    theirs = await anna.send_text("x")
    assert await bot("deleteMessage", chat_id=anna.id, message_id=theirs.message_id)
    refusal = await bot.refusal("deleteMessage", chat_id=anna.id, message_id=theirs.message_id)
    assert refusal == "Bad Request: message to delete not found"
    clock.forward(48 * 3600)
    assert await bot.refusal("deleteMessage", **status) == "Bad Request: message can't be deleted"
    assert len(anna.messages) == 1


async def test_deleting_many_skips_what_is_gone(bot, anna, status):
    theirs = await anna.send_text("x")
    ids = [theirs.message_id, status["message_id"], 1]
    assert await bot("deleteMessages", chat_id=anna.id, message_ids=ids)
    assert anna.messages == []


async def test_in_a_group_others_messages_stay(bot, emulator, anna):
    group = emulator.control.add_group("Friends", [anna])
    message = await anna.in_chat(group).send_text("x")
    refusal = await bot.refusal("deleteMessage", chat_id=group.id, message_id=message.message_id)
    assert refusal == "Bad Request: message can't be deleted"


async def test_a_press_is_answered_once_within_150_s(bot, anna, clock, status):
    press = await anna.press(anna.messages[-1], "Cancel")
    assert await bot("answerCallbackQuery", callback_query_id=press.query.id, text="Cancelling…")
    assert (await press.answer())["text"] == "Cancelling…"
    gone = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert await bot.refusal("answerCallbackQuery", callback_query_id=press.query.id) == gone
    late = await anna.press(anna.messages[-1], "v1:cancel")
    too_long = await bot.refusal("answerCallbackQuery", callback_query_id=late.query.id, text="x" * 201)
    assert too_long == "Bad Request: MESSAGE_TOO_LONG"
    clock.forward(151)
    assert await bot.refusal("answerCallbackQuery", callback_query_id=late.query.id) == gone
