"""Limits per person and for predictions in flight: who waits is told so and goes on alone; who is refused knows why."""

import re

from bot.app import Overrides
from mock_server.replicate.scenario import Scenario
from mock_server.telegram.config import TelegramEmulatorConfig
from tests.support.clocks import RunningClock
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, Impatient, all_closed, delivered_once, ended_with, impatient, records, stored
from tests.support.waiting import eventually

MENTION = f"@{TelegramEmulatorConfig().bot_username}"


def results(person):
    return [m for m in person.bot_messages if m.photo]


async def test_a_third_photo_waits_for_the_persons_own_and_goes_on_by_itself(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path, user_max_active_jobs=2), impatient()):
        person = world.person()
        for _ in range(3):
            await person.send_photo(PHOTO)
        waiting = await person.expect(text="Your other photos come first: this one is number 1 in line.")
        await eventually(lambda: len(world.models.predictions()) == 2)
        assert list(waiting.buttons())
        first, _ = world.models.predictions()
        await eventually(lambda: first.status == "processing")
        world.models.release(first.id)
        await eventually(lambda: len(world.models.predictions()) == 3)
        await eventually(lambda: all(p.status == "processing" for p in world.models.predictions()[1:]))
        world.models.release()
        await all_closed(tmp_path)
    assert len(results(person)) == len(person.bot_messages) == 3
    assert person.pings == 3


async def test_ten_photos_at_once_all_come_back_two_at_a_time(world, tmp_path):
    async with running_bot(world.settings(tmp_path, user_max_active_jobs=2), impatient()):
        person = world.person()
        for _ in range(10):
            await person.send_photo(PHOTO)
        await person.until(lambda: len(results(person)) == 10, "ten results", within=20)
        await all_closed(tmp_path)
    assert person.pings == 10
    assert len(world.models.predictions()) == 10


async def test_one_person_waiting_does_not_make_another_wait(world, tmp_path):
    world.models.next_scenario(Scenario(hold="processing"))
    async with running_bot(world.settings(tmp_path, user_max_active_jobs=1), impatient()):
        greedy, other = world.person(), world.person()
        await greedy.send_photo(PHOTO)
        await eventually(world.models.predictions)
        await greedy.send_photo(PHOTO)
        await greedy.expect(text="Your other photos come first")
        await other.send_photo(PHOTO)
        await other.expect(photo=True)
        assert results(greedy) == []
        (held, *_) = world.models.predictions()
        await eventually(lambda: held.status == "processing")
        world.models.release()
        await greedy.until(lambda: len(results(greedy)) == 2, "both results", within=10)
        await all_closed(tmp_path)


async def test_a_waiting_photo_can_be_canceled(world, tmp_path):
    world.models.next_scenario(Scenario(hold="processing"))
    async with running_bot(world.settings(tmp_path, user_max_active_jobs=1), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        await person.send_photo(PHOTO)
        waiting = await person.expect(text="Your other photos come first")
        await person.press(waiting, "✖ Cancel")
        await person.expect(text="It does not count")
        world.models.release()
        await person.expect(photo=True)
        await all_closed(tmp_path)
    assert len(world.models.predictions()) == 1
    assert sorted(r["status"] for r in records(tmp_path)) == ["canceled", "completed"]


async def test_the_days_quota_is_refused_with_the_time_and_costs_nothing(world, tmp_path):
    async with running_bot(world.settings(tmp_path, user_daily_jobs=2), impatient()):
        person = world.person()
        for number in (1, 2):
            await person.send_photo(PHOTO)
            await person.until(lambda n=number: len(results(person)) == n, "result", within=10)
            await all_closed(tmp_path)
        await person.send_photo(PHOTO)
        refusal = await person.expect(text="You have used all 2 photos of the day.")
        await all_closed(tmp_path)
    assert re.search(r"possible in (1 day|23 hr 59 min)\.", refusal.all_text)
    assert len(world.models.predictions()) == 2
    assert len(stored(tmp_path, f"history/tg-{person.id}")) == 2


async def test_the_quota_returns_after_a_day(world, tmp_path):
    clock = RunningClock()
    async with running_bot(world.settings(tmp_path, user_daily_jobs=1), Overrides(clock=clock, random=Impatient())):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True)
        await all_closed(tmp_path)
        clock.put_forward(23 * 3600)
        await person.send_photo(PHOTO)
        refusal = await person.expect(text="You have used your 1 photo")
        assert re.search(r"possible in (1 hr|59 min)\.", refusal.all_text)


async def test_the_quota_is_remembered_over_a_restart(world, tmp_path):
    settings = world.settings(tmp_path, user_daily_jobs=1)
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    async with running_bot(settings, impatient()):
        await person.send_photo(PHOTO)
        await person.expect(text="You have used your 1 photo")
        await all_closed(tmp_path)
    assert len(world.models.predictions()) == 1


async def test_failures_and_cancellations_do_not_count(world, tmp_path):
    world.models.next_scenario(Scenario(fail="nsfw"))
    world.models.next_scenario(Scenario(create_status=402))
    world.models.next_scenario(Scenario(output="gone"))
    world.models.next_scenario(Scenario(hold="processing"))
    async with running_bot(world.settings(tmp_path, user_daily_jobs=1), impatient()):
        person = world.person()
        for _ in range(3):
            await person.send_photo(PHOTO)
            await person.expect(text="It does not count against your limit.")
            await all_closed(tmp_path)
        await person.send_photo(PHOTO)
        status = await person.expect(button="✖ Cancel", text="accepted")
        await eventually(lambda: len(world.models.predictions()) == 3)
        await person.press(status, "✖ Cancel")
        await person.expect(text="✖ Canceled. It does not count.")
        await all_closed(tmp_path)
        await person.send_photo(PHOTO)
        await person.expect(photo=True)
        await all_closed(tmp_path)
    assert [r["status"] for r in records(tmp_path)] == ["failed"] * 3 + ["canceled", "completed"]


async def test_photos_at_once_cannot_overdraw_the_quota(world, tmp_path):
    async with running_bot(world.settings(tmp_path, user_daily_jobs=3), impatient()):
        person = world.person()
        for _ in range(6):
            await person.send_photo(PHOTO)
        await person.until(lambda: len(person.bot_messages) >= 6, "six answers", within=10)
        await all_closed(tmp_path)
    assert len(results(person)) == 3
    assert len(world.models.predictions()) == 3


async def test_no_more_predictions_are_in_flight_than_allowed_and_who_waits_is_told(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path, replicate_max_active=1), impatient()):
        people = [world.person() for _ in range(3)]
        await people[0].send_photo(PHOTO)
        await eventually(world.models.predictions)
        for person in people[1:]:
            await person.send_photo(PHOTO)
            await person.expect(text="In line: number")
        for number in (1, 2, 3):
            await eventually(lambda n=number: len(world.models.predictions()) == n)
            running = [p for p in world.models.predictions() if not p.is_terminal]
            assert len(running) == 1
            await eventually(lambda r=running: r[0].status == "processing")
            world.models.release()
        for person in people:
            await delivered_once(person, tmp_path)


async def test_a_place_comes_free_when_the_create_call_is_refused(world, tmp_path):
    world.models.next_scenario(Scenario(create_status=402))
    async with running_bot(world.settings(tmp_path, replicate_max_active=1), impatient()):
        first, second = world.person(), world.person()
        await first.send_photo(PHOTO)
        await ended_with(first, tmp_path, "My credit for the models is used up")
        await second.send_photo(PHOTO)
        await delivered_once(second, tmp_path)


async def test_only_the_people_named_may_use_the_bot(world, tmp_path):
    friend, stranger = world.person(), world.person("ko")
    async with running_bot(world.settings(tmp_path, allowed_ids=frozenset({friend.id})), impatient()):
        await stranger.send_photo(PHOTO)
        await stranger.send_text("/start")
        await stranger.send_album([PHOTO, PHOTO])
        await stranger.until(lambda: len(stranger.bot_messages) == 4, "four refusals")
        assert {m.all_text for m in stranger.bot_messages} == {"비공개 봇입니다."}
        await friend.send_photo(PHOTO)
        await delivered_once(friend, tmp_path)
    assert len(world.models.predictions()) == 1
    assert {r["origin"]["user"] for r in records(tmp_path)} == {f"tg-{friend.id}"}


async def test_in_a_group_a_person_who_is_not_allowed_is_ignored_in_silence(world, tmp_path):
    friend, stranger = world.person(), world.person()
    group = world.chat.add_group("Family", [friend, stranger])
    async with running_bot(world.settings(tmp_path, allowed_ids=frozenset({friend.id})), impatient()):
        await stranger.in_chat(group).send_photo(PHOTO, caption=MENTION)
        await friend.in_chat(group).send_photo(PHOTO, caption=MENTION)
        result = await friend.in_chat(group).expect(photo=True, within=10)
        await all_closed(tmp_path)
    assert result.reply_to.sender_id == friend.id
    assert len(records(tmp_path)) == 1
