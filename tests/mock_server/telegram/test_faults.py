import aiohttp
import pytest

from tests.support import pictures


async def test_an_injected_error_hits_its_method_and_chat_as_often_as_asked(bot, emulator, anna):
    boris = emulator.control.add_user("Boris")
    emulator.control.fail("sendMessage", chat_id=anna.id, times=2, error_code=429, description="slow", retry_after=7)
    assert await bot("sendMessage", chat_id=boris.id, text="x")
    assert await bot("sendChatAction", chat_id=anna.id, action="typing")
    for _ in range(2):
        async with bot.session.post(f"{bot.url}/sendMessage", json={"chat_id": anna.id, "text": "x"}) as response:
            assert response.status == 429
            assert (await response.json())["parameters"] == {"retry_after": 7}
    assert await bot("sendMessage", chat_id=anna.id, text="x")
    assert emulator.control.faults.armed() == []


async def test_a_dropped_answer_is_delivered_all_the_same(bot, emulator, anna):
    emulator.control.fail("sendPhoto", action="drop_answer_after_delivery")
    with pytest.raises(aiohttp.ClientError):
        await bot("sendPhoto", chat_id=anna.id, photo=("x.png", pictures.png()))
    assert anna.pings == 1
    record = emulator.control.calls[-1]
    assert (record.status, record.fault) == (0, "drop_answer_after_delivery")


async def test_a_reset_before_does_nothing(bot, emulator, anna):
    emulator.control.fail("sendMessage", action="reset_before")
    with pytest.raises(aiohttp.ClientError):
        await bot("sendMessage", chat_id=anna.id, text="x")
    assert anna.messages == []


async def test_a_delay_shows_in_the_journal(bot, emulator):
    emulator.control.fail(action="none", delay_s=0.03)
    await bot("getMe")
    assert emulator.control.calls[-1].took_ms >= 30
    await bot("getMe")
    assert emulator.control.calls[-1].took_ms < 30


async def test_a_fault_without_end_stays_until_cleared(bot, emulator):
    emulator.control.fail(times=None, error_code=502, description="Bad Gateway")
    for _ in range(3):
        assert await bot.refusal("getMe") == "Bad Gateway"
    emulator.control.faults.clear()
    assert await bot("getMe")


@pytest.mark.parametrize(("mode", "allowed"), [("real", 5), ("harsh", 1)])
async def test_flood_limits_ask_to_wait_and_let_go_afterwards(bot, emulator, clock, anna, mode, allowed):
    emulator.control.set_flood(mode)
    for number in range(allowed):
        await bot("sendMessage", chat_id=anna.id, text=str(number))
    refusal = await bot.refusal("sendMessage", chat_id=anna.id, text="too much")
    wait_s = int(refusal.rpartition(" ")[2])
    assert refusal == f"Too Many Requests: retry after {wait_s}"
    boris = emulator.control.add_user("Boris")
    assert await bot("sendMessage", chat_id=boris.id, text="others go on")
    clock.forward(wait_s)
    assert await bot("sendMessage", chat_id=anna.id, text="again")


async def test_a_group_gets_20_messages_a_minute(bot, emulator, clock, anna):
    group = emulator.control.add_group("Friends", [anna])
    emulator.control.set_flood("real")
    for number in range(20):
        await bot("sendMessage", chat_id=group.id, text=str(number))
    assert await bot.refusal("sendMessage", chat_id=group.id, text="x") == "Too Many Requests: retry after 3"


async def test_the_whole_bot_sends_30_a_second(bot, emulator):
    emulator.control.set_flood("real")
    users = [emulator.control.add_user() for _ in range(31)]
    for user in users[:30]:
        await bot("sendMessage", chat_id=user.id, text="x")
    assert "Too Many Requests" in await bot.refusal("sendMessage", chat_id=users[30].id, text="x")
