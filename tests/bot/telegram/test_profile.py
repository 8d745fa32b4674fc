"""What people see before they write: complete in every language, and told to Telegram only where it differs."""

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import BotCommandScopeAllGroupChats, BotCommandScopeChat
from structlog.testing import capture_logs

from bot.telegram.catalogues import locales
from bot.telegram.command_names import ADMIN, PERSONAL
from bot.telegram.profile import Profile
from bot.telegram.wording import text
from mock_server.telegram.server import run_telegram_emulator
from tests.support.fakes import PRESETS
from tests.support.recording_bot import recording_bot

ADMIN_ID = 42


@pytest.fixture
async def bot():
    async with run_telegram_emulator() as emulator:
        session = AiohttpSession(api=TelegramAPIServer.from_base(emulator.base_url))
        bot = Bot(emulator.bot_token, session=session)
        yield bot
        await session._session.close()  # aiogram's own way takes a quarter of a second


async def names(bot, scope=None, code=""):
    return tuple(command.command for command in await bot.get_my_commands(scope, language_code=code))


async def test_everything_is_told_in_every_language_and_a_second_time_nothing(bot):
    profile = Profile(bot, PRESETS, {ADMIN_ID})
    assert await profile.publish() == len(locales()) * 5
    assert await profile.publish() == 0
    for locale in locales():
        code = "" if locale == "en" else locale[:2]
        assert await names(bot, code=code) == PERSONAL
        assert await names(bot, BotCommandScopeAllGroupChats(), code) == tuple(PRESETS)
        assert await names(bot, BotCommandScopeChat(chat_id=ADMIN_ID), code) == (*PERSONAL, *ADMIN)
        assert (await bot.get_my_description(code)).description == text("description", locale)
        assert (await bot.get_my_short_description(code)).short_description == text("short_description", locale)
        (start, *_) = await bot.get_my_commands(language_code=code)
        assert start.description == text("command_start", locale)


async def test_only_what_differs_is_told(bot):
    profile = Profile(bot, PRESETS, ())
    await profile.publish()
    await bot.delete_my_commands(language_code="ru")
    await bot.set_my_description("something else", language_code="ko")
    assert await profile.publish() == 2


def test_it_is_tried_again_when_telegram_is_away_or_busy(skipping_time):
    async def story():
        bot, session = recording_bot()
        session.refuse(502, "Bad Gateway")
        session.refuse(429, "Too Many Requests: retry after 7", retry_after=7)
        session.refuse(401, "Unauthorized")
        session.default = lambda method: pytest.fail(str(method))
        for _ in range(2):
            session.refuse(500, "Internal Server Error")
        with capture_logs() as lines:
            await Profile(bot, PRESETS, ()).run()
        return [line["log_level"] for line in lines if line["event"] == "profile_not_published"]

    assert skipping_time(story()) == ["warning", "info", "warning", "warning", "warning"]
