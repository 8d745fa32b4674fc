"""Telegram that limits, fails, drops answers or refuses."""

import asyncio

import pytest

from mock_server.replicate.scenario import Scenario
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, delivered_once, ended_with, impatient, is_cancel, record
from tests.support.waiting import eventually

BUSY = {"error_code": 429, "description": "Too Many Requests: retry after 1", "retry_after": 1}
DROPPED = {"action": "drop_answer_after_delivery"}
NOT_REACHED = {"action": "reset_before"}
PHOTO_REFUSALS = ["PHOTO_INVALID_DIMENSIONS", "IMAGE_PROCESS_FAILED", "PHOTO_INVALID"]


def hold(world):
    world.models.scenario = Scenario(hold="processing")


async def at_the_model(world):
    """Wait until Replicate works on the photo."""
    return await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])


def calls(world, method):
    return world.chat.journal.calls_of(method)


async def test_a_429_on_the_status_message_only_delays_it(world, tmp_path):
    hold(world)
    world.chat.fail("sendMessage", **BUSY)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await at_the_model(world)
        await person.expect(text="The model has started")  # what is true by then
        world.models.release()
        await delivered_once(person, tmp_path)
    assert [c.status for c in calls(world, "sendMessage")] == [429, 200]


@pytest.mark.parametrize("method", ["getFile", "sendPhoto"])
async def test_a_429_on_the_way_to_a_result_only_delays_it(world, tmp_path, method):
    world.chat.fail(method, **BUSY)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    first, again = calls(world, method)[:2]
    assert (first.status, again.status) == (429, 200)
    assert again.at - first.at >= 1.0


async def test_a_429_on_the_reason_of_a_failure_only_delays_it(world, tmp_path):
    world.models.scenario = Scenario(fail="nsfw", hold="processing")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await at_the_model(world)
        world.chat.fail("sendMessage", **BUSY)
        world.models.release()
        await ended_with(person, tmp_path, "unsafe")
    assert person.pings == 1


async def test_a_429_on_an_edited_status_only_delays_it(world, tmp_path):
    world.models.next_scenario(Scenario(create_status=429, retry_after_s=1))
    world.chat.fail("editMessageText", **BUSY)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    assert calls(world, "editMessageText")[0].status == 429


async def test_a_429_while_an_unknown_delivery_is_settled_only_delays_it(world, tmp_path):
    world.chat.fail("sendPhoto", **NOT_REACHED)
    world.chat.fail("editMessageMedia", **BUSY)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
    assert [m for m in person.bot_messages if m.photo] == person.bot_messages
    assert person.pings == 0


async def test_a_chat_that_has_to_wait_holds_up_no_other(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        slow, quick = world.person(), world.person()
        world.chat.fail("sendPhoto", chat_id=slow.id, **(BUSY | {"retry_after": 4}))
        await slow.send_photo(PHOTO)
        await eventually(lambda: [c for c in calls(world, "sendPhoto") if c.chat_id == slow.id])
        await quick.send_photo(PHOTO)
        await quick.expect(photo=True)
        assert slow.pings == 0
        await delivered_once(slow, tmp_path)


@pytest.mark.parametrize("method", ["sendMessage", "getFile"])
@pytest.mark.parametrize("code", [500, 502])
async def test_a_5xx_on_what_may_be_repeated_leaves_no_trace(world, tmp_path, method, code):
    world.chat.fail(method, error_code=code, description="Bad Gateway")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)


@pytest.mark.parametrize(
    "fault",
    [{"error_code": 500}, {"error_code": 502, "description": "Bad Gateway"}, NOT_REACHED],
    ids=["500", "502", "connection cut"],
)
async def test_a_result_of_unknown_outcome_that_never_arrived_turns_the_status_into_the_result(world, tmp_path, fault):
    world.chat.fail("sendPhoto", **fault)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
    (result,) = person.bot_messages
    assert result.photo
    assert not any(is_cancel(button) for button in result.buttons())
    assert person.pings == 0
    assert len(calls(world, "sendPhoto")) == 1
    assert record(tmp_path)["message_ids"] == [result.message_id]


async def test_a_delivered_result_whose_answer_was_dropped_pings_once(world, tmp_path):
    world.chat.fail("sendPhoto", **DROPPED)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
    assert person.pings == 1
    assert len(calls(world, "sendPhoto")) == 1
    assert all(m.photo and not any(map(is_cancel, m.buttons())) for m in person.bot_messages)
    assert record(tmp_path)["status"] == "completed"


async def test_a_delivered_reason_whose_answer_was_dropped_pings_once(world, tmp_path):
    world.models.scenario = Scenario(fail="nsfw", hold="processing")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await at_the_model(world)
        world.chat.fail("sendMessage", **DROPPED)
        world.models.release()
        await person.expect(text="unsafe", within=10)
        await all_closed(tmp_path)
    assert person.pings == 1
    assert all("unsafe" in m.all_text and not any(map(is_cancel, m.buttons())) for m in person.bot_messages)
    assert record(tmp_path)["status"] == "failed"


async def test_a_dropped_answer_to_an_edit_is_repeated_and_changes_nothing(world, tmp_path):
    world.chat.fail("sendPhoto", **NOT_REACHED)
    world.chat.fail("editMessageMedia", **DROPPED)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
    (result,) = person.bot_messages
    assert result.photo
    assert person.pings == 0


@pytest.mark.parametrize("reason", PHOTO_REFUSALS)
async def test_a_result_that_is_refused_as_a_photo_comes_as_a_document(world, tmp_path, reason):
    world.chat.fail("sendPhoto", error_code=400, description=f"Bad Request: {reason}")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(document=True, within=10)
        await all_closed(tmp_path)
    (result,) = person.bot_messages
    assert result.document
    assert person.pings == 1


async def test_a_document_whose_answer_was_dropped_pings_once(world, tmp_path):
    world.chat.fail("sendPhoto", error_code=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS")
    world.chat.fail("sendDocument", **DROPPED)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(document=True, within=10)
        await all_closed(tmp_path)
    assert person.pings == 1


async def test_a_file_that_telegram_does_not_know_any_more_ends_in_a_sentence(world, tmp_path):
    refusal = "Bad Request: wrong file_id or the file is temporarily unavailable"
    world.chat.fail("getFile", error_code=400, description=refusal)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await ended_with(person, tmp_path, "Telegram no longer has this file")
    assert world.models.predictions() == ()


async def test_a_download_that_is_404_ends_in_a_sentence(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        person._world.files._by_path.clear()  # getFile still answers, the download does not
        await ended_with(person, tmp_path, "Telegram no longer has this file")
    assert world.models.predictions() == ()


async def test_an_answer_that_telegram_never_gives_to_a_command_harms_nothing(world, tmp_path):
    world.chat.fail("sendMessage", **NOT_REACHED)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_text("/language")
        await eventually(lambda: calls(world, "sendMessage"))
        await person.send_text("/help")
        await person.expect(text="What you can send")


async def test_a_pressed_button_whose_answer_is_limited_still_cancels(world, tmp_path):
    hold(world)
    world.chat.fail("answerCallbackQuery", **BUSY)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        status = await person.expect(button="✖ Cancel")
        await at_the_model(world)
        await person.press(status, "✖ Cancel")
        await person.expect(text="It does not count")
        await all_closed(tmp_path)
        (prediction,) = world.models.predictions()
        assert world.models.status(prediction.id) == "canceled"


async def test_cancel_pressed_five_times_is_one_cancellation(world, tmp_path):
    hold(world)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        status = await person.expect(button="✖ Cancel")
        await at_the_model(world)
        presses = [await person.press(status, "✖ Cancel") for _ in range(5)]
        await asyncio.gather(*(press.answer() for press in presses))
        await all_closed(tmp_path)
    (message,) = person.bot_messages
    assert "It does not count" in message.all_text
    assert record(tmp_path)["status"] == "canceled"


async def test_long_polling_goes_on_after_telegram_failed(world, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.telegram.intake.POLL_AGAIN_S", 0.05)
    world.chat.fail("getUpdates", error_code=502, description="Bad Gateway", times=2)
    world.chat.fail("getUpdates", **NOT_REACHED)
    async with running_bot(world.settings(tmp_path, webhooks=False), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)


async def test_a_telegram_that_is_down_at_the_start_is_registered_with_later(world, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.telegram.registration._ASK_AGAIN_S", 0.05)
    world.chat.fail("setWebhook", error_code=502, description="Bad Gateway", times=2)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)


@pytest.mark.parametrize("reason", ["MESSAGE_ID_INVALID", "message can't be deleted", "something new"])
async def test_a_job_is_closed_even_if_telegram_refuses_to_delete_its_status_message(world, tmp_path, reason):
    world.chat.fail("deleteMessages", error_code=400, description=f"Bad Request: {reason}", times=None)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.until(lambda: [m for m in person.bot_messages if m.photo], "result")
        await all_closed(tmp_path)
