"""A machine's clock was far ahead and is set back: what was put off meanwhile does not stand for all that time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.jobs.errors import NotDoneError
from bot.jobs.submission import Album
from replicate_gateway.errors import GatewayBusyError
from storage.job import LONGEST_POSTPONEMENT, JobStatus, Postponement
from tests.support.fakes import BEGIN, World, submission

AHEAD_S = 400 * 24 * 3600.0
ASKED = submission()
JOB = ASKED.job_id


@pytest.fixture(autouse=True)
def logs():
    """Nothing that repeats itself for ever."""
    with capture_logs() as lines:
        yield lines
    assert [line for line in lines if line["log_level"] in ("error", "critical")] == []


@pytest.fixture
def world():
    world = World()
    world.clock.advance(AHEAD_S)
    return world


@pytest.fixture(params=["restarted", "goes on"])
async def set_back(request, world):
    """Set the clock right, under a running process or before the next one starts."""

    async def set_back(process, **how):
        world.clock.advance(-AHEAD_S)
        if request.param == "restarted":
            await process.crash()
            process = world.start(**how)
        process.queue.due.clear()  # real queues count seconds, whatever time it is
        await process.sweep.once()
        return process

    return set_back


async def to_its_end(world, process):
    for prediction_id in world.replicate.running:
        world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_for(60)
    job = world.job(JOB)
    assert (job.status, world.is_closed(job.id)) == (JobStatus.COMPLETED, True)


async def test_a_step_that_was_put_off_is_done(world, set_back):
    process = world.start()
    world.faults.fail("replicate.create", GatewayBusyError("busy", status=429, retry_after_s=5.0), times=2)
    await process.submit(ASKED)
    await process.run_ready()
    assert world.job(JOB).postponed
    process = await set_back(process)
    await process.run_for(30)  # it is refused once more, and put off by the right time
    assert [waits.until for waits in world.job(JOB).postponed if waits.until > world.clock.now() + timedelta(1)] == []
    await to_its_end(world, process)


async def test_what_stands_in_line_asks_again(world, set_back):
    process = world.start()
    for number in range(1, 40):
        await process.submit(submission(number, user=f"tg-{number}"))
    await process.run_ready()
    (waiting, *_) = [job_id for job_id in process.queue.due if not world.job(job_id).slots[0].prediction_id]
    process = await set_back(process)
    await process.run_for(60)
    assert all(waits.until < BEGIN + timedelta(hours=1) for waits in world.job(waiting).postponed)


async def test_a_prediction_that_nobody_tells_of_is_asked_about(world, set_back):
    process = world.start(callbacks=False)
    await process.submit(ASKED)
    await process.run_for(3)
    process = await set_back(process, callbacks=False)
    await process.run_ready()
    asked = world.faults.calls["replicate.get"]
    await process.run_for(20)
    assert 0 < world.faults.calls["replicate.get"] - asked < 20, "in its pace"
    await to_its_end(world, process)


async def test_an_album_is_complete(world, set_back):
    process = world.start()
    await process.submit(replace(submission(seeds=()), album=Album(JOB, "group")))
    process = await set_back(process)
    await process.run_for(10)
    await to_its_end(world, process)


def test_nothing_is_put_off_for_longer_than_is_believed():
    def waits(**ahead):
        return Postponement("create", 0, BEGIN + timedelta(**ahead), 1, "busy").holds(BEGIN)

    longest_s = LONGEST_POSTPONEMENT.total_seconds()
    assert [waits(seconds=s) for s in (-1, 0, 1, longest_s, longest_s + 1)] == [False, False, True, True, False]


async def test_however_long_telegram_wants_to_be_left_alone(world):
    process = world.start()
    world.faults.fail("chat.announce", NotDoneError("telegram_busy", retry_after_s=30 * 24 * 3600.0))
    await process.submit(ASKED)
    await process.run_ready()
    (waits,) = world.job(JOB).postponed
    assert waits.holds(world.clock.now())
