"""Somebody has everything deleted at any await of their job's way, and either side stands still, or dies, at any.

Whatever the order: nothing of the person's is left.
"""

import asyncio
import itertools
from collections.abc import Coroutine, Iterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.jobs.erasure import PersonErasure
from bot.work_queue.single_process import single_process
from replicate_gateway.prediction import PredictionStatus
from storage import object_keys
from storage.people import People
from storage.repository import JobRepository
from tests.support.fakes import Process, World, build, submission
from tests.support.waiting import loop_turns

pytestmark = pytest.mark.no_cover  # every await of a story: see conftest

US = "tg-7"
ASKED = submission(seeds=(1, 2))
# How much of a day is used up, and how fast models are: neither says whose it was.
OF_NOBODY = (object_keys.SPENT, object_keys.RUN_TIMES)


class Story:
    """A job in one process, the deletion in another, or beside it in the same one."""

    def __init__(self, *, fails: bool, single_process: bool = False) -> None:
        self.world, self.fails = World(), fails
        self.first = self.world.start() if single_process else self.one_of_several()
        self.eraser = self.first if single_process else self.one_of_several()
        self.erasure = PersonErasure(
            self.eraser.jobs.erasure,
            self.eraser.repository,
            self.world.store,
            People(self.world.store),
            self.eraser.spent,
            self.eraser.queue,
            self.world.clock,
        )

    def one_of_several(self) -> Process:
        shared = replace(single_process(jobs_per_person=10, jobs_per_key=10, predictions=10), single_process=False)
        return build(self.world, shared=shared, repository=JobRepository(self.world.store, single_process=False))

    def parts(self, process: Process) -> Iterator[Coroutine[object, object, object]]:
        """A job's way, in its parts."""
        yield process.service.submit(ASKED)
        yield process.run_for(4)
        yield self.answer(process)
        yield process.run_for(40)

    async def answer(self, process: Process) -> None:
        """Replicate has done its work."""
        replicate = self.world.replicate
        for prediction_id in replicate.running:
            if self.fails:
                replicate.end(prediction_id, PredictionStatus.FAILED, error="No face detected")
            else:
                replicate.succeed(prediction_id)
        while replicate.outbox:
            callback = replicate.outbox.pop(0)
            await process.callbacks.record(callback.reference, callback.prediction)

    async def settle(self, *processes: Process) -> None:
        for process in itertools.islice(itertools.cycle(processes), 2 * len(processes) + 2):
            await process.spawn(self.answer(process))
            await process.sweep.once()
            await process.run_for(100)

    async def clean(self, process: Process) -> None:
        """A marker whose record is gone tells nothing but a number, and is swept up after a while."""
        self.world.clock.advance(2 * 3600)
        await process.sweep.once()

    def judge(self) -> None:
        assert [key for key in self.world.store.keys("") if not key.startswith(OF_NOBODY)] == []
        assert self.world.replicate.running == []


class Standstill(Story):
    """At turn `at` the job's process stands still, and everything is deleted; `then` tells how it goes on."""

    def __init__(self, at: int, then: str, *, fails: bool) -> None:
        super().__init__(fails=fails, single_process=then == "same process")
        self.at, self.then, self.turned = at, then, 0
        self.later = 1 + at % 13  # after so many turns more, where it dies later

    async def tell(self) -> int:
        recorded_at = None
        for work in self.parts(self.first):
            task = self.first.spawn(work)
            while not task.done():
                await loop_turns()
                self.turned += 1
                if self.turned == self.at:
                    await self.stand_still()
                if self.at and self.then == "dies later" and self.turned == self.at + self.later:
                    await self.first.crash()
            if not task.cancelled():
                await task
            recorded_at = recorded_at or self.turned
        died = self.then.startswith("dies")
        heirs = [self.one_of_several() if died else self.first, self.eraser]
        dies_at = self.at + (self.later if self.then == "dies later" else 0)
        if died and dies_at <= recorded_at:  # Telegram had no answer, and delivers it again
            await heirs[0].submit(ASKED)
        await self.settle(*heirs)
        if self.at <= recorded_at:  # what is recorded after the deletion stays, but is found by the next one
            await self.erasure.erase(US)
            await self.settle(*heirs)
        await self.clean(heirs[0])
        return self.turned

    async def stand_still(self) -> None:
        self.first.stand_still()
        erasing = asyncio.ensure_future(self.erasure.erase(US))
        await loop_turns(100)  # where both write the same record, one of the same process waits for the other
        assert erasing.done() or self.then == "same process"
        if self.then == "loses the job":
            await self.eraser.sweep.once()
            await self.eraser.run_for(60)
        if self.then == "dies":
            await self.first.crash()
        self.first.go_on()
        await erasing


def told(story) -> int:
    with capture_logs() as lines:
        turned = asyncio.run(story.tell())
    story.judge()
    assert [line for line in lines if line["event"] in ("advance_crashed", "step_crashed")] == []
    return turned


@pytest.mark.parametrize("then", ["wakes up", "loses the job", "dies", "dies later", "same process"])
@pytest.mark.parametrize("fails", [False, True], ids=["completed", "failed"])
def test_everything_goes_at_whatever_await_of_a_job_it_is_deleted(fails, then):
    for at in range(1, told(Standstill(0, then, fails=fails)) + 1):
        try:
            told(Standstill(at, then, fails=fails))
        except BaseException as error:
            error.add_note(f"at turn {at}")
            raise


class SlowErasure(Story):
    """At turn `at` of a job everything begins to be deleted, which stands still at its own turn `asleep_at`."""

    def __init__(self, at: int, asleep_at: int, *, fails: bool) -> None:
        super().__init__(fails=fails)
        self.at, self.asleep_at = at, asleep_at

    async def tell(self) -> int:
        turned, erasing, parts = 0, None, self.parts(self.first)
        await self.first.spawn(next(parts))
        for part in parts:
            task = self.first.spawn(part)
            while not task.done():
                await loop_turns()
                turned += 1
                if turned == self.at:
                    erasing = await self.begin()
            await task
        self.eraser.go_on()
        await (erasing or self.erasure.erase(US))
        await self.settle(self.first, self.eraser)
        return turned

    async def begin(self) -> asyncio.Task[object]:
        self.first.stand_still()
        erasing = self.eraser.spawn(self.erasure.erase(US))
        await loop_turns(self.asleep_at)
        self.eraser.stand_still()
        self.first.go_on()
        return erasing


@pytest.mark.parametrize("fails", [False, True], ids=["completed", "failed"])
def test_everything_goes_at_whatever_await_the_deletion_stands_still_while_the_job_goes_on(fails):
    turns = told(SlowErasure(0, 0, fails=fails))
    for at in range(1, turns + 1, 3):
        asleep_at = 1 + at % 20
        try:
            told(SlowErasure(at, asleep_at, fails=fails))
        except BaseException as error:
            error.add_note(f"at turn {at}, the deletion at its turn {asleep_at}")
            raise
