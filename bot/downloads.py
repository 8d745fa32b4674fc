"""Part of the composition root: where pictures are fetched from, each place measured on its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiogram import Bot

from bot.http_api.web_pictures import UrlRules, open_web_pictures
from bot.jobs.guards.measured_sources import MeasuredOutputs, MeasuredPictures
from bot.jobs.guards.meter import Meter
from bot.jobs.ports.pictures import OutputSource, PictureSource
from bot.settings import Settings
from bot.telegram.photos import TelegramPhotos
from replicate_gateway.outputs import OutputFetcher

# Pictures are packed by themselves; what is not unpacked cannot burst.
_HEADERS = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Downloads:
    """By Telegram's file id, by a caller's URL, and from Replicate's delivery hosts."""

    photos: PictureSource
    web: PictureSource
    outputs: OutputSource


@asynccontextmanager
async def open_downloads(settings: Settings, bot: Bot, meter: Meter, *, connections: int) -> AsyncIterator[Downloads]:
    """The sources; no session of theirs carries credentials."""
    connector = aiohttp.TCPConnector(limit=connections)
    rules = UrlRules(public_only=settings.public_urls_only)
    plain = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, headers=_HEADERS
    )
    async with (
        plain as session,
        open_web_pictures(rules) as web,
    ):
        yield Downloads(
            photos=MeasuredPictures(TelegramPhotos(bot, session), "telegram_files", meter),
            web=MeasuredPictures(web, "callers_urls", meter),
            outputs=MeasuredOutputs(OutputFetcher(session, settings.allowed_outputs.allows), meter),
        )
