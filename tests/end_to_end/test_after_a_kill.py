"""What a kill must not leave behind: a status message that nobody knows of, a task record that nobody reads."""

import signal

import pytest

from mock_server.replicate.scenario import Scenario
from tests.support.crash_runs import closed, scene
from tests.support.crash_stock import take_stock
from tests.support.flow import PHOTO, stored


@pytest.mark.parametrize(
    "point", ["announce.perform.after", "fetch_input.perform.after", "create.prepare.after", "create.claim.before"]
)
async def test_a_status_message_sent_before_a_kill_does_not_stay_behind(bots, world, tmp_path, point):
    async with scene(world, bots, tmp_path) as at:
        bot = await at.start(point)
        sent = await at.send(world.person(), PHOTO)
        assert await at.died(bot) == -signal.SIGKILL, at.log
        await at.start()
        await closed(at)
        assert sent.results, sent.person.transcript()
        assert take_stock(at).left_behind == 0, sent.person.transcript()


async def test_the_task_record_of_a_prediction_that_could_not_read_its_input_is_removed(bots, world, tmp_path):
    async with scene(world, bots, tmp_path) as at:
        del at.extra["CRASH_FILES_URL"]
        world.models.next_scenario(Scenario(hold="processing"))
        bot = await at.start("create.write.after")
        await at.send(world.person(), PHOTO)
        assert await at.died(bot) == -signal.SIGKILL, at.log
        (prediction,) = world.models.predictions()
        world.models.release()
        await world.models.ended(prediction.id)
        await at.start()
        await closed(at)
        assert stored(at.settings.data_dir, "tasks") == []
