"""A group that becomes a supergroup under a job."""

import pytest
from aiogram.exceptions import TelegramMigrateToChat

from bot.telegram.migration import Migration
from tests.support.recording_bot import recording_bot

OLD, NEW = -4001, -1009001
WORDS = "Bad Request: group chat was upgraded to a supergroup chat"


@pytest.fixture
def office():
    bot, session = recording_bot()
    session.middleware(Migration())
    return bot, session


def chats(session):
    return [call.params["chat_id"] for call in session.calls]


async def test_a_message_follows_its_chat_and_the_next_goes_straight_there(office):
    bot, session = office
    session.refuse(400, WORDS, migrate_to_chat_id=NEW)
    assert (await bot.send_message(OLD, "result")).message_id
    await bot.send_message(OLD, "more")
    await bot.send_message(7, "somebody else")
    assert chats(session) == [OLD, NEW, NEW, 7]
    assert [call.params["text"] for call in session.calls[:2]] == ["result", "result"]


async def test_a_chat_that_moves_in_circles_is_not_followed_for_ever(office):
    bot, session = office
    session.refuse(400, WORDS, migrate_to_chat_id=NEW)
    session.refuse(400, WORDS, migrate_to_chat_id=OLD)
    with pytest.raises(TelegramMigrateToChat):
        await bot.send_message(OLD, "result")
    session.refuse(400, WORDS, migrate_to_chat_id=OLD)
    with pytest.raises(TelegramMigrateToChat):
        await bot.send_message(OLD, "result")
    assert chats(session) == [OLD, NEW, NEW]


async def test_calls_without_a_chat_pass(office):
    bot, session = office
    assert (await bot.get_me()).is_bot
    assert session.methods == ["getMe"]


async def test_only_the_latest_moves_are_remembered(office):
    bot, session = office
    for number in range(1002):
        session.refuse(400, WORDS, migrate_to_chat_id=NEW - number)
        await bot.send_message(OLD - number, "x")
    before = len(session.calls)
    await bot.send_message(OLD - 1001, "x")
    await bot.send_message(OLD, "x")
    assert chats(session)[before:] == [NEW - 1001, OLD]
