import asyncio

from bot.orders import Orders
from tests.support.skipped_time import time_passes
from tests.support.waiting import eventually, loop_turns


async def test_an_order_to_stop_is_for_good():
    orders = Orders()
    orders.stop()
    await orders.told()
    await asyncio.wait_for(orders.pause(), 1)
    assert orders.is_over


def test_after_an_order_to_start_anew_it_waits_as_long_as_asked_and_then_for_the_next_order(skipping_time):
    async def story():
        orders, loop = Orders(), asyncio.get_running_loop()
        orders.restart(30)
        await orders.told()
        began = loop.time()
        await orders.pause()
        assert loop.time() - began >= 30
        assert not orders.is_over
        waiting = asyncio.create_task(orders.told())
        await time_passes(1)
        assert not waiting.done()
        orders.restart(0)
        await waiting

    skipping_time(story())


def test_an_order_to_start_anew_while_it_is_down_is_fulfilled_by_the_start_that_comes(skipping_time):
    async def story():
        orders = Orders()
        orders.restart(30)
        pausing = asyncio.create_task(orders.pause())
        await time_passes(1)
        orders.restart(0)
        await pausing
        waiting = asyncio.create_task(orders.told())
        await time_passes(1)
        assert not waiting.done()
        waiting.cancel()

    skipping_time(story())


async def test_an_order_to_stop_ends_the_pause():
    orders = Orders()
    orders.restart(60)
    pausing = asyncio.create_task(orders.pause())
    await loop_turns()
    orders.stop()
    await eventually(pausing.done)
    assert orders.is_over
