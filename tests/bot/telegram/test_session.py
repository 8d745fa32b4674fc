import asyncio
import gc
import weakref
from contextlib import asynccontextmanager

import pytest
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import DeleteMessage

from bot.jobs.errors import NotDoneError, OutcomeUnknownError
from bot.telegram.api_errors import translated
from bot.telegram.session import TelegramSession
from tests.support.waiting import eventually

BOT = Bot("42:TEST", session=TelegramSession())
METHOD = DeleteMessage(chat_id=1, message_id=2)


def test_the_model_of_an_answer_outlives_it():
    def answer():
        return BOT.session.check_response(BOT, METHOD, 200, '{"ok": true, "result": true}')

    model = weakref.ref(type(answer()))
    gc.collect()

    assert model() is type(answer())
    assert answer().result is True


def test_refusals_are_those_of_aiogram():
    with pytest.raises(TelegramBadRequest, match="gone"):
        BOT.session.check_response(BOT, METHOD, 400, '{"ok": false, "description": "gone"}')


@asynccontextmanager
async def silent_server():
    """Takes connections and says nothing on them, not even a handshake; gives how many there were, and its port."""
    writers = []
    server = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0)
    try:
        yield writers, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()


@asynccontextmanager
async def bot_at(address, **options):
    api = TelegramAPIServer.from_base(address)
    async with TelegramSession(api=api, connect_s=0.05, **options) as session:
        yield Bot("42:TEST", session=session)


async def test_a_connection_that_does_not_come_about_in_time_is_known_to_have_carried_nothing():
    async with silent_server() as (_, port), bot_at(f"https://127.0.0.1:{port}") as bot:
        with pytest.raises(NotDoneError), translated(repeatable=False):
            await bot.send_message(7, "hello")


async def test_who_gets_no_connection_because_all_are_in_use_has_sent_nothing():
    async with silent_server() as (writers, port), bot_at(f"http://127.0.0.1:{port}", limit=1) as bot:
        first = asyncio.create_task(bot.send_message(7, "the only connection"))
        await eventually(lambda: writers)
        with pytest.raises(NotDoneError), translated(repeatable=False):
            await bot.send_message(7, "no connection left")
        first.cancel()
        await asyncio.wait([first])
    assert len(writers) == 1


async def test_silence_after_a_call_was_sent_leaves_its_outcome_open():
    async with silent_server() as (_, port), bot_at(f"http://127.0.0.1:{port}") as bot:
        with pytest.raises(OutcomeUnknownError), translated(repeatable=False):
            await bot.send_message(7, "hello", request_timeout=0.1)
