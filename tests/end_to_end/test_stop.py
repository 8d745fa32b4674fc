"""Stopping: what runs is finished, what waits is left to the next start, and Telegram goes on knowing the webhook."""

import asyncio
import gc

import pytest

from bot.app import Overrides
from mock_server.replicate.scenario import Scenario
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, Impatient, all_closed, delivered_once, impatient, record, stored
from tests.support.waiting import eventually

SLOW = {"action": "none", "delay_s": 0.5}


async def stopped_during(world, settings, method, overrides=None, fault=None):
    """Send a photo, and stop the bot while `method` is under way."""
    world.chat.fail(method, **(fault or SLOW))
    begun = len(world.chat.calls)
    async with running_bot(settings, overrides or impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(lambda: world.chat.faults.armed() == [], because=f"{method} has been called")
    assert len(world.chat.calls) > begun
    return person


async def test_a_delivery_in_progress_is_finished_before_the_process_ends(world, tmp_path):
    person = await stopped_during(world, world.settings(tmp_path), "sendPhoto")
    (result,) = [m for m in person.bot_messages if m.photo]
    assert record(tmp_path)["status"] == "completed"
    assert record(tmp_path)["message_ids"] == [result.message_id]
    assert stored(tmp_path, "open") == []
    assert person.pings == 1


async def test_no_session_and_no_task_is_left_behind(world, tmp_path):
    before = asyncio.all_tasks()
    await stopped_during(world, world.settings(tmp_path), "sendPhoto")
    gc.collect()  # an unclosed session or connection is a ResourceWarning, which is an error here
    await eventually(lambda: not [t for t in asyncio.all_tasks() - before if "bot" in repr(t.get_coro())])


@pytest.mark.parametrize("method", ["sendPhoto", "deleteMessages"])
async def test_a_job_stopped_at_its_last_calls_ends_with_one_result_after_the_next_start(world, tmp_path, method):
    settings = world.settings(tmp_path)
    person = await stopped_during(world, settings, method)
    async with running_bot(settings, impatient()):
        await delivered_once(person, tmp_path)
    assert len(world.models.predictions()) == 1


async def test_a_delivery_that_is_cut_short_is_settled_by_the_next_start(world, tmp_path):
    settings = world.settings(tmp_path)
    hasty = Overrides(random=Impatient(), drain_s=0.05)
    fault = {"action": "none", "delay_s": 1.0}
    person = await stopped_during(world, settings, "sendPhoto", hasty, fault)
    assert record(tmp_path)["status"] == "processing"
    async with running_bot(settings, impatient()):
        await all_closed(tmp_path)
    assert person.pings <= 1
    assert [m for m in person.bot_messages if m.photo]
    assert record(tmp_path)["status"] == "completed"


async def test_the_webhook_is_not_deleted(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    assert world.chat.journal.calls_of("deleteWebhook") == []
    assert len(world.chat.journal.calls_of("setWebhook")) == 1


async def test_updates_that_came_while_it_was_stopped_are_taken_at_the_next_start(world, tmp_path):
    settings = world.settings(tmp_path)
    async with running_bot(settings, impatient()):
        person = world.person()
    await person.send_photo(PHOTO)
    await eventually(lambda: world.chat.deliveries, because="Telegram has tried and failed")
    assert world.chat.deliveries[0].status is None
    async with running_bot(settings, impatient()):
        await delivered_once(person, tmp_path)


async def test_a_prediction_that_ended_while_it_was_stopped_is_delivered_after_the_next_start(world, tmp_path):
    world.models.scenario = Scenario(delay_s=0.8)
    settings = world.settings(tmp_path, poll_interval_s=0.2)
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        # The first line of progress is written when the model has read its input, from the bot's own files.
        await eventually(lambda: [p for p in world.models.predictions() if "%" in p.logs])
    (prediction,) = world.models.predictions()
    await world.models.ended(prediction.id)
    async with running_bot(settings, impatient()):
        await delivered_once(person, tmp_path)
    assert len(world.models.predictions()) == 1


async def test_stopping_with_nothing_to_do_takes_no_time(world, tmp_path):
    loop = asyncio.get_running_loop()
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
        begun = loop.time()
    assert loop.time() - begun < 2.0


async def test_stopping_with_jobs_that_wait_does_not_wait_for_them(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    loop = asyncio.get_running_loop()
    async with running_bot(world.settings(tmp_path, webhooks=False), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(world.models.predictions)
        await eventually(lambda: record(tmp_path)["slots"][0].get("prediction_id"))
        begun = loop.time()
    assert loop.time() - begun < 3.0
    assert len(stored(tmp_path, "open")) == 1


@pytest.mark.parametrize("method", ["sendMessage", "getFile"])
async def test_a_stop_creates_no_prediction_whose_input_nobody_can_read_any_more(world, tmp_path, method):
    world.chat.fail(method, action="none", delay_s=0.4)
    settings = world.settings(tmp_path)
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(lambda: world.chat.faults.armed() == [])
    async with running_bot(settings, impatient()):
        await delivered_once(person, tmp_path)
