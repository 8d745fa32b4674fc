import asyncio
import json

import aiohttp
import pytest
from aiohttp import web

from mock_server.telegram.webhook import backoff_s


@pytest.fixture
async def hooked(bot, webhook):
    assert await bot("setWebhook", url=webhook.url, secret_token="s3cret", max_connections=3)
    return webhook


async def settled(emulator):
    """Wait until every update is delivered or dropped."""
    async with asyncio.timeout(20):
        while emulator.control.pending_updates:
            await emulator.control.changed()


async def test_updates_come_with_the_secret_and_growing_ids(hooked, anna):
    await anna.send_text("one")
    await anna.send_text("two")
    updates = await hooked.received(2)
    assert hooked.texts == ["one", "two"]
    assert updates[0]["update_id"] < updates[1]["update_id"]
    assert hooked.headers[0]["X-Telegram-Bot-Api-Secret-Token"] == "s3cret"


async def test_one_chat_goes_one_by_one_and_chats_go_in_parallel(hooked, emulator, anna):
    boris = emulator.control.add_user("Boris", "ru")
    gate = asyncio.Event()

    async def wait_for_gate(_):
        await gate.wait()
        return web.Response()

    hooked.respond = wait_for_gate
    for number in range(3):
        await anna.send_text(f"a{number}")
    await boris.send_text("b0")
    await hooked.received(2)
    assert sorted(hooked.texts) == ["a0", "b0"]
    gate.set()
    await settled(emulator)
    assert [text for text in hooked.texts if text.startswith("a")] == ["a0", "a1", "a2"]
    assert hooked.open_at_most == 2


async def test_no_more_connections_than_allowed(hooked, emulator):
    gate = asyncio.Event()

    async def wait_for_gate(_):
        await gate.wait()
        return web.Response()

    hooked.respond = wait_for_gate
    for number in range(8):
        await emulator.control.add_user().send_text(str(number))
    await hooked.received(3)
    gate.set()
    await hooked.received(8)
    assert hooked.open_at_most == 3


async def test_a_button_press_overtakes_a_stuck_message(hooked, bot, anna):
    keyboard = {"inline_keyboard": [[{"text": "Cancel", "callback_data": "c"}]]}
    await bot("sendMessage", chat_id=anna.id, text="x", reply_markup=keyboard)
    gate = asyncio.Event()

    async def hold_messages(update):
        if "message" in update:
            await gate.wait()
        return web.Response()

    hooked.respond = hold_messages
    await anna.send_text("stuck")
    await hooked.received(1)
    await anna.press(anna.bot_messages[0], "Cancel")
    updates = await hooked.received(2)
    assert updates[1]["callback_query"]["data"] == "c"
    gate.set()


async def test_a_refused_update_is_tried_again_and_holds_back_its_chat(hooked, emulator, bot, anna):
    answers = iter([web.Response(status=500), web.Response(status=404)])

    async def fail_twice(_):
        return next(answers, web.Response())

    hooked.respond = fail_twice
    await anna.send_text("one")
    await anna.send_text("two")
    await settled(emulator)
    assert hooked.texts == ["one", "one", "one", "two"]
    records = emulator.control.deliveries
    assert [record.status for record in records] == [500, 404, 200, 200]
    assert [record.retry_in_s for record in records] == [0.0, 2.0, None, None]
    assert [record.attempt for record in records] == [1, 2, 3, 1]
    info = await bot("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 404 Not Found"
    assert info["pending_update_count"] == 0


async def test_retry_after_is_honoured_up_to_an_hour(hooked, emulator, anna):
    answers = iter([web.Response(status=503, headers={"Retry-After": wish}) for wish in ("5", "99999", "soon", "0")])

    async def ask_for_time(_):
        return next(answers, web.Response())

    hooked.respond = ask_for_time
    await anna.send_text("x")
    await settled(emulator)
    assert [record.retry_in_s for record in emulator.control.deliveries] == [5.0, 3600.0, 4.0, 8.0, None]


def test_backoff_doubles_up_to_one_or_two_minutes():
    assert [backoff_s(failures) for failures in (1, 2, 3, 4, 5)] == [0, 2, 4, 8, 16]
    assert all(60 <= backoff_s(failures) <= 120 for failures in (8, 20, 5000))


async def test_messages_expire_after_a_day_and_presses_after_150_s(hooked, emulator, bot, clock, anna):
    keyboard = {"inline_keyboard": [[{"text": "Cancel", "callback_data": "c"}]]}
    await bot("sendMessage", chat_id=anna.id, text="x", reply_markup=keyboard)
    broken = True

    async def fail_while_broken(_):
        return web.Response(status=500 if broken else 200)

    hooked.respond = fail_while_broken
    await anna.send_text("stuck")
    await anna.press(anna.bot_messages[0], "c")
    await hooked.received(2)
    clock.forward(151)
    before = len(hooked.updates)
    await hooked.received(before + 5)
    assert not any("callback_query" in update for update in hooked.updates[before + 1 :])
    assert emulator.control.pending_updates == 1
    clock.forward(24 * 3600)
    await anna.send_text("fresh")
    assert emulator.control.pending_updates == 1
    broken = False
    await settled(emulator)
    assert hooked.texts[-1] == "fresh"


async def test_a_webhook_that_does_not_answer_is_given_up_on(start, call_as_bot, webhook):
    emulator = await start(webhook_timeout_s=0.2)
    gate = asyncio.Event()

    async def hang_once(_):
        if len(webhook.updates) == 1:
            await gate.wait()
        return web.Response()

    webhook.respond = hang_once
    await call_as_bot(emulator)("setWebhook", url=webhook.url)
    await emulator.control.add_user().send_text("x")
    await settled(emulator)
    assert emulator.control.deliveries[0].error == "Read timeout expired"
    gate.set()


async def test_a_webhook_that_is_not_there_is_reported(bot, emulator, anna):
    await bot("setWebhook", url="http://127.0.0.1:9/hook")
    await anna.send_text("x")
    await emulator.control.changed()
    async with asyncio.timeout(20):
        while "last_error_message" not in (info := await bot("getWebhookInfo")):
            await emulator.control.changed()
    assert info["pending_update_count"] == 1
    assert "refused" in info["last_error_message"].lower()
    await bot("deleteWebhook", drop_pending_updates=True)
    assert (await bot("getWebhookInfo"))["pending_update_count"] == 0


@pytest.mark.parametrize("form", ["json", "multipart"])
async def test_a_call_in_the_answer_is_executed(hooked, emulator, anna, form):
    async def reply(update):
        call = {"method": "sendMessage", "chat_id": str(update["message"]["chat"]["id"]), "text": "from the answer"}
        if form == "json":
            return web.json_response(call)
        writer = aiohttp.MultipartWriter("form-data")
        for name, value in call.items():
            writer.append(value).set_content_disposition("form-data", name=name)
        return web.Response(body=writer, headers=dict(writer.headers))

    hooked.respond = reply
    await anna.send_text("hi")
    await anna.expect(text="from the answer")
    call = emulator.control.journal.calls_of("sendMessage")[0]
    assert (call.via, call.status) == ("webhook reply", 200)


async def test_a_bad_call_in_the_answer_counts_as_delivered(hooked, emulator, anna):
    answers = iter(['{"method":"sendMessage","chat_id":5,"text":"x"}', '{"method":"deleteWebhook"}', "{oops"])

    async def reply(_):
        return web.Response(text=next(answers, "ok"), content_type="application/json")

    hooked.respond = reply
    for _ in range(4):
        await anna.send_text("hi")
    await settled(emulator)
    assert len(hooked.updates) == 4
    assert [call.status for call in emulator.control.journal.calls_of("sendMessage")] == [400]
    assert emulator.control.journal.calls_of("deleteWebhook") == []


async def test_setting_the_same_webhook_again_changes_nothing(hooked, bot):
    same = {"url": hooked.url, "secret_token": "s3cret", "max_connections": 3}
    async with bot.session.post(f"{bot.url}/setWebhook", json=same) as response:
        assert await response.json() == {"ok": True, "result": True, "description": "Webhook is already set"}
    async with bot.session.post(f"{bot.url}/setWebhook", json=same | {"max_connections": 4}) as response:
        assert (await response.json())["description"] == "Webhook was set"


async def test_bad_webhooks_are_refused(bot):
    assert "invalid webhook URL" in await bot.refusal("setWebhook", url="ftp://x")
    assert "unallowed characters" in await bot.refusal("setWebhook", url="https://x.org", secret_token="a b")
    assert "too long" in await bot.refusal("setWebhook", url="https://x.org", secret_token="a" * 257)


async def test_only_allowed_kinds_are_sent(hooked, bot, emulator, anna):
    message = await anna.send_text("one")
    await anna.react(message, "👍")
    await bot("setWebhook", url=hooked.url, allowed_updates=["message_reaction"])
    await anna.send_text("unseen")
    await anna.react(message, "🔥")
    await settled(emulator)
    assert [next(iter(update.keys() - {"update_id"})) for update in hooked.updates] == ["message", "message_reaction"]
    assert (await bot("getWebhookInfo"))["allowed_updates"] == ["message_reaction"]


async def test_what_waited_is_delivered_once_a_webhook_is_set(bot, webhook, anna):
    await anna.send_text("early")
    await bot("setWebhook", url=webhook.url)
    await webhook.received(1)
    assert webhook.texts == ["early"]


async def test_an_update_can_be_delivered_again(hooked, emulator, anna):
    await anna.send_text("x")
    await settled(emulator)
    emulator.control.deliver_again(hooked.updates[0]["update_id"])
    await hooked.received(2)
    assert hooked.updates[0] == hooked.updates[1]


async def test_the_journal_has_no_secret(hooked, emulator):
    assert "s3cret" not in json.dumps([call.params for call in emulator.control.calls])
    assert emulator.control.journal.calls_of("setWebhook")[0].params["secret_token"] == "***"
