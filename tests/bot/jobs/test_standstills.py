"""A process stands still at any await of a job's way, another one takes the job over, and the first one wakes up.

As long as a standstill is shorter than what the heir waits for, nothing is paid for twice; told once is it always.
"""

import asyncio
import itertools
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.work_queue.single_process import single_process
from storage.job import JobStatus
from storage.repository import JobRepository
from tests.support.fakes import Process, World, build, submission
from tests.support.waiting import loop_turns

pytestmark = pytest.mark.no_cover  # every await of a story: see conftest

ASKED = submission(seeds=(1, 2))
JOB = ASKED.job_id


def one_of_several(world: World, *, callbacks: bool) -> Process:
    shared = replace(single_process(jobs_per_person=10, jobs_per_key=10, predictions=10), single_process=False)
    return build(world, callbacks=callbacks, shared=shared, repository=JobRepository(world.store, single_process=False))


class Story:
    """Turns of the loop are counted; at turn `at` whoever is first stands still."""

    def __init__(self, at: int, *, callbacks: bool, still_for_s: float, cancel: bool) -> None:
        self.world, self.at, self.turned = World(), at, 0
        self.first = one_of_several(self.world, callbacks=callbacks)
        self.heir = one_of_several(self.world, callbacks=callbacks)
        self.still_for_s, self.cancel = still_for_s, cancel

    async def go(self, work) -> None:
        """Let the first process do this, up to where it stands still."""
        task = self.first.spawn(work)
        while not task.done():
            await loop_turns()
            self.turned += 1
            if self.turned == self.at:
                self.first.stand_still()
                await self.meanwhile()
                self.first.go_on()
        await task

    async def meanwhile(self) -> None:
        """The heir finds the job, and does what there is to be done."""
        await self.heir.sweep.once()
        await self.heir.run_for(min(5, self.still_for_s))
        await self.live(self.heir)
        await self.heir.run_for(max(0, self.still_for_s - 5))

    async def live(self, process: Process) -> None:
        for prediction_id in self.world.replicate.running:
            self.world.replicate.succeed(prediction_id)
        await process.deliver_callbacks()

    async def tell(self) -> int:
        await self.go(self.first.service.submit(ASKED))
        await self.go(self.first.run_for(4))
        if self.cancel:
            await self.go(self.first.service.cancel(JOB, "tg-7"))
        else:
            for prediction_id in self.world.replicate.running:
                self.world.replicate.succeed(prediction_id)
            while self.world.replicate.outbox:
                callback = self.world.replicate.outbox.pop(0)
                await self.go(self.first.callbacks.record(callback.reference, callback.prediction))
        await self.go(self.first.run_for(40))
        for process in itertools.islice(itertools.cycle((self.first, self.heir)), 6):
            await self.live(process)
            await process.sweep.once()
            await process.run_for(100)
        return self.turned

    def judge(self) -> None:
        world, job = self.world, self.world.job(JOB)
        assert job.status.terminal
        assert self.cancel or job.status is JobStatus.COMPLETED
        assert world.is_closed(JOB)
        assert world.chat.pings(JOB) <= 1
        seen = world.chat.outcomes(JOB)
        assert {message.shows for message in seen} == {job.status}
        assert set().union(*(message.files for message in seen)) == {file.key for file in job.files}
        assert len(world.replicate.made_for(JOB)) <= 2
        assert world.replicate.running == []


def run(at: int, **how) -> int:
    story = Story(at, **how)
    with capture_logs() as lines:
        turned = asyncio.run(story.tell())
    story.judge()
    crashed = [line for line in lines if line["event"] in ("advance_crashed", "step_crashed")]
    assert crashed == []
    return turned


@pytest.mark.parametrize("still_for_s", [1, 60])
@pytest.mark.parametrize("cancel", [False, True], ids=["whole_way", "canceled"])
@pytest.mark.parametrize("callbacks", [True, False], ids=["callbacks", "polling"])
def test_a_standstill_at_any_await_pays_and_tells_once(callbacks, cancel, still_for_s):
    how = {"callbacks": callbacks, "cancel": cancel, "still_for_s": still_for_s}
    for at in range(1, run(0, **how) + 1):
        try:
            run(at, **how)
        except BaseException as error:
            error.add_note(f"at turn {at}")
            raise
