"""What people meet first: what the bot says of itself, its greeting, help, settings, privacy, and silence elsewhere."""

import json

from bot.telegram.catalogues import locales
from bot.telegram.command_names import ADMIN, PERSONAL
from bot.telegram.wording import language_name, text
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, impatient, record
from tests.support.waiting import eventually


def menus(world):
    """(scope, language) -> names of commands, as the bot has set them."""
    calls = [call for call in world.chat.calls if call.method == "setMyCommands"]
    found = {}
    for call in calls:
        scope, commands = json.loads(call.params["scope"]), json.loads(call.params["commands"])
        found[scope["type"], call.params.get("language_code", "")] = [one["command"] for one in commands]
    return found


async def test_before_the_first_word_a_picture_menus_and_descriptions_are_there_in_every_language(world, tmp_path):
    settings = world.settings(tmp_path, admin_ids=frozenset({42}))
    async with running_bot(settings, profile=True):
        await eventually(lambda: len(menus(world)) == 3 * len(locales()), within=10)
        await eventually(lambda: sum("Description" in call.method for call in world.chat.calls) == 4 * len(locales()))
        await eventually(lambda: "setMyProfilePhoto" in [call.method for call in world.chat.calls])
    for code in ("", "ru", "pt", "ko"):
        assert menus(world)["default", code] == list(PERSONAL)
        assert menus(world)["chat", code] == [*PERSONAL, *ADMIN]
        assert "upscale" in menus(world)["all_group_chats", code]
    async with running_bot(settings, profile=True):
        set_before = sum(call.method.startswith("setMy") for call in world.chat.calls)
        await eventually(lambda: sum(c.method == "getUserProfilePhotos" for c in world.chat.calls) == 2)
    assert sum(call.method.startswith("setMy") for call in world.chat.calls) == set_before


async def test_from_the_greeting_to_a_first_success_without_a_photo_of_ones_own(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_text("/start")
        greeting = await person.expect(photo=True)
        assert len(greeting.caption.splitlines()) <= 5
        await person.press(greeting, text("try_sample", "en"))
        result = await person.expect(photo=True, text="Done", within=10)
        assert result.reply_to is greeting
        await all_closed(tmp_path)
        assert record(tmp_path)["inputs"][0]["file_id"] == "sample"

        await person.press(greeting, text("open_language", "en"))
        languages = await person.expect(text=text("choose_language", "en"))
        await person.press(languages, language_name("ko"))
        await person.expect(text=text("choose_language", "ko"))
        await person.send_text("hello")
        await person.expect(text=text("send_a_photo", "ko"))


async def test_links_choose_a_tool_open_the_settings_or_are_a_normal_start(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_text("/start tool_upscale")
        await person.expect(text="Upscale — chosen")
        await person.send_text("/start settings")
        settings = await person.expect(text=text("settings", "en"))
        assert any("Upscale" in button["text"] for button in settings.buttons())
        await person.send_text("/start no_such_campaign")
        await person.expect(photo=True)
        await person.send_photo(PHOTO)
        await person.expect(text="Upscale", photo=True, within=10)
        await all_closed(tmp_path)


async def test_help_settings_privacy_and_cancel_answer_at_once(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_text("/help")
        screen = await person.expect(text="What you can send")
        await person.press(screen, text("help_tools_button", "en"))
        await person.expect(text="/cutout")
        await person.press(screen, text("help_more_button", "en"))
        await person.expect(text="/delete_me")
        assert len(person.bot_messages) == 1  # three screens, one message

        await person.send_text("/settings")
        settings = await person.expect(text=text("settings", "en"))
        await person.press(settings, "📤 Result as: photo")
        await person.expect(button="📤 Result as: file")
        await person.press(settings, "🎲 Variations: 1")
        await person.expect(button="🎲 Variations: 2")
        await person.press(settings, "✖ Close")
        await person.until(lambda: settings.deleted, "settings closed")

        await person.send_text("/privacy")
        await person.expect(text="30 days")
        await person.send_text("/cancel")
        await person.expect(text=text("nothing_to_cancel", "en"))
        await person.send_text("/history")
        await person.expect(text=text("history_empty", "en"))


async def test_what_is_no_photo_gets_one_friendly_line_and_an_old_button_a_fresh_menu(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        for content in (
            {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 1}},
            {"dice": {"emoji": "🎲", "value": 1}},
        ):
            await person.send_other(**content)
            hint = await person.expect(text=text("send_a_photo", "en"))
        assert [button["text"] for button in hint.buttons()] == [text("how_to", "en")]
        press = await person.press_outdated(hint, "j0:again:something")
        assert (await press.answer())["text"] == text("old_button", "en")
        menu = await person.expect(text=text("menu", "en"))
        assert any(button["text"] == text("try_sample", "en") for button in menu.buttons())
