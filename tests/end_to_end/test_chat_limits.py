"""What people hear of their limits: what is left, when there is more, their place in line, a pause; and reminders."""

import re
from dataclasses import replace

from bot.app import Overrides
from bot.telegram.wording import text
from mock_server.replicate.scenario import Scenario
from tests.support import pictures
from tests.support.clocks import RunningClock
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, Impatient, all_closed, impatient, stored
from tests.support.waiting import eventually


async def a_photo(person, tmp_path):
    await person.send_photo(PHOTO)
    result = await person.expect(photo=True, within=10)
    await all_closed(tmp_path)
    return result


async def test_each_result_says_how_many_are_left_and_the_refusal_when_there_are_more(world, tmp_path):
    async with running_bot(world.settings(tmp_path, user_daily_jobs=2), impatient()):
        person = world.person()
        assert text("left_today", "en", n=1) in (await a_photo(person, tmp_path)).caption
        assert text("left_today", "en", n=0) in (await a_photo(person, tmp_path)).caption
        await person.send_photo(PHOTO)
        refusal = await person.expect(text="You have used all 2 photos of the day")
        assert re.search(r"possible in (1 day|23 hr 59 min)\.", refusal.all_text)
        assert [button["text"] for button in refusal.buttons()] == [text("remind_me", "en")]
        await all_closed(tmp_path)


async def test_who_chooses_how_many_photos_shall_be_worked_on_reads_how_many_may_be(world, tmp_path):
    album = [pictures.jpeg(160, 120), pictures.jpeg(120, 160), pictures.jpeg(120, 120)]
    async with running_bot(world.settings(tmp_path, user_daily_jobs=3), replace(impatient(), gather_s=0.2)):
        person = world.person("ru")
        await a_photo(person, tmp_path)
        await person.send_album(album)
        question = await person.expect(text=text("ask_album", "ru", n=3), within=10)
        assert question.text.splitlines()[1] == text("left_today", "ru", n=2)
        await person.press(question, text("first_photo", "ru"))
        result = await person.expect(photo=True, within=10)
        assert text("left_today", "ru", n=1) in result.caption
        await all_closed(tmp_path)


async def test_who_wants_to_be_reminded_is_when_the_day_is_over_even_by_another_run_of_the_bot(world, tmp_path):
    settings, clock = world.settings(tmp_path, user_daily_jobs=1), RunningClock()
    overrides = Overrides(clock=clock, random=Impatient())
    async with running_bot(settings, overrides):
        person = world.person()
        await a_photo(person, tmp_path)
        refused = await person.send_photo(PHOTO)
        refusal = await person.expect(text="You have used your 1 photo", within=10)
        await all_closed(tmp_path)
        for _ in range(2):
            press = await person.press(refusal, text("remind_me", "en"))
            assert (await press.answer())["text"] == text("will_remind", "en")
        assert len(stored(tmp_path, "reminders")) == 1
    clock.put_forward(24 * 3600)
    async with running_bot(settings, overrides):
        reminder = await person.expect(text=text("reminder", "en"), within=10)
        assert reminder.reply_to is refused
        await eventually(lambda: not stored(tmp_path, "reminders"))


async def test_several_that_wait_for_ones_own_know_their_place_and_move_up(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path, user_max_active_jobs=1), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        (first,) = await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        waiting = []
        for place in (1, 2):
            await person.send_photo(PHOTO)
            waiting.append(await person.expect(text=text("queued_behind_own", "en", place=place)))
        world.models.release(first.id)
        await person.expect(photo=True, within=10)
        await eventually(lambda: len([p for p in world.models.predictions() if p.status == "processing"]) == 1)
        for message in waiting:
            press = await person.press(message, text("cancel", "en"))
            assert (await press.answer())["text"] == text("canceling", "en")
        await all_closed(tmp_path)
