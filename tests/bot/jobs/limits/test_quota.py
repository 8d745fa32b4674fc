"""The day's quota."""

import asyncio
import math
from dataclasses import replace

import pytest

from bot.jobs.errors import NotDoneError
from bot.jobs.limits.quota import DailyQuota
from bot.jobs.limits.users import UserLimit
from replicate_gateway.prediction import PredictionStatus
from storage.job import JobStatus
from storage.records import HistoryEntry
from storage.repository import JobRepository
from storage.spent import SpentQuotas
from tests.support.fakes import LIMITS, World, build, new_job, submission

DAY_S = 24 * 3600


async def delivered(world: World, number: int, user: str = "tg-7") -> HistoryEntry:
    entry = HistoryEntry(new_job(number).id, "edit", world.clock.now(), None, ())
    await JobRepository(world.store).put_history(user, entry)
    return entry


def quota(world: World, limit: int, *, remember: bool = True) -> DailyQuota:
    spent = SpentQuotas(world.store, b"k")
    return DailyQuota(
        JobRepository(world.store, single_process=remember),
        spent,
        world.clock,
        UserLimit(limit, limit),
        remember=remember,
    )


async def test_so_many_a_day_and_no_more(world):
    for number in range(2):
        await delivered(world, number)
    assert await quota(world, 3).refusal("tg-7", active=0) is None
    assert await quota(world, 3).refusal("tg-7", active=1)
    assert await quota(world, 2).refusal("tg-7", active=0)
    assert await quota(world, 2).refusal("tg-8", active=1) is None


async def test_the_refusal_says_when_the_next_is_possible(world):
    for number in range(3):
        await delivered(world, number)
        world.clock.advance(3600)
    refusal = await quota(world, 2).refusal("tg-7", active=0)
    # Of the last two the older one was an hour and another hour ago.
    assert (refusal.limit, refusal.wait_s) == (2, DAY_S - 2 * 3600)
    world.clock.advance(refusal.wait_s + 1)
    assert await quota(world, 2).refusal("tg-7", active=0) is None


async def test_jobs_under_way_fill_the_quota_too(world):
    refusal = await quota(world, 2).refusal("tg-7", active=2)
    assert refusal.wait_s >= 1


async def test_where_others_deliver_too_the_history_is_read_each_time(world):
    daily = quota(world, 2, remember=False)
    assert await daily.refusal("tg-7", active=0) is None
    for number in range(2):
        await delivered(world, number)
    assert await daily.refusal("tg-7", active=0)


@pytest.mark.parametrize("listed", [True, False], ids=["the listing has it", "the listing lacks it"])
async def test_what_is_delivered_while_the_history_is_read_counts_once(world, listed):
    daily = quota(world, 2)
    gate = world.faults.hold("store.list", when="before" if listed else "after")
    await delivered(world, 0, "tg-8")  # the history is not empty
    first = asyncio.create_task(daily.refusal("tg-7", active=0))
    await gate.reached.wait()
    entry = await delivered(world, 1)
    daily.note("tg-7", entry.done_at)
    gate.open()
    assert await first is None
    assert await daily.left("tg-7", images=0) == 1


async def test_history_is_read_once_and_then_remembered(world):
    daily = quota(world, 2)
    assert await daily.refusal("tg-7", active=0) is None
    world.faults.calls.clear()
    entry = await delivered(world, 1)
    daily.note("tg-7", entry.done_at)
    daily.note("tg-7", entry.done_at)
    assert await daily.refusal("tg-7", active=0) is None
    world.clock.advance(10)
    daily.note("tg-7", (await delivered(world, 2)).done_at)
    assert await daily.refusal("tg-7", active=0)
    assert world.faults.calls["store.list"] == 0


async def test_what_is_older_than_a_day_counts_no_more(world):
    daily = quota(world, 1)
    await daily.refusal("tg-7", active=0)
    daily.note("tg-7", world.clock.now())
    assert await daily.refusal("tg-7", active=0)
    world.clock.advance(DAY_S + 1)
    assert await daily.refusal("tg-7", active=0) is None
    assert math.isclose(len(daily._done["tg-7"]), 0)


async def test_people_that_were_not_looked_up_are_not_remembered(world):
    daily = quota(world, 1)
    daily.note("tg-9", world.clock.now())
    assert daily._done == {}


async def test_every_image_of_a_job_counts(world):
    entry = HistoryEntry(new_job(1).id, "edit", world.clock.now(), None, (), results=3)
    await JobRepository(world.store).put_history("tg-7", entry)
    assert await quota(world, 4).refusal("tg-7", active=0) is None
    refusal = await quota(world, 5).refusal("tg-7", active=0, images=3)
    assert (refusal.limit, refusal.left, refusal.wait_s) == (5, 2, DAY_S)
    daily = quota(world, 5)
    daily.note("tg-7", world.clock.now(), 9)  # nobody has asked yet: the history will tell
    assert await daily.refusal("tg-7", active=0, images=2) is None
    world.clock.advance(1)
    daily.note("tg-7", world.clock.now(), 2)
    assert await daily.refusal("tg-7", active=0)


async def test_who_wishes_for_more_than_a_day_has_is_let_wait_for_a_whole_day(world):
    await delivered(world, 1)
    world.clock.advance(3600)
    refusal = await quota(world, 3).refusal("tg-7", active=0, images=9)
    assert (refusal.left, refusal.wait_s) == (2, DAY_S - 3600)
    world.clock.advance(refusal.wait_s + 1)
    assert (await quota(world, 3).refusal("tg-7", active=0, images=9)).left == 3


async def test_a_person_may_have_a_limit_of_their_own(world):
    await delivered(world, 1)
    daily = quota(world, 1)
    assert await daily.refusal("tg-7", active=0)
    assert await daily.refusal("tg-7", active=0, limit=2) is None
    assert (await daily.refusal("tg-7", active=0, limit=0)).left == 0


async def test_what_is_left_counts_what_was_delivered_and_what_is_about_to_be(world):
    await delivered(world, 1)
    assert await quota(world, 5).left("tg-7", images=3) == 1
    assert await quota(world, 5).left("tg-7", images=9) == 0
    assert await quota(world, 5).left("tg-7", images=1, limit=20) == 18
    world.clock.advance(DAY_S + 1)
    assert await quota(world, 5).left("tg-7", images=1) == 4


# Jobs of several images


def three(number):
    return submission(number, seeds=(1, 2, 3))


async def test_images_that_are_under_way_count_as_many_as_they_are(world):
    process = build(world, replace(LIMITS, user_daily=4))
    for number in (1, 2):
        await process.submit(three(number))
        await process.run_ready()
    second = world.job(three(2).job_id)
    assert second.outcome.code == "daily_quota_left"
    assert (second.outcome.facts["left"], second.outcome.facts["wanted"]) == (1, 3)
    assert len(world.replicate.requests) == 3


async def test_what_stands_in_line_has_no_claim_on_the_day_yet(world):
    process = build(world, replace(LIMITS, user_daily=4, user_max_active=1))
    await process.submit(three(1))
    await process.run_ready()
    await process.submit(three(2))
    await process.run_ready()
    for prediction_id in world.replicate.running:
        world.replicate.end(prediction_id, PredictionStatus.FAILED, error="CUDA out of memory")
    await process.deliver_callbacks()
    await process.run_ready()
    assert len(world.replicate.requests) == 6, "the first has given its images back"


async def test_a_job_that_has_failed_claims_nothing_while_its_person_is_told(world):
    process = build(world, replace(LIMITS, user_daily=1))
    await process.submit(submission(1))
    await process.run_ready()
    world.faults.fail("chat.send_outcome", NotDoneError("telegram_busy", retry_after_s=60))
    world.replicate.end(world.replicate.running[0], PredictionStatus.FAILED, error="NSFW content detected")
    await process.deliver_callbacks()
    await process.run_ready()
    assert not world.job(submission(1).job_id).status.terminal
    await process.submit(submission(2))
    await process.run_ready()
    assert len(world.replicate.running) == 1


async def test_the_next_in_line_is_not_let_in_before_the_last_one_counts(world):
    process = world.start(replace(LIMITS, user_max_active=1, user_daily=1))
    first, second = submission(1), submission(2)
    await process.submit(first)
    await process.submit(second)
    await process.run_ready()
    world.replicate.succeed(world.replicate.running[0])
    await process.deliver_callbacks()
    world.faults.fail("chat.send_outcome", NotDoneError("telegram_busy", retry_after_s=5))
    await process.run_ready()  # all but the telling is done and written
    world.clock.advance(10)
    told = world.faults.hold("chat.send_outcome", when="after")
    ending = process.spawn(process.advance(first.job_id))
    await told.reached.wait()
    listed = world.faults.hold("store.put", skip=1)  # after the record's own end
    told.open()
    await listed.reached.wait()
    assert world.job(first.job_id).status is JobStatus.COMPLETED
    await process.advance(second.job_id)
    listed.open()
    await ending
    await process.run_ready()
    assert world.job(second.job_id).outcome.code == "daily_quota"
    assert len(world.replicate.predictions) == 1
