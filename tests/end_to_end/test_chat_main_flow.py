"""The main flow, message by message, in every language: seen, in work, done; asked, canceled, failed, used up."""

import pytest

from bot.telegram.catalogues import locales
from bot.telegram.wording import text
from mock_server.replicate.scenario import Scenario
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, impatient
from tests.support.waiting import eventually

APP_LANGUAGE = {"en": "en", "ru": "ru", "pt_BR": "pt-br", "ko": "ko"}


def labels(message):
    return [button["text"] for button in message.buttons()]


@pytest.mark.parametrize("locale", locales())
async def test_a_photo_its_result_and_everything_that_can_come_between(world, tmp_path, locale):
    def say(key, **facts):
        return text(key, locale, **facts)

    async with running_bot(world.settings(tmp_path, user_daily_jobs=2), impatient()):
        person = world.person(APP_LANGUAGE[locale])
        world.models.next_scenario(Scenario(hold="processing"))
        photo = await person.send_photo(PHOTO)
        await person.until(lambda: ["👀"] in photo.reactions.values(), "sign that it was seen")
        status = await person.expect(button=say("cancel"))
        assert status.reply_to is photo
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        world.models.release()
        result = await person.expect(photo=True, within=10)
        assert result.caption.startswith(say("result"))
        assert result.caption.endswith(say("left_today", n=1))
        assert result.reply_to is photo
        await person.until(lambda: ["👍"] in photo.reactions.values(), "sign that it is done")
        assert labels(result) == [say("compare"), say("original_file"), say("again"), say("do_more"), "🗑"]
        await all_closed(tmp_path)
        assert status.deleted
        assert person.pings == 1

        world.models.next_scenario(Scenario(hold="processing"))
        await person.send_photo(PHOTO)
        status = await person.expect(button=say("cancel"))
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        press = await person.press(status, say("cancel"))
        assert (await press.answer())["text"] == say("canceling")
        await person.until(lambda: say("canceled") in status.all_text, "cancellation")
        assert labels(status) == [say("try_again")]
        await all_closed(tmp_path)

        world.models.next_scenario(Scenario(fail="nsfw"))
        await person.send_photo(PHOTO)
        failure = await person.expect(text=say("model_refused_content"), within=10)
        assert labels(failure) == [say("another_tool")]
        await all_closed(tmp_path)

        await person.send_photo(PHOTO)
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
        await person.send_photo(PHOTO)
        used_up = await person.expect(text=say("daily_quota", n=2, wait="…").partition("…")[0], within=10)
        assert labels(used_up) == [say("remind_me")]
        await all_closed(tmp_path)


async def test_a_choice_of_language_takes_effect_in_the_job_that_runs(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person("en")
        await person.send_photo(PHOTO)
        await person.expect(button=text("cancel", "en"))
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        await person.send_text("/language")
        await person.press(await person.expect(text=text("choose_language", "en")), "Русский")
        await person.expect(text=text("choose_language", "ru"))
        world.models.release()
        result = await person.expect(photo=True, within=10)
        assert text("result", "ru") in result.caption
        await all_closed(tmp_path)


async def test_cancel_by_command_stops_everything_that_runs(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        for _ in range(2):
            await person.send_photo(PHOTO)
        await eventually(lambda: sum(p.status == "processing" for p in world.models.predictions()) == 2)
        await person.send_text("/cancel")
        await person.expect(text=text("canceling_all", "en", n=2))
        await all_closed(tmp_path)
        assert sum(text("canceled", "en") in message.all_text for message in person.bot_messages) == 2
