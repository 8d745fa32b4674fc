"""A model that writes: what the person reads grows with the text, from the stream or without it."""

import pytest

from bot.app import Overrides
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario import Scenario
from tests.support.clocks import RunningClock
from tests.support.darkroom import open_world, running_bot
from tests.support.flow import PHOTO, Impatient, all_closed, record
from tests.support.waiting import eventually

SPEAKS = MockReplicateConfig(delay_s=(3.0, 3.0))


def edits(world):
    return [call.params["text"] for call in world.chat.journal.calls_of("editMessageText") if call.status == 200]


def streams(world):
    return [call.status for call in world.models.calls if call.path.startswith("/v1/streams/")]


async def written(tmp_path, scenario=None, *, webhooks=True):
    """What the person read on the way, what in the end, and with which statuses the stream was read."""
    clock = RunningClock()
    async with open_world(SPEAKS if scenario is None else None) as world:
        world.models.scenario = scenario or Scenario()
        settings = world.settings(tmp_path, webhooks=webhooks, poll_interval_s=1)
        async with running_bot(settings, Overrides(clock=clock, random=Impatient())):
            person = world.person()
            await person.send_photo(PHOTO, caption="describe")
            await eventually(world.models.predictions)
            while scenario is None and not any(text_in(words) for words in edits(world)):
                seen = len(edits(world))
                clock.put_forward(4)  # past the time in which a fast job would flicker, and the next edit would
                await eventually(lambda seen=seen: len(edits(world)) > seen)
            await all_closed(tmp_path)
        (answer,) = person.bot_messages
        assert person.pings == 1, person.transcript()
        assert record(tmp_path)["status"] == "completed"
        return edits(world), answer.text, streams(world)


def text_in(words):
    """What was shown of a text that is being written, if that was more than a word's beginning."""
    head, _, text = words.partition("\n\n")
    return text if head == "✍ Writing…" and len(text) > 3 else ""


def is_on_the_way_to(answer, words):
    """Whether the message said that it is being written, and showed the beginning of it."""
    return bool(text_in(words)) and answer.startswith(text_in(words))


@pytest.mark.parametrize("webhooks", [True, False])
async def test_the_text_grows_in_the_message_as_it_is_written(tmp_path, webhooks):
    on_the_way, answer, statuses = await written(tmp_path, webhooks=webhooks)
    assert any(is_on_the_way_to(answer, words) for words in on_the_way), (on_the_way, answer)
    assert statuses == [200]


async def test_a_stream_that_is_cut_goes_on_where_it_was(tmp_path):
    """Without callbacks, so that nothing else can tell what was written; a piece that came twice would show."""
    clock = RunningClock()
    async with open_world(SPEAKS) as world:
        world.models.scenario = Scenario(stream_dropped=True)
        settings = world.settings(tmp_path, webhooks=False)
        async with running_bot(settings, Overrides(clock=clock, random=Impatient())):
            await world.person().send_photo(PHOTO, caption="describe")
            await eventually(lambda: len(streams(world)) > 3)
            clock.put_forward(4)  # past the time in which a fast job would flicker
            await eventually(lambda: edits(world))
        (prediction,) = world.models.predictions()
        assert is_on_the_way_to("".join(prediction.output), edits(world)[-1])
        assert len(edits(world)[-1].partition("\n\n")[2]) > len(prediction.output[0])


@pytest.mark.parametrize("webhooks", [True, False])
@pytest.mark.parametrize("status", [404, 503])
async def test_without_its_stream_a_text_is_delivered_all_the_same(tmp_path, status, webhooks):
    _, answer, statuses = await written(tmp_path, Scenario(stream_status=status), webhooks=webhooks)
    assert answer
    assert set(statuses) == {status}


async def test_a_model_that_fails_while_it_writes_says_so(tmp_path):
    async with open_world() as world, running_bot(world.settings(tmp_path)):
        world.models.scenario = Scenario(fail="nsfw")
        person = world.person()
        await person.send_photo(PHOTO, caption="describe")
        await all_closed_with_failure(person, tmp_path)


async def all_closed_with_failure(person, data_dir):
    await person.until(lambda: person.pings == 1, "the reason")
    await all_closed(data_dir)
    assert record(data_dir)["status"] == "failed"
    assert len(person.bot_messages) == 1
