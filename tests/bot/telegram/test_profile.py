"""What people see before they write: complete in every language, and told to Telegram only where it differs."""

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BotCommandScopeAllGroupChats, BotCommandScopeChat, BufferedInputFile, InputProfilePhotoStatic
from structlog.testing import capture_logs

from bot.telegram.catalogues import locales
from bot.telegram.command_names import ADMIN, PERSONAL
from bot.telegram.profile import FACE, Profile
from bot.telegram.wording import text
from mock_server.telegram.server import run_telegram_emulator
from tests.support import pictures
from tests.support.fakes import PRESETS
from tests.support.recording_bot import recording_bot

ADMIN_ID, DAILY = 42, 7


@pytest.fixture
async def emulator():
    async with run_telegram_emulator() as running:
        yield running


@pytest.fixture
async def bot(emulator):
    session = AiohttpSession(api=TelegramAPIServer.from_base(emulator.base_url))
    yield Bot(emulator.bot_token, session=session)
    await session._session.close()  # aiogram's own way takes a quarter of a second


async def names(bot, scope=None, code=""):
    return tuple(command.command for command in await bot.get_my_commands(scope, language_code=code))


async def test_everything_is_told_in_every_language_and_a_second_time_nothing(bot):
    profile = Profile(bot, PRESETS, {ADMIN_ID}, DAILY)
    assert await profile.publish() == len(locales()) * 5 + 1
    assert await profile.publish() == 0
    for locale in locales():
        code = "" if locale == "en" else locale[:2]
        assert await names(bot, code=code) == PERSONAL
        assert await names(bot, BotCommandScopeAllGroupChats(), code) == tuple(PRESETS)
        assert await names(bot, BotCommandScopeChat(chat_id=ADMIN_ID), code) == (*PERSONAL, *ADMIN)
        assert (await bot.get_my_description(code)).description == text("description", locale, n=DAILY)
        assert (await bot.get_my_short_description(code)).short_description == text("short_description", locale)
        (start, *_) = await bot.get_my_commands(language_code=code)
        assert start.description == text("command_start", locale)


async def test_only_what_differs_is_told(bot):
    profile = Profile(bot, PRESETS, (), DAILY)
    await profile.publish()
    await bot.delete_my_commands(language_code="ru")
    await bot.set_my_description("something else", language_code="ko")
    assert await profile.publish() == 2


async def face(bot):
    """The ids of the sizes of the picture that the bot has."""
    return [size.file_unique_id for photo in (await bot.get_user_profile_photos(bot.id)).photos for size in photo]


async def test_a_bot_without_a_picture_gets_ours(bot):
    assert await face(bot) == []
    await Profile(bot, PRESETS, (), DAILY).publish()
    (photo,) = (await bot.get_user_profile_photos(bot.id)).photos
    assert [(size.width, size.height) for size in photo] == [(160, 160), (320, 320), (640, 640)]
    kept = await bot.download(photo[-1].file_id)
    assert pictures.opened(kept.read()).getpixel((360, 300)) == pytest.approx((255, 245, 228), abs=12)  # its sun


async def test_a_picture_of_the_operators_own_is_left_alone(bot):
    own = BufferedInputFile(pictures.jpeg(400, 400), "ours.jpg")
    await bot.set_my_profile_photo(InputProfilePhotoStatic(photo=own))
    before = await face(bot)
    await Profile(bot, PRESETS, (), DAILY).publish()
    assert await face(bot) == before


def test_our_picture_is_a_small_square_jpeg():
    body = FACE.read_bytes()
    picture = pictures.opened(body)
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (640, 640))
    assert len(body) <= 60_000


async def test_a_refused_picture_is_all_that_is_left_for_the_next_time(emulator, bot):
    profile = Profile(bot, PRESETS, (), DAILY)
    emulator.control.fail("setMyProfilePhoto", error_code=400, description="Bad Request: PHOTO_INVALID")
    with pytest.raises(TelegramBadRequest):
        await profile.publish()
    assert await face(bot) == []
    assert await profile.publish() == 1
    assert await face(bot) != []


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
            await Profile(bot, PRESETS, (), DAILY).run()
        return [line["log_level"] for line in lines if line["event"] == "profile_not_published"]

    assert skipping_time(story()) == ["warning", "info", "warning", "warning", "warning"]
