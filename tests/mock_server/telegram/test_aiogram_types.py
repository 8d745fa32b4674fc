"""What the emulator says is what aiogram's typed Bot API understands, field by field."""

from typing import Any

import pytest
from aiogram import Bot, methods
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter
from aiogram.methods import Response
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    ReplyParameters,
    TelegramObject,
    Update,
)

from mock_server.telegram.methods import METHODS
from tests.support import pictures

FACE = {"type": "static", "photo": "attach://f"}
KEYBOARD = {"inline_keyboard": [[{"text": "Go", "callback_data": "go", "style": "primary"}]]}


def unknown_fields(parsed: Any, path: str = "") -> list[str]:
    """Give the fields that no type of aiogram knows; it keeps them silently."""
    if isinstance(parsed, list):
        return [found for number, one in enumerate(parsed) for found in unknown_fields(one, f"{path}[{number}]")]
    if not isinstance(parsed, TelegramObject):
        return []
    found = [f"{path}.{name}" for name in parsed.model_extra or {}]
    for name in type(parsed).model_fields:
        found += unknown_fields(getattr(parsed, name), f"{path}.{name}")
    return found


async def test_every_kind_of_update_is_valid(bot, emulator, anna):
    await bot(
        "getUpdates",
        allowed_updates=["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"],
    )
    group = emulator.control.add_group("Friends", [anna])
    text = await anna.send_text("/start https://x.org @someone", thread_id=4)
    await anna.send_photo(pictures.jpeg(), caption="caption", reply_to=text)
    await anna.forward(await anna.send_photo(pictures.png(), as_file=True))
    await anna.send_album([pictures.jpeg(), pictures.jpeg()])
    await anna.in_chat(group).send_text("in the group")
    await anna.edit(text, "edited")
    await anna.react(text, "👍")
    await anna.react(text, "")
    await bot("sendMessage", chat_id=anna.id, text="?", reply_markup=KEYBOARD)
    await anna.send_sticker(pictures.png(mode="RGBA"))
    await anna.send_live_photo(pictures.jpeg(), caption="moving")
    await anna.send_other(voice={"file_id": "v", "file_unique_id": "v", "duration": 1})
    await anna.start("tool_restore")
    await anna.press(anna.bot_messages[0], "Go")
    await anna.delete_message(anna.bot_messages[0])
    await anna.press_outdated(anna.history[-1], "Go")
    await anna.block_bot()
    await anna.unblock_bot()
    await anna.in_chat(group).remove_bot()
    await anna.in_chat(group).add_bot()
    updates = await bot("getUpdates")
    kinds = {kind for update in updates for kind in update if kind != "update_id"}
    assert kinds == {"message", "edited_message", "message_reaction", "callback_query", "my_chat_member"}
    for update in updates:
        parsed = Update.model_validate(update)
        assert unknown_fields(parsed) == []
        assert parsed.event is not None


async def answers(bot, anna, group) -> dict[str, Any]:
    chat = {"chat_id": anna.id}
    photo = ("x.png", pictures.png())
    album = [{"type": "document", "media": "attach://x"}] * 2
    sent = await bot("sendMessage", **chat, text="<b>x</b>", parse_mode="HTML", reply_markup=KEYBOARD)
    target = chat | {"message_id": sent["message_id"]}
    quoting = await bot(
        "sendMessage", **chat, text="y", reply_parameters={"message_id": target["message_id"], "quote": "x"}
    )
    press = await anna.press(anna.bot_messages[0], "Go")
    sent_photo = await bot("sendPhoto", **chat, photo=photo, caption="c", has_spoiler=True, message_effect_id="5")
    photo_target = chat | {"message_id": sent_photo["message_id"]}
    media = {"type": "photo", "media": "attach://x"}
    return {
        "sendMessage": quoting,
        "sendPhoto": sent_photo,
        "sendDocument": await bot("sendDocument", **chat, document=photo),
        "sendMediaGroup": await bot("sendMediaGroup", **chat, media=album, x=photo),
        "editMessageText": await bot("editMessageText", **target, text="z", reply_markup=KEYBOARD),
        "editMessageReplyMarkup": await bot("editMessageReplyMarkup", **target),
        "editMessageMedia": await bot("editMessageMedia", **target, media=media, x=photo),
        "editMessageCaption": await bot("editMessageCaption", **photo_target, caption="new"),
        "setMessageReaction": await bot("setMessageReaction", **target, reaction=[{"type": "emoji", "emoji": "👀"}]),
        "sendChatAction": await bot("sendChatAction", **chat, action="typing"),
        "answerCallbackQuery": await bot("answerCallbackQuery", callback_query_id=press.query.id),
        "deleteMessage": await bot("deleteMessage", **target),
        "deleteMessages": await bot("deleteMessages", **chat, message_ids=[photo_target["message_id"]]),
        "getFile": await bot("getFile", file_id=sent_photo["photo"][-1]["file_id"]),
        "getMe": await bot("getMe"),
        "getChat": await bot("getChat", **chat),
        "getChatMember": await bot("getChatMember", chat_id=group.id, user_id=anna.id),
        "setMyCommands": await bot("setMyCommands", commands=[{"command": "a", "description": "b"}]),
        "getMyCommands": await bot("getMyCommands"),
        "deleteMyCommands": await bot("deleteMyCommands"),
        "setMyProfilePhoto": await bot("setMyProfilePhoto", photo=FACE, f=("f.jpg", pictures.jpeg())),
        "getUserProfilePhotos": await bot("getUserProfilePhotos", user_id=(await bot("getMe"))["id"]),
        "removeMyProfilePhoto": await bot("removeMyProfilePhoto"),
        **{f"setMy{what}": await bot(f"setMy{what}") for what in ("Name", "Description", "ShortDescription")},
        **{f"getMy{what}": await bot(f"getMy{what}") for what in ("Name", "Description", "ShortDescription")},
        "getUpdates": await bot("getUpdates"),
        "setWebhook": await bot("setWebhook", url="http://127.0.0.1:9/x", allowed_updates=["message"]),
        "getWebhookInfo": await bot("getWebhookInfo"),
        "deleteWebhook": await bot("deleteWebhook"),
    }


async def test_every_answer_is_valid(bot, emulator, anna):
    group = emulator.control.add_group("Friends", [], admins=[anna])
    got = await answers(bot, anna, group)
    assert {method.name for method in METHODS.values()} == set(got)
    for name, answer in got.items():
        method = getattr(methods, name[0].upper() + name[1:])
        parsed = Response[method.__returning__].model_validate({"ok": True, "result": answer})  # as aiogram does
        assert unknown_fields(parsed.result, name) == []


@pytest.fixture
async def aiogram_bot(emulator):
    session = AiohttpSession(api=TelegramAPIServer.from_base(emulator.base_url), timeout=10)
    async with Bot(emulator.bot_token, session=session) as aiogram_bot:
        yield aiogram_bot


async def test_a_real_aiogram_bot_works_on_it(aiogram_bot, anna):
    data = pictures.photo()
    await anna.send_photo(data, as_file=True, filename="фото.jpg")
    (update,) = await aiogram_bot.get_updates(timeout=5)
    question = update.message
    assert question.document.file_name == "фото.jpg"
    assert (await aiogram_bot.download(question.document)).read() == data

    button = InlineKeyboardButton(text="Cancel", callback_data="v1:cancel", style="danger")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
    status = await question.reply("<i>Working</i>", parse_mode="HTML", reply_markup=keyboard)
    seen = await anna.expect(text="Working", button="Cancel")
    assert seen.reply_to.document.name == "фото.jpg"

    media = InputMediaPhoto(media=BufferedInputFile(data, "готово.jpg"), caption="Done")
    edited = await status.edit_media(media)
    assert (await anna.expect(photo=True)).caption == "Done"

    result = await aiogram_bot.send_photo(
        anna.id,
        BufferedInputFile(data, "готово.jpg"),
        caption="Result",
        reply_parameters=ReplyParameters(message_id=question.message_id, allow_sending_without_reply=True),
    )
    assert result.reply_to_message.message_id == question.message_id
    again = await aiogram_bot.send_media_group(
        anna.id, [InputMediaPhoto(media=size) for size in (edited.photo[-1].file_id, result.photo[-1].file_id)]
    )
    assert len({message.media_group_id for message in again}) == 1
    file = await aiogram_bot.get_file(result.photo[-1].file_id)
    assert pictures.opened((await aiogram_bot.download_file(file.file_path)).read()).size == (1280, 960)
    document = await aiogram_bot.send_document(anna.id, BufferedInputFile(data, "готово.jpg"))
    assert (document.document.file_name, document.document.mime_type) == ("готово.jpg", "image/jpeg")
    assert await aiogram_bot.set_my_commands([BotCommand(command="start", description="Begin")])
    assert anna.pings == 4  # an album rings once


async def test_aiogram_gets_its_own_errors(aiogram_bot, emulator, anna):
    with pytest.raises(TelegramBadRequest, match="can't parse entities"):
        await aiogram_bot.send_message(anna.id, "<b>", parse_mode="HTML")
    emulator.control.fail("sendMessage", error_code=429, description="Too Many Requests: retry after 9", retry_after=9)
    with pytest.raises(TelegramRetryAfter) as refused:
        await aiogram_bot.send_message(anna.id, "x")
    assert refused.value.retry_after == 9
    await anna.block_bot()
    with pytest.raises(TelegramForbiddenError):
        await aiogram_bot.send_message(anna.id, "x")
