"""The bot's session with the Bot API, with everything that stands before each of its calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer

from bot.jobs.limits.send_pace import Pace
from bot.settings import Settings
from bot.telegram.guard import Guard
from bot.telegram.pacing import Pacing
from bot.telegram.session import TelegramSession


@asynccontextmanager
async def open_bot(settings: Settings, pace: Pace, guard: Guard, *, connections: int) -> AsyncIterator[Bot]:
    """The bot of `BOT_TOKEN`, whose session is closed at the end. Nothing is sent yet.

    It makes at most so many `connections`; who wants one more waits.
    """
    if settings.bot_token is None:
        raise ValueError("a bot needs a token; the sandbox brings its own")
    api = TelegramAPIServer.from_base(settings.telegram_api_url)
    session = TelegramSession(api=api, limit=connections)
    session.middleware(Pacing(pace))
    session.middleware(guard)
    bot = Bot(settings.bot_token.get_secret_value(), session=session)
    try:
        yield bot
    finally:
        await bot.session.close()
