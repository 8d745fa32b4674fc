"""A pace over all chats and silence towards one, in a loop where waiting takes no time."""

import asyncio

import pytest
from aiogram.exceptions import TelegramRetryAfter

from bot.jobs.guards.circuit import FAILURES_IN_A_ROW, LONGEST_PAUSE_S, Circuit
from bot.jobs.limits.send_pace import ProcessPace
from bot.telegram.guard import Guard
from bot.telegram.pacing import Pacing
from tests.support.fakes import FrozenClock
from tests.support.recording_bot import recording_bot
from tests.support.skipped_time import time_passes


def paced(per_second):
    bot, session = recording_bot()
    session.middleware(Pacing(ProcessPace(per_second)))
    return bot, session


def now():
    return asyncio.get_running_loop().time()


def test_without_a_limit_nothing_waits(skipping_time):
    async def story():
        bot, session = paced(0)
        began = now()
        await asyncio.gather(*(bot.send_message(n, "x") for n in range(200)))
        assert len(session.calls) == 200
        assert now() - began < 1

    skipping_time(story())


def test_a_burst_of_one_second_goes_out_at_once_and_then_the_pace_holds(skipping_time):
    async def story():
        bot, session = paced(10)
        began = now()
        for n in range(40):
            await bot.send_message(n, "x")
        assert len(session.calls) == 40
        assert 2.5 < now() - began < 3.5  # 40 messages, about 10 of them at once

    skipping_time(story())


def test_who_would_have_to_wait_too_long_is_put_off_without_a_call(skipping_time):
    async def story():
        bot, session = paced(10)
        results = await asyncio.gather(*(bot.send_message(n, "x") for n in range(100)), return_exceptions=True)
        put_off = [r for r in results if isinstance(r, TelegramRetryAfter)]
        assert len(session.calls) + len(put_off) == 100
        assert 25 <= len(session.calls) <= 32  # the burst and two seconds of the pace
        assert {error.retry_after for error in put_off} == {3}  # whole seconds, rounded up

    skipping_time(story())


def test_those_that_were_put_off_find_room_when_they_come_again(skipping_time):
    async def story():
        bot, session = paced(10)
        await asyncio.gather(*(bot.send_message(n, "x") for n in range(100)), return_exceptions=True)
        await time_passes(3)
        before = len(session.calls)
        await bot.send_message(1, "x")
        assert len(session.calls) == before + 1

    skipping_time(story())


def test_what_puts_nothing_before_a_person_is_not_counted(skipping_time):
    async def story():
        bot, session = paced(0.1)
        await bot.send_message(1, "x")
        began = now()
        for _ in range(20):
            await bot.send_chat_action(1, "upload_photo")
            await bot.delete_messages(1, [5])
            await bot.answer_callback_query("q")
            await bot.get_me()
        assert len(session.calls) == 81
        assert now() - began < 1

    skipping_time(story())


@pytest.mark.parametrize("counted", ["sendPhoto", "editMessageText", "editMessageMedia", "sendMediaGroup"])
def test_edits_and_albums_count_like_messages(counted, skipping_time):
    calls = {
        "sendPhoto": lambda bot: bot.send_photo(1, "file_id"),
        "editMessageText": lambda bot: bot.edit_message_text("x", chat_id=1, message_id=2),
        "editMessageMedia": lambda bot: bot.edit_message_media(
            {"type": "photo", "media": "f"}, chat_id=1, message_id=2
        ),
        "sendMediaGroup": lambda bot: bot.send_media_group(1, [{"type": "photo", "media": "f"}] * 2),
    }

    async def story():
        bot, session = paced(0.1)
        await bot.send_message(1, "x")
        results = await asyncio.gather(*(calls[counted](bot) for _ in range(3)), return_exceptions=True)
        assert {type(result) for result in results} == {TelegramRetryAfter}
        assert session.methods == ["sendMessage"]

    skipping_time(story())


def test_a_reaction_takes_a_turn_but_none_that_it_would_have_to_wait_for(skipping_time):
    async def story():
        bot, session = paced(1)
        await bot.set_message_reaction(1, 5)
        await bot.send_message(1, "x")  # the burst is used up
        with pytest.raises(TelegramRetryAfter):
            await bot.set_message_reaction(1, 5)
        began = now()
        await bot.send_message(1, "x")
        assert now() - began <= 1
        assert session.methods == ["setMessageReaction", "sendMessage", "sendMessage"]

    skipping_time(story())


def test_a_chat_that_asked_for_silence_gets_it_while_others_go_on(skipping_time):
    async def story():
        bot, session = paced(0)
        session.refuse(429, "Too Many Requests: retry after 30", retry_after=30)
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(1, "x")
        with pytest.raises(TelegramRetryAfter) as silenced:
            await bot.edit_message_text("x", chat_id=1, message_id=2)
        assert 29 <= silenced.value.retry_after <= 30
        await bot.send_message(2, "x")
        assert [call.params["chat_id"] for call in session.calls] == [1, 2]

    skipping_time(story())


def test_the_silence_ends_when_its_time_is_over(skipping_time):
    async def story():
        bot, session = paced(0)
        session.refuse(429, "Too Many Requests: retry after 30", retry_after=30)
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(1, "x")
        await time_passes(29)
        with pytest.raises(TelegramRetryAfter) as silenced:
            await bot.send_message(1, "x")
        assert silenced.value.retry_after == 1
        await time_passes(1.01)
        await bot.send_message(1, "x")
        await bot.send_message(1, "x")
        assert len(session.calls) == 3

    skipping_time(story())


def test_a_silenced_chat_takes_nothing_of_the_pace_from_others(skipping_time):
    async def story():
        bot, session = paced(1)
        session.refuse(429, "Too Many Requests: retry after 3600", retry_after=3600)
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(1, "x")
        await time_passes(10)
        for _ in range(50):
            with pytest.raises(TelegramRetryAfter):
                await bot.send_message(1, "x")
        began = now()
        await bot.send_message(2, "x")
        assert now() == pytest.approx(began, abs=0.5)

    skipping_time(story())


def test_flood_control_without_a_chat_silences_nobody(skipping_time):
    async def story():
        bot, session = paced(0)
        session.refuse(429, "Too Many Requests: retry after 30", retry_after=30)
        with pytest.raises(TelegramRetryAfter):
            await bot.answer_callback_query("q")
        await bot.answer_callback_query("q")
        await bot.send_message(1, "x")
        assert len(session.calls) == 3

    skipping_time(story())


async def test_a_call_that_our_own_circuit_holds_back_hushes_no_chat():
    """Telegram has asked for nothing; and what is shared would silence the chat for healthy processes, too."""
    clock = FrozenClock()
    circuit = Circuit("telegram", clock)
    bot, session = paced(0)
    session.middleware(Guard(circuit))
    for _ in range(FAILURES_IN_A_ROW):
        circuit.failed()
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(1, "x")
    clock.advance(LONGEST_PAUSE_S)
    await bot.send_message(2, "x")
    assert circuit.state == "ok"
    await bot.send_message(1, "x")
    assert [call.params["chat_id"] for call in session.calls] == [2, 1]
