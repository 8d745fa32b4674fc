"""Tasks that outlive the call that started them."""

import asyncio
import gc
import weakref

import pytest
from structlog.testing import capture_logs

from bot.jobs.background import Background
from tests.support.waiting import loop_turns


async def fails() -> None:
    raise ValueError("x")


async def test_work_runs_and_is_let_go_of():
    background, done = Background(), []

    async def work() -> None:
        done.append(1)

    task = background.spawn(work(), name="work")
    assert task.get_name() == "work"
    assert await background.drain(1) == 0
    assert done == [1]
    assert not background._tasks


async def test_a_task_that_nobody_holds_is_not_lost():
    background, event = Background(), asyncio.Event()
    weak = weakref.ref(background.spawn(event.wait(), name="wait"))
    gc.collect()
    assert weak() is not None
    event.set()
    assert await background.drain(1) == 0


async def test_a_failure_is_logged_with_the_tasks_name_and_goes_no_further():
    background = Background()
    with capture_logs() as logs:
        background.spawn(fails(), name="advance 1")
        assert await background.drain(1) == 0
    assert [(line["event"], line["task"], line["log_level"]) for line in logs] == [
        ("background_failed", "advance 1", "error")
    ]


async def test_what_does_not_end_in_time_is_canceled_and_counted():
    background = Background()
    with capture_logs() as logs:
        task = background.spawn(asyncio.Event().wait(), name="for ever")
        assert await background.drain(0.01) == 1
    assert task.cancelled()
    assert logs == []


async def test_draining_without_patience_cancels_at_once_and_waits_for_the_clean_up():
    background, begun, cleaned = Background(), asyncio.Event(), []

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await loop_turns()
            cleaned.append(1)

    background.spawn(work(), name="work")
    await begun.wait()
    assert await background.drain(0) == 1
    assert cleaned == [1]


async def test_draining_waits_for_tasks_that_tasks_start():
    background, done = Background(), []

    async def second() -> None:
        await loop_turns()
        done.append(2)

    async def first() -> None:
        background.spawn(second(), name="second")

    background.spawn(first(), name="first")
    assert await background.drain(1) == 0
    assert done == [2]


@pytest.mark.parametrize("grace_s", [0, 1])
async def test_draining_nothing_is_no_wait(grace_s):
    assert await Background().drain(grace_s) == 0
