"""What a person sees while a model works: in a real chat, from real callbacks, in all languages."""

import pytest

from bot.app import Overrides
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario import Scenario
from tests.support.clocks import RunningClock
from tests.support.darkroom import open_world, running_bot
from tests.support.flow import PHOTO, Impatient, delivered_once, record, stored
from tests.support.waiting import eventually

# Slow enough for each line of progress to be a callback of its own.
SLOW = MockReplicateConfig(delay_s=(0.5, 0.5), webhook_throttle_s=0)
AT_WORK = {
    "en": ("Working on it: {}% done", "It usually takes"),
    "ru": ("работе: готово {} %", "Обычно это занимает"),
    "pt-br": ("Em andamento: {}% pronto", "Normalmente leva"),
    "ko": ("작업 중: {}% 완료", "걸립니다"),
}


def edits(world):
    return [call.params["text"] for call in world.chat.journal.calls_of("editMessageText") if call.status == 200]


@pytest.mark.parametrize("language", AT_WORK)
async def test_the_message_tells_in_the_persons_language_how_far_the_model_is(tmp_path, language):
    clock = RunningClock()
    overrides = Overrides(clock=clock, random=Impatient())
    async with open_world(SLOW) as world, running_bot(world.settings(tmp_path), overrides):
        person = world.person(language)
        await person.send_photo(PHOTO)
        await eventually(lambda: world.models.deliveries)
        (shown,) = person.bot_messages
        clock.put_forward(4)  # past the time in which a fast job would flicker
        await eventually(lambda: edits(world))
        assert list(shown.buttons())
        await delivered_once(person, tmp_path)
    percent, usual = AT_WORK[language]
    told = [words for words in edits(world) if any(percent.format(p) in words for p in range(100))]
    assert told, edits(world)
    assert usual in told[0]
    assert len(edits(world)) <= 2, "not more often than every three seconds"
    assert record(tmp_path)["status_shown"] == "accepted", "progress is not written"
    assert person.pings == 1
    assert stored(tmp_path, "stats") == ["run_times.json"]


async def test_a_person_who_cancels_while_the_model_works_sees_no_more_of_it(world, tmp_path):
    clock = RunningClock()
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path), Overrides(clock=clock, random=Impatient())):
        person = world.person()
        await person.send_photo(PHOTO)
        shown = await person.expect(text="accepted")
        await eventually(lambda: world.models.deliveries)
        clock.put_forward(4)
        await person.press(shown, "✖ Cancel")
        await person.expect(text="It does not count")
        world.models.release()
        await world.models.idle()
    assert [m.all_text for m in person.bot_messages] == ["✖ Canceled. It does not count."]
