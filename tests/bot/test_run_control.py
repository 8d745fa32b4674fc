import asyncio

from bot.run_control import RunControl
from tests.support.skipped_time import time_passes
from tests.support.waiting import eventually, loop_turns


async def test_an_order_to_stop_is_for_good():
    control = RunControl()
    control.stop()
    await control.told()
    await asyncio.wait_for(control.pause(), 1)
    assert control.is_over


def test_after_an_order_to_start_anew_it_waits_as_long_as_asked_and_then_for_the_next_order(skipping_time):
    async def story():
        control, loop = RunControl(), asyncio.get_running_loop()
        control.restart(30)
        await control.told()
        began = loop.time()
        await control.pause()
        assert loop.time() - began >= 30
        assert not control.is_over
        waiting = asyncio.create_task(control.told())
        await time_passes(1)
        assert not waiting.done()
        control.restart(0)
        await waiting

    skipping_time(story())


def test_an_order_to_start_anew_while_it_is_down_is_fulfilled_by_the_start_that_comes(skipping_time):
    async def story():
        control = RunControl()
        control.restart(30)
        pausing = asyncio.create_task(control.pause())
        await time_passes(1)
        control.restart(0)
        await pausing
        waiting = asyncio.create_task(control.told())
        await time_passes(1)
        assert not waiting.done()
        waiting.cancel()

    skipping_time(story())


async def test_an_order_to_stop_ends_the_pause():
    control = RunControl()
    control.restart(60)
    pausing = asyncio.create_task(control.pause())
    await loop_turns()
    control.stop()
    await eventually(pausing.done)
    assert control.is_over
