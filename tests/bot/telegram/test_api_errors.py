"""Telegram's own words -> what they mean for a job. The wordings: tdlib/telegram-bot-api, `Client.cpp`."""

import asyncio
import ssl
from types import SimpleNamespace

import aiohttp
import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramNetworkError
from aiogram.methods import SendMessage

from bot.jobs.errors import ChatGoneError, ChatMovedError, NotDoneError, OutcomeUnknownError
from bot.telegram.api_errors import MessageGoneError, OtherKindError, PhotoRefusedError, translated
from tests.support.recording_bot import recording_bot

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
REFUSALS = [
    (400, "Bad Request: chat not found", ChatGoneError),
    (400, "Bad Request: PEER_ID_INVALID", ChatGoneError),
    (400, "Bad Request: not enough rights to send text messages to the chat", ChatGoneError),
    (400, "Bad Request: have no rights to send a message", ChatGoneError),
    (403, "Forbidden: bot was blocked by the user", ChatGoneError),
    (403, "Forbidden: user is deactivated", ChatGoneError),
    (403, "Forbidden: bot was kicked from the supergroup chat", ChatGoneError),
    (403, "Forbidden: bot is not a member of the channel chat", ChatGoneError),
    (403, "Forbidden: bot can't initiate conversation with a user", ChatGoneError),
    (400, "Bad Request: message to edit not found", MessageGoneError),
    (400, "Bad Request: message can't be edited", MessageGoneError),
    (400, "Bad Request: MESSAGE_ID_INVALID", MessageGoneError),
    (400, "Bad Request: message identifier is not specified", MessageGoneError),
    (400, "Bad Request: there is no text in the message to edit", OtherKindError),
    (400, "Bad Request: there is no caption in the message to edit", OtherKindError),
    (400, "Bad Request: IMAGE_PROCESS_FAILED", PhotoRefusedError),
    (400, "Bad Request: PHOTO_INVALID_DIMENSIONS", PhotoRefusedError),
    (400, "Bad Request: file is too big", PhotoRefusedError),
    (400, "Bad Request: not enough rights to send photos to the chat", PhotoRefusedError),
    (413, "Request Entity Too Large", PhotoRefusedError),
    (400, "Bad Request: message text is empty", TelegramBadRequest),
    (400, "Bad Request: can't parse entities", TelegramBadRequest),
    (401, "Unauthorized", NotDoneError),
    (429, "Too Many Requests: retry after 7", NotDoneError),
]


async def call(prepare, *, repeatable):
    bot, session = recording_bot()
    prepare(session)
    with translated(repeatable=repeatable):
        await bot.send_message(7, "hello")


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(("status", "words", "meaning"), REFUSALS, ids=[words for _, words, _ in REFUSALS])
async def test_a_refusal_means_the_same_whether_or_not_the_call_may_be_repeated(status, words, meaning, repeatable):
    parameters = {"retry_after": 7} if status == 429 else {}
    with pytest.raises(meaning) as raised:
        await call(lambda session: session.refuse(status, words, **parameters), repeatable=repeatable)
    assert type(raised.value) is meaning


@pytest.mark.parametrize("repeatable", [True, False])
async def test_not_modified_is_success(repeatable):
    await call(lambda session: session.refuse(400, NOT_MODIFIED), repeatable=repeatable)


async def test_flood_control_says_how_long_to_wait():
    with pytest.raises(NotDoneError) as raised:
        await call(lambda session: session.refuse(429, "Too Many Requests", retry_after=35), repeatable=False)
    assert (raised.value.code, raised.value.retry_after_s) == ("telegram_busy", 35.0)


async def test_a_revoked_token_is_waited_out_without_haste():
    with pytest.raises(NotDoneError) as raised:
        await call(lambda session: session.refuse(401, "Unauthorized"), repeatable=False)
    assert raised.value.code == "telegram_credentials"
    assert raised.value.retry_after_s >= 30


async def test_a_group_that_moved_says_where_to():
    with pytest.raises(ChatMovedError) as raised:
        await call(
            lambda session: session.refuse(
                400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100
            ),
            repeatable=False,
        )
    assert raised.value.chat_id == -100


def connection_refused():
    key = SimpleNamespace(host="api.telegram.org", port=443, is_ssl=True, ssl=True)
    return aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "refused"))


def no_such_host():
    key = SimpleNamespace(host="api.telegram.org", port=443, is_ssl=True, ssl=True)
    return aiohttp.ClientConnectorDNSError(key, OSError(-2, "Name or service not known"))


def bad_certificate():
    key = SimpleNamespace(host="api.telegram.org", port=443, is_ssl=True, ssl=True)
    return aiohttp.ClientConnectorCertificateError(key, ssl.SSLCertVerificationError("expired"))


NEVER_SENT = [connection_refused, no_such_host, bad_certificate, aiohttp.ConnectionTimeoutError]
MAY_HAVE_ARRIVED = [TimeoutError, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, asyncio.TimeoutError]


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("cause", NEVER_SENT)
async def test_a_call_that_was_never_sent_is_not_done(cause, repeatable):
    with pytest.raises(NotDoneError) as raised:
        await call(lambda session: session.break_line(cause()), repeatable=repeatable)
    assert raised.value.code == "telegram_unreachable"


@pytest.mark.parametrize("cause", MAY_HAVE_ARRIVED)
async def test_a_call_that_may_have_arrived_has_an_unknown_outcome(cause):
    with pytest.raises(OutcomeUnknownError):
        await call(lambda session: session.break_line(cause()), repeatable=False)


@pytest.mark.parametrize("cause", [*MAY_HAVE_ARRIVED, *NEVER_SENT])
async def test_a_repeatable_call_is_simply_not_done_whatever_the_network_did(cause):
    with pytest.raises(NotDoneError):
        await call(lambda session: session.break_line(cause()), repeatable=True)


ODD_ANSWERS = [
    (200, "<html>maintenance</html>"),
    (502, "<html>bad gateway</html>"),
    (500, '{"ok": false, "error_code": 500, "description": "Internal Server Error"}'),
    (500, '{"ok": false, "error_code": 500, "description": "Internal Server Error: restart"}'),
    (200, '{"ok": true, "result": {"nothing": "of a message"}}'),
    (504, ""),
]


@pytest.mark.parametrize(("status", "body"), ODD_ANSWERS)
async def test_an_answer_that_says_nothing_leaves_the_outcome_open(status, body):
    with pytest.raises(OutcomeUnknownError):
        await call(lambda session: session.answer_raw(status, body), repeatable=False)


@pytest.mark.parametrize(("status", "body"), ODD_ANSWERS)
async def test_an_answer_that_says_nothing_to_a_repeatable_call_means_again(status, body):
    with pytest.raises(NotDoneError):
        await call(lambda session: session.answer_raw(status, body), repeatable=True)


async def test_errors_of_our_own_pass_unchanged():
    with pytest.raises(ZeroDivisionError), translated(repeatable=True):
        _ = 1 / 0


async def test_the_original_error_stays_behind_the_translated_one():
    bot, session = recording_bot()
    session.break_line(TimeoutError())
    with pytest.raises(OutcomeUnknownError) as raised, translated(repeatable=False):
        await bot(SendMessage(chat_id=1, text="x"))
    assert isinstance(raised.value.__cause__, TelegramNetworkError)
