"""The person whose update broke our code is told so, in their language, and nobody else is."""

import pytest

from bot.jobs.background import Background
from bot.telegram.apology import Apology
from bot.telegram.replies import Replies
from bot.telegram.wording import text
from tests.support.recording_bot import recording_bot

ANNA = {"id": 7, "language_code": "ru"}
PRIVATE, GROUP = {"id": 7, "type": "private"}, {"id": -8, "type": "group"}


async def said(update):
    bot, session = recording_bot()
    background = Background()
    Apology(bot, Replies(background), "ko").say(update)
    await background.drain(5)
    return [(call.params["chat_id"], call.params["text"]) for call in session.calls]


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"chat": PRIVATE, "from": ANNA, "message_id": "no number"}},
        {"callback_query": {"from": ANNA, "data": 5, "message": {"chat": PRIVATE}}},
    ],
    ids=["message", "button"],
)
async def test_in_a_private_chat_one_sentence_is_said(update):
    assert await said({"update_id": 1, **update}) == [(7, text("internal", "ru"))]


async def test_who_has_no_language_of_ours_hears_the_default_one():
    for sender in ({}, None, {"language_code": 5}, {"language_code": "xx"}):
        assert await said({"message": {"chat": PRIVATE, "from": sender}}) == [(7, text("internal", "ko"))]


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"message": {"chat": GROUP, "from": ANNA}},
        {"my_chat_member": {"chat": PRIVATE, "from": ANNA}},
        {"edited_message": {"chat": PRIVATE, "from": ANNA}},
        {"message": None, "callback_query": 7},
        {"message": {"chat": {"id": "7", "type": "private"}}},
        {"message": {"chat": [PRIVATE]}},
        {"callback_query": {"message": "inaccessible", "from": ANNA}},
    ],
    ids=["nothing", "group", "left", "edit", "no objects", "no number", "no chat", "no message"],
)
async def test_nobody_else_is_told(update):
    assert await said(update) == []
