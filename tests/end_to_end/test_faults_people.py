"""People who block the bot, leave, delete messages, or whose chat takes no pictures."""

import pytest

from mock_server.replicate.scenario import Scenario
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, delivered_once, impatient, record, stored
from tests.support.waiting import eventually

BLOCKED = {"error_code": 403, "description": "Forbidden: bot was blocked by the user"}
DEACTIVATED = {"error_code": 403, "description": "Forbidden: user is deactivated"}
BUSY = {"error_code": 429, "description": "Too Many Requests: retry after 1", "retry_after": 1}
NOT_REACHED = {"action": "reset_before"}


def hold(world):
    world.models.scenario = Scenario(hold="processing")


async def at_the_model(world):
    """Wait until Replicate works on the photo."""
    return await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])


@pytest.mark.parametrize("fault", [BLOCKED, DEACTIVATED], ids=["blocked", "deactivated"])
async def test_a_person_who_is_gone_at_the_announcement_costs_no_prediction(world, tmp_path, fault):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        world.chat.fail("*", chat_id=person.id, times=None, **fault)
        await person.send_photo(PHOTO)
        await all_closed(tmp_path)
    assert world.models.predictions() == ()
    assert record(tmp_path)["status"] == "canceled"
    assert person.bot_messages == []


async def test_a_person_who_is_gone_when_the_status_changes_has_the_prediction_canceled(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    world.models.next_scenario(Scenario(create_status=429, retry_after_s=1))
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        world.chat.fail("editMessageText", chat_id=person.id, times=None, **BLOCKED)
        await person.send_photo(PHOTO)
        await all_closed(tmp_path)
    assert record(tmp_path)["status"] == "canceled"
    assert [world.models.status(p.id) for p in world.models.predictions()] in ([], ["canceled"])


async def test_a_person_who_blocks_the_bot_before_the_delivery_closes_the_job(world, tmp_path):
    hold(world)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await at_the_model(world)
        await person.block_bot()
        world.models.release()
        await all_closed(tmp_path)
    assert record(tmp_path)["status"] in ("completed", "canceled")
    assert person.pings == 0
    assert stored(tmp_path, "tasks") == []


async def test_a_person_who_blocks_the_bot_while_an_unknown_delivery_is_settled_closes_the_job(world, tmp_path):
    world.chat.fail("sendPhoto", **NOT_REACHED)
    world.chat.fail("editMessageMedia", **BLOCKED)
    world.chat.fail("deleteMessages", **BLOCKED)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await all_closed(tmp_path)
    assert person.pings == 0


async def test_a_person_who_blocks_the_bot_before_they_hear_of_a_failure_closes_the_job(world, tmp_path):
    world.models.scenario = Scenario(fail="nsfw", hold="processing")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await at_the_model(world)
        await person.block_bot()
        world.models.release()
        await all_closed(tmp_path)


async def test_a_deleted_status_message_does_not_keep_the_result_away(world, tmp_path):
    hold(world)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        status = await person.expect(text="accepted")
        await at_the_model(world)
        await person.delete_message(status)
        world.models.release()
        await delivered_once(person, tmp_path)


async def test_a_deleted_status_message_is_not_sent_again_while_the_job_waits(world, tmp_path):
    world.models.next_scenario(Scenario(create_status=429, retry_after_s=1))
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        world.chat.fail("getFile", action="none", delay_s=0.2)
        await person.send_photo(PHOTO)
        await person.delete_message(await person.expect(text="accepted"))
        await delivered_once(person, tmp_path)


async def test_with_the_status_deleted_a_result_of_unknown_outcome_comes_without_a_ping(world, tmp_path):
    hold(world)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        status = await person.expect(text="accepted")
        await at_the_model(world)
        await person.delete_message(status)
        world.chat.fail("sendPhoto", **NOT_REACHED)
        world.models.release()
        await person.until(lambda: [m for m in person.bot_messages if m.photo], "result")
        await all_closed(tmp_path)
    assert (len(person.bot_messages), person.pings) == (1, 0)


async def test_a_deleted_photo_still_gets_its_result(world, tmp_path):
    hold(world)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        sent = await person.send_photo(PHOTO)
        await at_the_model(world)
        await person.delete_message(sent)
        world.models.release()
        result = await delivered_once(person, tmp_path)
    assert result.reply_to is None


@pytest.mark.parametrize("reason", ["not enough rights to send photos to the chat", "CHAT_SEND_PHOTOS_FORBIDDEN"])
async def test_a_chat_that_takes_no_pictures_is_told_so_in_words(world, tmp_path, reason):
    for method in ("sendPhoto", "sendDocument", "editMessageMedia"):
        world.chat.fail(method, error_code=400, description=f"Bad Request: {reason}", times=None)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await all_closed(tmp_path, within=15)
        assert person.bot_messages, person.transcript()


async def test_a_person_who_blocks_the_bot_has_the_running_prediction_canceled(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        (prediction,) = await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        await person.block_bot()
        await eventually(lambda: world.models.status(prediction.id) == "canceled")
        await all_closed(tmp_path)


@pytest.mark.parametrize(
    "fault",
    [
        BUSY,
        {"error_code": 502, "description": "Bad Gateway"},
        {"action": "reset_before"},
    ],
    ids=["429", "502", "connection cut"],
)
async def test_a_status_message_that_could_not_be_taken_away_at_once_is_taken_away_later(world, tmp_path, fault):
    world.chat.fail("deleteMessages", **fault)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.until(lambda: [m for m in person.bot_messages if m.photo], "result")
        await person.until(lambda: len(person.bot_messages) == 1, "status message taken away")
        await all_closed(tmp_path)


async def test_a_result_that_telegram_takes_for_too_large_ends_in_a_sentence(world, tmp_path):
    for method in ("sendPhoto", "sendDocument", "editMessageMedia"):
        world.chat.fail(method, error_code=413, description="Request Entity Too Large", times=None)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await all_closed(tmp_path)
        assert person.bot_messages, person.transcript()
