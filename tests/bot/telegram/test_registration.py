"""How updates get here: by the webhook where Telegram can reach it, else by long polling; and however long it takes."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from bot.jobs.background import Background
from bot.operator_errors.token import BotTokenRefusedError
from bot.settings import Settings
from bot.telegram.registration import Registration
from tests.support.recording_bot import TOKEN, recording_bot
from tests.support.skipped_time import time_passes
from tests.support.waiting import eventually

BASE_URL = "https://bot.example"


class PollingUntilCanceled:
    """What registration needs of the intake."""

    update_types = ("message", "callback_query")

    def __init__(self):
        self.polls = 0

    async def poll(self):
        self.polls += 1
        await asyncio.Event().wait()


@asynccontextmanager
async def registration(base_url=BASE_URL):
    bot, session = recording_bot()
    settings = Settings(bot_token=SecretStr(TOKEN), base_url=base_url)
    updates, background = PollingUntilCanceled(), Background()
    try:
        yield Registration(bot, settings, "/webhook/telegram", updates), session, updates, background
    finally:
        await background.drain(0)


async def test_the_webhook_is_set_with_its_secret_and_pending_updates_are_kept():
    async with registration() as (subject, session, updates, background):
        await subject.start(background)
        (call,) = session.calls
        assert call.method == "setWebhook"
        assert call.params["url"] == f"{BASE_URL}/webhook/telegram"
        assert call.params["allowed_updates"] == ["message", "callback_query"]
        assert len(call.params["secret_token"]) >= 32
        assert not call.params.get("drop_pending_updates")
        assert updates.polls == 0


async def test_every_process_derives_the_same_secret():
    seen = set()
    for _ in range(2):
        async with registration() as (subject, session, _, background):
            await subject.start(background)
            seen.add(session.calls[0].params["secret_token"])
    assert len(seen) == 1


async def test_without_a_public_url_a_webhook_left_over_is_removed_and_updates_are_polled():
    async with registration(None) as (subject, session, updates, background):
        await subject.start(background)
        await eventually(lambda: updates.polls)
        assert session.methods == ["deleteWebhook"]
        assert not session.calls[0].params.get("drop_pending_updates")
        assert updates.polls == 1


async def test_a_url_that_telegram_refuses_means_long_polling():
    async with registration() as (subject, session, updates, background):
        session.refuse(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        await subject.start(background)
        await eventually(lambda: updates.polls)
        assert session.methods == ["setWebhook", "deleteWebhook"]
        assert updates.polls == 1


@pytest.mark.parametrize("base_url", [BASE_URL, None])
async def test_a_wrong_token_stops_the_start(base_url):
    async with registration(base_url) as (subject, session, _, background):
        session.refuse(401, "Unauthorized")
        with pytest.raises(BotTokenRefusedError):
            await subject.start(background)


OUTAGES = [
    lambda s: s.break_line(TimeoutError()),
    lambda s: s.refuse(500, "Internal Server Error"),
    lambda s: s.refuse(429, "Too Many Requests: retry after 1", retry_after=1),
    lambda s: s.answer_raw(502, "<html>bad gateway</html>"),
]


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("base_url", [BASE_URL, None])
def test_while_telegram_cannot_be_reached_it_is_tried_again_in_the_background(outage, base_url, skipping_time):
    async def story():
        async with registration(base_url) as (subject, session, updates, background):
            for _ in range(4):
                outage(session)
            await subject.start(background)
            assert len(session.calls) == 1
            await time_passes(3600)
            assert len(session.calls) == 5  # and then no more
            assert updates.polls == (0 if base_url else 1)

    skipping_time(story())


def test_a_token_that_is_revoked_meanwhile_does_not_end_the_attempts(skipping_time):
    async def story():
        async with registration() as (subject, session, _, background):
            session.break_line(TimeoutError())
            session.refuse(401, "Unauthorized")
            session.refuse(409, "Conflict: terminated by other setWebhook")
            await subject.start(background)
            await time_passes(3600)
            assert len(session.calls) == 4

    skipping_time(story())
