"""Who has used up the day's photos and wants to be told is told once, when they are free again."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.jobs.steps.admit import ASK_AGAIN_S
from bot.telegram.button_data import job_data
from bot.telegram.reminder_bell import LOOK_EVERY_S, ReminderBell
from bot.telegram.wording import text
from storage import object_keys
from storage.errors import StorageRefusedError, StorageUnavailableError
from storage.reminders import Reminder, Reminders
from tests.support.chat_door import SIZES, ChatDoor
from tests.support.fakes import BEGIN, storage_down
from tests.support.skipped_time import time_passes

DAY_S = 24 * 3600


class Turns:
    def __init__(self):
        self.has_turn = True

    async def take(self, work, for_s):
        assert for_s < LOOK_EVERY_S
        return self.has_turn


@pytest.fixture
def door():
    return ChatDoor()


@pytest.fixture
def bell(door):
    return ReminderBell(door.bot, Reminders(door.world.store), door.people, Turns(), door.world.clock)


async def refused(door, message_id=5):
    """A photo was refused since the day's are used up; returns the job."""
    await door.people.change("tg-7", lambda person: replace(person, daily_jobs=0))
    await door.message(photo=SIZES, message_id=message_id)
    await door.process.run_ready()
    door.forget()
    return max(door.jobs, key=lambda job: job.origin.message_id)


def reminders(door):
    return door.world.store.keys(object_keys.REMINDERS)


async def test_a_clock_that_was_ahead_and_is_set_back_delays_nobody(door, bell):
    door.world.clock.advance(400 * DAY_S)
    job = await refused(door)
    await door.press(job_data("remind", job.id))
    door.forget()
    door.world.clock.advance(-400 * DAY_S)
    await bell.ring()
    await bell.ring()
    assert door.said == [text("reminder", "en")]


async def test_it_is_said_once_where_the_photo_was_sent_and_not_before_its_time(door, bell):
    job = await refused(door)
    await door.press(job_data("remind", job.id))
    assert door.said == [text("will_remind", "en")]
    door.forget()
    await bell.ring()
    assert door.said == []
    door.world.clock.advance(job.outcome.facts["wait_s"] + ASK_AGAIN_S)
    await bell.ring()
    await bell.ring()
    assert door.said == [text("reminder", "en")]
    (call,) = door.session.calls
    assert call.params["reply_parameters"]["message_id"] == job.origin.message_id
    assert not call.params.get("disable_notification")
    assert reminders(door) == []


async def test_two_refusals_and_a_press_that_comes_twice_are_one_reminder(door, bell):
    for message_id in (5, 6):
        job = await refused(door, message_id)
        door.world.clock.advance(5)
        for _ in range(2):
            await door.press(job_data("remind", job.id))
    assert len(reminders(door)) == 1


async def test_a_language_chosen_meanwhile_is_spoken(door, bell):
    await door.press(job_data("remind", (await refused(door)).id))
    await door.people.change("tg-7", lambda person: replace(person, locale="ko"))
    door.world.clock.advance(DAY_S)
    door.forget()
    await bell.ring()
    assert door.said == [text("reminder", "ko")]


async def test_while_telegram_is_busy_it_waits_but_not_for_ever(door, bell):
    await door.press(job_data("remind", (await refused(door)).id))
    door.world.clock.advance(DAY_S)
    door.session.refuse(429, "Too Many Requests: retry after 5", retry_after=5)
    await bell.ring()
    assert len(reminders(door)) == 1
    door.world.clock.advance(DAY_S)
    door.session.refuse(429, "Too Many Requests: retry after 5", retry_after=5)
    await bell.ring()
    assert reminders(door) == []


@pytest.mark.parametrize("fault", ["blocked", "unknown", "refused"])
async def test_who_is_gone_or_may_have_seen_it_is_not_tried_again(door, bell, fault):
    await door.press(job_data("remind", (await refused(door)).id))
    door.world.clock.advance(DAY_S)
    match fault:
        case "blocked":
            door.session.refuse(403, "Forbidden: bot was blocked by the user")
        case "unknown":
            door.session.break_line(TimeoutError())
        case "refused":
            door.session.refuse(400, "Bad Request: something new")
    await bell.ring()
    assert reminders(door) == []


async def test_a_banned_person_hears_nothing(door, bell):
    await door.press(job_data("remind", (await refused(door)).id))
    await door.people.change("tg-7", lambda person: replace(person, banned=True))
    door.world.clock.advance(DAY_S)
    door.forget()
    await bell.ring()
    assert door.said == []
    assert reminders(door) == []


async def test_one_that_cannot_be_read_does_not_keep_the_others_from_being_told(door, bell):
    store = door.world.store
    store.put_now(object_keys.reminder("tg-1", BEGIN), b"no JSON")
    store.put_now(object_keys.reminder("tg-2", BEGIN), b'{"v":99}')
    await Reminders(store).add(Reminder("tg-9", BEGIN, 9, "en"))
    await bell.ring()
    assert door.said == [text("reminder", "en")]
    assert reminders(door) == [object_keys.reminder("tg-2", BEGIN)], "a newer process can tell it"


async def test_while_the_storage_is_away_nobody_is_forgotten(door, bell):
    await Reminders(door.world.store).add(Reminder("tg-9", BEGIN, 9, "en"))
    door.world.faults.fail("store.list", storage_down)
    with pytest.raises(StorageUnavailableError):
        await bell.ring()
    await bell.ring()
    assert door.said == [text("reminder", "en")]


async def test_a_person_who_cannot_be_looked_up_now_is_told_later(door, bell):
    await Reminders(door.world.store).add(Reminder("tg-9", BEGIN, 9, "en"))
    door.world.faults.fail("store.list", storage_down, skip=1)  # the reminder is found, its person is not
    with pytest.raises(StorageUnavailableError):
        await bell.ring()
    assert len(reminders(door)) == 1
    await bell.ring()
    assert door.said == [text("reminder", "en")]


async def test_what_cannot_be_struck_off_is_not_said_again_and_again(door, bell):
    await Reminders(door.world.store).add(Reminder("tg-9", BEGIN, 9, "en"))
    door.world.faults.fail("store.delete", StorageRefusedError("no permission"), times=3)
    for _ in range(3):
        with pytest.raises(StorageRefusedError):
            await bell.ring()
    assert door.said == []
    await bell.ring()
    await bell.ring()
    assert door.said == [text("reminder", "en")]


async def test_deleting_everything_deletes_the_reminder(door):
    await door.press(job_data("remind", (await refused(door)).id))
    await door.press("m1:delete_me:")
    assert reminders(door) == []


async def test_a_button_on_a_job_that_was_not_refused_does_no_harm(door):
    await door.message(photo=SIZES)
    (job,) = door.jobs
    door.forget()
    await door.press(job_data("remind", job.id))
    assert door.said == [text("job_gone", "en")]
    assert reminders(door) == []


def test_it_rings_on_a_timer_and_only_in_one_process(skipping_time):
    async def story():
        door = ChatDoor()
        store = Reminders(door.world.store)
        turns = Turns()
        turns.has_turn = False
        await store.add(Reminder("tg-9", BEGIN + timedelta(seconds=1), 9, "en"))
        bell = ReminderBell(door.bot, store, door.people, turns, door.world.clock)
        task = asyncio.create_task(bell.run())
        door.world.clock.advance(2)
        await time_passes(LOOK_EVERY_S * 2)
        assert door.said == []
        turns.has_turn = True
        door.world.faults.fail("store.list", storage_down)
        door.world.faults.fail("store.list", RuntimeError("a fault of ours"))
        await time_passes(LOOK_EVERY_S * 4)
        task.cancel()
        assert door.said == [text("reminder", "en")]

    skipping_time(story())


async def test_it_follows_a_group_that_became_a_supergroup_and_quotes_nobody_there(door, bell):
    job = await refused(door)
    await door.press(job_data("remind", job.id))
    door.forget()
    door.world.clock.advance(job.outcome.facts["wait_s"] + ASK_AGAIN_S)
    door.session.refuse(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009001)
    await bell.ring()
    await bell.ring()
    old, new = door.session.calls
    assert (old.params["chat_id"], new.params["chat_id"]) == (7, -1009001)
    assert not new.params.get("reply_parameters")
    assert reminders(door) == []
