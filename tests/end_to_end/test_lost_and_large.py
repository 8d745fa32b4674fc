"""Two rare cases: a status message that nobody knows of, and a callback that is too large to be read."""

from mock_server.replicate.scenario import Scenario
from tests.support import pictures
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, delivered_once, impatient
from tests.support.waiting import eventually


async def test_a_status_message_whose_answer_was_dropped_is_taken_away_by_its_own_button(world, tmp_path):
    world.chat.fail("sendMessage", action="drop_answer_after_delivery")
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(lambda: len(world.chat.journal.calls_of("sendMessage")) == 2)
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        world.models.release()
        await person.until(lambda: [m for m in person.bot_messages if m.photo], "result")
        await all_closed(tmp_path)
        (stray,) = [m for m in person.bot_messages if not m.photo]
        press = await person.press(stray, "✖ Cancel")
        assert "Already" in (await press.answer())["text"]
        await person.until(lambda: len(person.bot_messages) == 1, "the stray message taken away")
    assert person.pings == 1


async def test_a_callback_that_is_too_large_has_its_prediction_asked_about_at_once(world, tmp_path):
    world.models.scenario = Scenario(output="data_uri")
    async with running_bot(world.settings(tmp_path, poll_interval_s=30), impatient()):
        person = world.person()
        await person.send_photo(pictures.photo())
        await delivered_once(person, tmp_path, within=15)
    assert 200 in [d.status for d in world.models.deliveries if d.event == "completed"]
