"""Words that nothing depends on: said after the answer, and never the cause of a failure."""

import pytest
from aiogram.types import CallbackQuery, Chat, Message, User
from structlog.testing import capture_logs

from bot.jobs.background import Background
from bot.telegram.replies import Replies
from tests.support.recording_bot import recording_bot

ANNA = User(id=7, is_bot=False, first_name="Anna")


@pytest.fixture
def said():
    """The two ways to speak, unsaid yet: background, session, reply, answer."""
    bot, session = recording_bot()
    background = Background()
    replies = Replies(background)
    message = Message(message_id=5, date=1_790_000_000, chat=Chat(id=7, type="private"), from_user=ANNA).as_(bot)
    query = CallbackQuery(id="q", from_user=ANNA, chat_instance="c", data="x").as_(bot)
    return background, session, lambda: replies.reply(message, "hello"), lambda: replies.answer(query, "pressed")


async def test_nothing_is_said_before_the_update_was_answered(said):
    background, session, reply, answer = said
    reply()
    answer()
    assert session.calls == []
    await background.drain(1)
    assert sorted(session.methods) == ["answerCallbackQuery", "sendMessage"]
    assert sorted(call.params["text"] for call in session.calls) == ["hello", "pressed"]


@pytest.mark.parametrize(
    "prepare",
    [
        lambda s: s.refuse(400, "Bad Request: query is too old and response timeout expired or query ID is invalid"),
        lambda s: s.refuse(403, "Forbidden: bot was blocked by the user"),
        lambda s: s.refuse(429, "Too Many Requests: retry after 5", retry_after=5),
        lambda s: s.break_line(TimeoutError()),
        lambda s: s.answer_raw(502, "<html>"),
    ],
    ids=["old query", "blocked", "flood", "timeout", "html"],
)
async def test_what_could_not_be_said_is_one_warning(said, prepare):
    background, session, _, answer = said
    prepare(session)
    with capture_logs() as lines:
        answer()
        await background.drain(1)
    assert [(line["event"], line["log_level"]) for line in lines] == [("answer_not_sent", "warning")]


@pytest.mark.parametrize(("status", "told"), [(429, []), (400, ["answer_not_sent"])], ids=["no room now", "refused"])
async def test_a_sign_that_there_is_no_room_for_is_left_out_without_a_word(status, told):
    bot, session = recording_bot()
    background = Background()
    message = Message(message_id=5, date=1_790_000_000, chat=Chat(id=7, type="private"), from_user=ANNA).as_(bot)
    session.refuse(status, "refused", **({"retry_after": 5} if status == 429 else {}))
    with capture_logs() as lines:
        Replies(background).react(message, "👀")
        await background.drain(1)
    assert session.methods == ["setMessageReaction"]
    assert [line["event"] for line in lines] == told
