"""What the one status message says as time passes, and what it does not: told by the clock, not by guesses."""

import json

from PIL import Image

from bot.app import Overrides
from bot.telegram.wording import text
from mock_server.replicate.scenario import Scenario
from tests.support import pictures
from tests.support.clocks import RunningClock
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, Impatient, all_closed, impatient, record
from tests.support.waiting import eventually


async def in_status(world, status):
    await eventually(lambda: [p for p in world.models.predictions() if p.status == status])


class Later:
    """Puts the clock forward and has every job looked at, as its timer would."""

    def __init__(self, world, tmp_path):
        self.clock, self.boss = RunningClock(), world.chat.add_user("Boss")
        self.settings = world.settings(tmp_path, admin_ids=frozenset({self.boss.id}))
        self.overrides = Overrides(clock=self.clock, random=Impatient())

    async def __call__(self, seconds):
        self.clock.put_forward(seconds)
        await self.boss.send_text("/resume")


async def test_a_long_run_is_said_to_take_longer_than_usual_and_then_that_the_chat_can_be_closed(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    later = Later(world, tmp_path)
    async with running_bot(later.settings, later.overrides):
        person = world.person()
        photo = await person.send_photo(PHOTO)
        status = await person.expect(button=text("cancel", "en"))
        await in_status(world, "processing")
        await later(6)
        await person.expect(text="It usually takes")
        await later(60)
        await person.expect(text=text("late", "en"))
        assert text("close_chat", "en") not in status.all_text
        await later(180)
        await person.expect(text=text("close_chat", "en"))
        assert list(person.bot_messages) == [status], "all of it in one message"
        assert person.pings == 0
        world.models.release()
        result = await person.expect(photo=True, within=10)
        assert result.reply_to is photo
        await all_closed(tmp_path)
        assert status.deleted
        assert person.pings == 1


async def test_a_cold_start_is_named_once_replicate_has_said_so(world, tmp_path):
    world.models.scenario = Scenario(hold="starting")
    later = Later(world, tmp_path)
    async with running_bot(later.settings, later.overrides):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(text=text("accepted", "en"))
        await eventually(lambda: record(tmp_path)["slots"][0].get("prediction_id"))
        await later(11)  # past the time in which a warm model begins
        status = await person.expect(text=text("cold_start", "en"))
        await person.press(status, text("cancel", "en"))
        await all_closed(tmp_path)


async def test_five_minutes_without_an_answer_end_with_a_reason_and_a_way_to_try_again(world, tmp_path):
    world.models.next_scenario(Scenario(hold="processing"))
    later = Later(world, tmp_path)
    settings = later.settings.model_copy(update={"job_timeout_s": 300})
    async with running_bot(settings, later.overrides):
        person = world.person()
        await person.send_photo(PHOTO)
        await in_status(world, "processing")
        await later(301)
        failure = await person.expect(text=text("timeout", "en"), within=10)
        assert "does not count" in failure.all_text
        later.clock.put_forward(-301)  # or what Replicate signs would be taken for stale
        await person.press(failure, text("try_again", "en"))
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)


async def test_a_model_known_to_be_quick_gets_no_message_that_comes_and_goes(world, tmp_path):
    known = {"seconds": {"restore": [0.4] * 20}, "v": 1}
    (tmp_path / "stats").mkdir()
    (tmp_path / "stats" / "run_times.json").write_text(json.dumps(known))
    world.models.next_scenario(Scenario(fail="nsfw"))
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(text=text("model_refused_content", "en"), within=10)
        await all_closed(tmp_path)
        said_before = len(world.chat.journal.calls_of("sendMessage"))
        photo = await person.send_photo(PHOTO, caption="restore please")
        await person.until(lambda: ["👀"] in photo.reactions.values(), "sign that it was seen")
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
        assert len(world.chat.journal.calls_of("sendMessage")) == said_before


async def test_the_chat_says_sending_a_photo_only_at_the_end_and_only_while_that_takes_time(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
        assert "sendChatAction" not in [call.method for call in world.chat.calls]
        noise = Image.effect_noise((700, 500), 90).convert("RGB")
        await person.send_photo(pictures.saved(noise, "PNG"), as_file=True, filename="noise.png")
        await person.expect(photo=True, within=20)
        await all_closed(tmp_path)
        methods = [call.method for call in world.chat.calls]
        assert methods.count("sendChatAction") == 1
        last_download = max(n for n, method in enumerate(methods) if method == "getFile")
        assert last_download < methods.index("sendChatAction")
