"""A model of several pictures: the first ones are seen while it still makes the others."""

import pytest

from bot.app import Overrides
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario import Scenario
from replicate_gateway.presets import load_presets
from tests.support.clocks import RunningClock
from tests.support.darkroom import open_world, running_bot
from tests.support.flow import PHOTO, Impatient, all_closed, is_cancel, record
from tests.support.model_runs import begun
from tests.support.waiting import eventually

SERIES = """
[series]
titles = { en = "A series" }
model = "bytedance/seedream-4"
official = true
images_field = "image_input"
prompt_field = "prompt"
fixed = { prompt = "the same in winter", sequential_image_generation = "auto", max_images = 3 }
typical_s = 20
price_hint_usd = 0.09
"""
SLOW = MockReplicateConfig(delay_s=(100, 100), webhook_throttle_s=0)  # by the mock's own clock
NEXT_EDIT_S = 7  # what was to be looked at in three seconds is then overdue, and so is what follows


@pytest.fixture
def overrides(tmp_path):
    presets = tmp_path / "presets.toml"
    presets.write_text(SERIES)
    return Overrides(clock=RunningClock(), random=Impatient(), presets=load_presets(presets))


def media_edits(world):
    return [call for call in world.chat.journal.calls_of("editMessageMedia") if call.status == 200]


def step(world):
    """A tenth of the run passes; not more, or the next lines would come at once."""
    world.models.advance(world.models.predictions()[0].phases.running_s / 10)


async def work(world, pictures):
    """Let the model go on until it has made so many pictures, and the bot was told."""
    prediction = await begun(world.models)
    await eventually(lambda: "0%" in prediction.logs)
    while prediction.revealed < pictures:
        lines = prediction.logs
        step(world)
        await eventually(lambda lines=lines: prediction.logs != lines or prediction.is_terminal)
    await eventually(lambda: len(world.models.deliveries_of(prediction.id, "output")) >= pictures)


async def first_picture(world, person, clock):
    """The status message, once it shows a picture."""
    await person.send_photo(PHOTO, caption="series")
    await work(world, 1)
    clock.put_forward(NEXT_EDIT_S)
    step(world)
    await eventually(lambda: media_edits(world))
    (shown,) = person.bot_messages
    return shown


async def test_the_first_pictures_are_seen_while_the_others_are_made(tmp_path, overrides):
    data = tmp_path / "data"
    async with open_world(SLOW) as world, running_bot(world.settings(data), overrides):
        person = world.person()
        shown = await first_picture(world, person, overrides.clock)
        assert shown.photo
        assert "Ready so far: 1" in shown.caption, shown.caption
        assert any(is_cancel(button) for button in shown.buttons())
        await work(world, 2)
        overrides.clock.put_forward(NEXT_EDIT_S)
        step(world)
        await eventually(lambda: "Ready so far: 2" in shown.caption)
        world.models.advance(100)
        await person.until(lambda: len(person.bot_messages) == 3, "the album")
        await all_closed(data)
    assert len(media_edits(world)) == 2, "each picture is uploaded once, whatever else is told"
    assert all(message.photo and message.media_group_id for message in person.bot_messages), person.transcript()
    assert shown.message_id not in [message.message_id for message in person.bot_messages]
    assert person.pings == 1, "the album, and nothing before it"
    assert record(data)["status"] == "completed"


async def test_a_run_that_is_canceled_after_its_first_picture_says_so_below_it(tmp_path, overrides):
    data = tmp_path / "data"
    async with open_world(SLOW) as world, running_bot(world.settings(data), overrides):
        person = world.person()
        shown = await first_picture(world, person, overrides.clock)
        await person.press(shown, "✖ Cancel")
        await person.expect(text="Canceled")
        await all_closed(data)
    (told,) = person.bot_messages
    assert told.message_id == shown.message_id
    assert told.photo
    assert person.pings == 0


@pytest.mark.parametrize("output", ["gone", "html", "corrupt", "redirect"])
async def test_a_first_picture_that_cannot_be_had_is_only_counted(tmp_path, overrides, output):
    data = tmp_path / "data"
    async with open_world(SLOW) as world, running_bot(world.settings(data), overrides):
        world.models.scenario = Scenario(output=output)
        person = world.person()
        await person.send_photo(PHOTO, caption="series")
        await work(world, 1)
        for _ in range(2):  # the edit before this one may be under way
            overrides.clock.put_forward(NEXT_EDIT_S)
            step(world)
        await eventually(lambda: any("Ready so far: 1" in message.text for message in person.bot_messages))
        world.models.advance(100)
        await person.until(lambda: person.pings == 1, "the reason")
        await all_closed(data)
    assert not media_edits(world)
