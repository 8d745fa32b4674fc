import asyncio

import pytest


async def test_updates_wait_until_they_are_confirmed(bot, anna):
    for text in ("one", "two", "three"):
        await anna.send_text(text)
    first = await bot("getUpdates", limit=2)
    assert [update["message"]["text"] for update in first] == ["one", "two"]
    assert await bot("getUpdates", limit=2) == first
    rest = await bot("getUpdates", offset=first[-1]["update_id"] + 1)
    assert [update["message"]["text"] for update in rest] == ["three"]
    assert (await bot("getWebhookInfo"))["pending_update_count"] == 1


async def test_a_negative_offset_keeps_only_the_newest(bot, anna):
    for text in ("one", "two", "three"):
        await anna.send_text(text)
    assert [update["message"]["text"] for update in await bot("getUpdates", offset=-2)] == ["two", "three"]
    assert len(await bot("getUpdates", offset=-9)) == 2


async def test_a_poll_waits_for_the_first_update(bot, emulator, anna):
    poll = asyncio.create_task(bot("getUpdates", timeout=30))
    await polling(emulator)
    assert not poll.done()
    await anna.send_text("now")
    assert (await poll)[0]["message"]["text"] == "now"


async def test_a_poll_without_time_returns_at_once(bot):
    assert await bot("getUpdates", timeout=0) == []


async def test_a_second_poller_ends_the_first(bot, emulator, anna):
    first = asyncio.create_task(bot.refusal("getUpdates", timeout=30))
    await polling(emulator)
    second = asyncio.create_task(bot("getUpdates", timeout=30))
    assert await first == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    await anna.send_text("x")
    assert len(await second) == 1


async def test_a_webhook_and_polling_exclude_each_other(bot, emulator):
    poll = asyncio.create_task(bot.refusal("getUpdates", timeout=30))
    await polling(emulator)
    await bot("setWebhook", url="http://127.0.0.1:9/hook")
    assert await poll == "Conflict: terminated by setWebhook request"
    assert "can't use getUpdates method while webhook is active" in await bot.refusal("getUpdates")
    await bot("deleteWebhook")
    assert await bot("getUpdates") == []


async def test_old_updates_expire(bot, clock, anna):
    await anna.send_text("old")
    clock.forward(24 * 3600 + 1)
    assert await bot("getUpdates") == []


async def test_allowed_updates_are_remembered(bot, anna):
    await bot("getUpdates", allowed_updates=["callback_query"])
    await anna.send_text("unseen")
    assert await bot("getUpdates") == []
    await bot("getUpdates", allowed_updates=[])
    await anna.send_text("seen")
    assert len(await bot("getUpdates")) == 1


@pytest.mark.parametrize("value", ["[", '{"a":1}', "[1]"])
async def test_a_bad_list_of_kinds_is_refused(bot, value):
    assert await bot.refusal("getUpdates", allowed_updates=value) == (
        "Bad Request: can't parse allowed updates JSON object"
    )


async def test_stopping_the_emulator_ends_a_poll(start, call_as_bot):
    from mock_server.telegram.server import run_telegram_emulator

    async with run_telegram_emulator() as emulator:
        poll = asyncio.create_task(call_as_bot(emulator)("getUpdates", timeout=50))
        await polling(emulator)
    assert await asyncio.wait_for(poll, 20) == []


async def polling(emulator) -> None:
    """Wait until the poll that was just started has arrived."""
    queue = emulator.control._world.polling
    turn = queue._turn
    async with asyncio.timeout(20):
        while queue._turn == turn:
            await emulator.control._world.updates.bell.wait()
