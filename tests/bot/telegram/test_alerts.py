"""Alerts to the admins: grouped by code, not too many, and never the cause of another failure."""

import asyncio

from structlog.testing import capture_logs

from bot.jobs.background import Background
from bot.telegram.alerts import AdminAlerts
from tests.support.fakes import FrozenClock
from tests.support.recording_bot import recording_bot
from tests.support.skipped_time import time_passes


class AdminQueries:
    """Alerts that have been delivered, or not, when `send` returns."""

    def __init__(self, bot, admin_ids, clock):
        self.background = Background()
        self.alerts = AdminAlerts(bot, admin_ids, clock, self.background)

    async def send(self, code, text):
        await self.alerts.send(code, text)
        await self.background.drain(5)


def some_alerts(*admin_ids):
    bot, session = recording_bot()
    clock = FrozenClock()
    return AdminQueries(bot, admin_ids, clock), session, clock


def texts(session):
    return [call.params["text"] for call in session.calls]


async def test_every_admin_is_told():
    alerts, session, _ = some_alerts(1, 2)
    await alerts.send("service_credit", "no credit left")
    assert [call.params["chat_id"] for call in session.calls] == [1, 2]
    assert all("no credit left" in text for text in texts(session))


async def test_without_admins_nobody_is_told_and_nothing_breaks():
    alerts, session, _ = some_alerts()
    await alerts.send("service_credit", "no credit left")
    assert session.calls == []


async def test_the_same_code_is_held_back_for_ten_minutes_and_then_counted():
    alerts, session, clock = some_alerts(1)
    await alerts.send("a", "first")
    for _ in range(3):
        clock.advance(100)
        await alerts.send("a", "more")
    assert len(session.calls) == 1
    clock.advance(301)
    await alerts.send("a", "again")
    clock.advance(601)
    await alerts.send("a", "and again")
    assert "again" in texts(session)[1]
    assert "3 more" in texts(session)[1]
    assert "more like this" not in texts(session)[2]


async def test_another_code_is_not_held_back():
    alerts, session, _ = some_alerts(1)
    await alerts.send("a", "one")
    await alerts.send("b", "two")
    assert len(session.calls) == 2


async def test_a_long_text_is_cut_to_what_a_message_holds():
    alerts, session, _ = some_alerts(1)
    await alerts.send("a", "я" * 10_000)
    assert len(texts(session)[0]) < 4096


async def test_an_admin_who_cannot_be_reached_is_logged_and_the_next_one_is_told():
    alerts, session, _ = some_alerts(1, 2, 3)
    session.refuse(403, "Forbidden: bot can't initiate conversation with a user")
    session.break_line(TimeoutError())
    with capture_logs() as lines:
        await alerts.send("a", "text")
    assert len(session.calls) == 3
    assert [(line["event"], line["admin_id"]) for line in lines] == [("alert_not_sent", 1), ("alert_not_sent", 2)]


async def test_what_reached_nobody_is_not_held_back():
    """Telegram is down when it breaks, and back a minute later: the admin hears of the next one at least."""
    queries, session, clock = some_alerts(1, 2)
    session.break_line(TimeoutError())
    session.break_line(TimeoutError())
    with capture_logs():
        await queries.send("a", "first")
    clock.advance(60)
    await queries.send("a", "second")
    assert "second" in texts(session)[2]
    await queries.send("a", "third")
    assert len(session.calls) == 4


def test_a_telegram_that_does_not_answer_holds_up_nobody_who_reports(skipping_time):
    """An update that broke our code is answered at once, although its admins are told over a dead line."""

    async def story():
        bot, session = recording_bot()
        background = Background()

        async def hang(*_):
            await time_passes(60)

        session.make_request = hang
        begun = asyncio.get_running_loop().time()
        await AdminAlerts(bot, (1, 2, 3), FrozenClock(), background).send("a", "text")
        assert asyncio.get_running_loop().time() - begun < 1
        await background.drain(0)

    skipping_time(story())


async def test_when_everything_breaks_few_messages_come_and_the_rest_is_told_together():
    alerts, session, clock = some_alerts(1)
    for code in "abcdefgh":
        await alerts.send(code, f"text of {code}")
    await alerts.send("h", "again")
    assert len(session.calls) == 6
    await alerts.alerts.tell_held_back()
    assert texts(session)[6] == "⚠️ And meanwhile:\nh: 2\ng: 1"
    await alerts.alerts.tell_held_back()
    assert len(session.calls) == 7
    clock.advance(601)
    await alerts.send("h", "later")
    assert texts(session)[7] == "⚠️ later"


def test_what_was_held_back_is_told_when_the_ten_minutes_are_over(skipping_time):
    async def story():
        alerts, session, _ = some_alerts(1)
        task = asyncio.create_task(alerts.alerts.run())
        for _ in range(2):
            await alerts.send("a", "text")
        await time_passes(599)
        before = len(session.calls)
        await time_passes(2)
        task.cancel()
        return before, texts(session)

    assert skipping_time(story()) == (1, ["⚠️ text", "⚠️ And meanwhile:\na: 1"])
