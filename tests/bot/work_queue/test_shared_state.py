"""What processes tell each other of a job, on a real Redis; locks, turns and pace are shown by those who use them."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from structlog.testing import capture_logs

from bot.jobs.poll_pace import PollPace
from bot.jobs.status import status
from bot.jobs.waiting.live_notes import LiveNotes
from bot.jobs.waiting.progress import Progress
from bot.work_queue.redis_client import Keys, open_redis
from bot.work_queue.shared_state import SharedLocks, SharedNotes, SharedPace
from replicate_gateway.prediction import Prediction, PredictionStatus
from storage.errors import StorageUnavailableError
from storage.job import JobStatus, Slot, SlotState
from storage.repository import JobRepository
from storage.slot_events import SlotFailed
from tests.support.fakes import BEGIN, KEEP, FrozenClock, World, new_job
from tests.support.redis_servers import fresh_bot_id, own_redis

URL = "https://replicate.delivery/a.png"
JOB = new_job(status=JobStatus.PROCESSING, slots=(Slot(state=SlotState.RUNNING, prediction_id="p0"),))


@pytest.fixture
async def redis(redis_url):
    async with open_redis(redis_url) as redis:
        yield redis


async def test_what_one_process_knows_of_a_run_another_knows_as_well(redis):
    keys, clock = Keys(fresh_bot_id()), FrozenClock()
    pace = PollPace(30, clock, KEEP, callbacks=True, most=10)
    (mine, my_notes), (theirs, their_notes) = (
        (progress, LiveNotes(SharedNotes(redis, keys), progress, pace))
        for progress in (Progress(clock, KEEP) for _ in range(2))
    )
    running = PredictionStatus.PROCESSING
    mine.follow(JOB, 0, Prediction("p0", running, "processing", logs=" 40%|████  |", output=[URL]))
    mine.show(JOB, status("begun"))
    await my_notes.tell_run(JOB.id, 0)
    await my_notes.tell_shown(JOB)
    await their_notes.catch_up(JOB)
    run = theirs.runs_of(JOB.id)[0]
    assert (run.percent, run.pictures, run.latest) == (40, 1, URL)
    assert theirs.shown(JOB) == status("begun").mark
    assert run.started_at == mine.runs_of(JOB.id)[0].started_at


async def test_notes_of_a_job_are_its_own_and_go_away(redis):
    keys = Keys(fresh_bot_id())
    notes = SharedNotes(redis, keys)
    await notes.put("one", "0", "first")
    await notes.put("one", "0", "second")
    assert await notes.of("one") == {"0": "second"}
    assert await notes.of("other") == {}
    assert 0 < await redis.ttl(keys("notes", "one")) <= 3600


async def test_a_change_that_a_slow_storage_keeps_under_way_never_undoes_one_that_came_after_it(redis):
    """It outlived its lock, and what somebody else wrote meanwhile was gone: a claim, say, that was then made again."""
    world, keys = World(conditional=False), Keys(fresh_bot_id())
    slow, other = (
        JobRepository(
            world.store,
            conditional_writes=False,
            single_process=False,
            locks=SharedLocks(redis, keys, run_id, hold_s=0.05, late_write_s=0.15),
        )
        for run_id in ("slow", "other")
    )
    await slow.create(new_job(status=JobStatus.PROCESSING, slots=(Slot(), Slot())))
    gate = world.faults.hold("store.put")
    late = asyncio.create_task(slow.change(JOB.id, [SlotFailed(0, "late", SlotState.OPEN)], BEGIN))
    await gate.reached.wait()
    await other.change(JOB.id, [SlotFailed(1, "in_between", SlotState.OPEN)], BEGIN)
    gate.open()
    with pytest.raises(StorageUnavailableError, match="longer than its lock"):
        await late
    assert [slot.state for slot in world.job(JOB.id).slots] == [SlotState.OPEN, SlotState.FAILED]


async def test_a_lock_is_free_again_at_once_when_its_work_is_done_or_has_failed(redis):
    locks = SharedLocks(redis, Keys(fresh_bot_id()), "run")
    for error in (KeyError, TimeoutError):
        with pytest.raises(error):
            async with locks.hold("a"):
                raise error
    async with asyncio.timeout(5), locks.hold("a"):
        pass


@pytest.mark.parametrize("per_second", [0.1, 0])
async def test_a_chat_that_is_to_be_left_alone_takes_no_turn_from_the_others(redis, per_second):
    pace = SharedPace(redis, Keys(fresh_bot_id()), per_second)
    await pace.pause_chat(7, 30)
    assert -30 <= await pace.turn(100, 7) < -25
    assert await pace.turn(0, 8) == 0


async def test_without_the_engine_nothing_is_told_and_nobody_is_held_up(tmp_path):
    async with AsyncExitStack() as stack:
        with own_redis(tmp_path) as url:
            redis = await stack.enter_async_context(open_redis(url))
            notes = SharedNotes(redis, Keys(fresh_bot_id()))
            await notes.put("one", "0", "first")
        with capture_logs() as logs:
            await notes.put("one", "0", "second")
            assert await notes.of("one") is None
        assert [line["event"] for line in logs] == ["note_not_shared", "notes_not_read"]
