"""One attempt at a step, and what follows from each way it can end."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from bot.jobs.attempt import Attempt
from bot.jobs.errors import (
    ChatGoneError,
    JobFailedError,
    NotDoneError,
    OutcomeUnknownError,
    SlotFailedError,
)
from bot.jobs.steps.step import Step
from replicate_gateway.errors import ModelNotFoundError
from storage.delivery_events import DeliveryClaimed, DeliveryReleased
from storage.errors import RecordCorruptError, StorageRefusedError
from storage.job import Claim, JobStatus, Outcome, Postponement, Slot, SlotState
from storage.lifecycle_events import OutcomeDecided, StepPostponed, StepResumed
from storage.repository import JobRepository
from storage.slot_events import SlotFailed
from tests.support.fakes import BEGIN, new_job, storage_down

CLAIM = Claim("me", BEGIN)
JOB = new_job(status=JobStatus.PROCESSING, slots=(Slot(state=SlotState.RUNNING),))


class Scripted(Step):
    """Does what it was told."""

    name = "scripted"
    done = "scripted_done"

    def __init__(self, error=None, *, claims=False):
        self.error, self.claims = error, claims

    def due(self, job, now):
        return iter(())

    async def prepare(self, job, part):
        return await self.perform(job, part)

    async def perform(self, job, part):
        if self.error:
            raise self.error
        return [DeliveryClaimed(CLAIM)]

    def release(self, part, claim):
        return DeliveryReleased(claim) if self.claims else None


@pytest.fixture
def attempt(world):
    return Attempt(JobRepository(world.store), world.chat, world.clock, Random(1))


async def perform(attempt, error=None, *, claims=False, job=JOB):
    return list(await attempt.perform(job, Scripted(error, claims=claims), 0, CLAIM))


async def test_success_gives_the_steps_events_and_is_logged(attempt, logs):
    assert await perform(attempt) == [DeliveryClaimed(CLAIM)]
    assert [line["event"] for line in logs] == ["scripted_done"]


@pytest.mark.parametrize(("chat_id", "told"), [(7, True), (None, False)])
async def test_what_is_only_shown_in_a_chat_is_not_logged_where_there_is_none(attempt, logs, chat_id, told):
    step = Scripted()
    step.in_chat = True
    job = replace(JOB, origin=replace(JOB.origin, chat_id=chat_id))
    assert await attempt.perform(job, step, 0, CLAIM)
    assert bool(logs) is told


@pytest.mark.parametrize(
    ("by_slot", "by_input", "slots", "inputs", "part"),
    [(True, False, 1, 2, None), (True, False, 2, 1, 0), (False, True, 2, 1, None), (False, True, 1, 2, 0)],
)
async def test_a_line_names_the_part_where_there_are_several(attempt, logs, by_slot, by_input, slots, inputs, part):
    step = Scripted()
    step.by_slot, step.by_input = by_slot, by_input
    job = replace(JOB, slots=JOB.slots * slots, inputs=JOB.inputs * inputs)
    await attempt.perform(job, step, 0, CLAIM)
    assert logs[0].get("part") == part


async def test_success_after_postponement_forgets_the_postponement(attempt):
    job = new_job(postponed=(Postponement("scripted", 0, BEGIN, 1, "x"),))
    assert await perform(attempt, job=job) == [DeliveryClaimed(CLAIM), StepResumed("scripted", 0)]


async def test_not_done_takes_the_claim_back_and_waits(attempt, world):
    released, postponed = await perform(attempt, NotDoneError("telegram_busy", retry_after_s=9), claims=True)
    assert released == DeliveryReleased(CLAIM)
    assert (postponed.step, postponed.part, postponed.code) == ("scripted", 0, "telegram_busy")
    assert postponed.until >= BEGIN + timedelta(seconds=9)


async def test_what_is_behind_a_wait_is_logged_where_it_is_known(attempt, logs):
    await perform(attempt, NotDoneError("image_url_unreachable", cause="status 503"))
    await perform(attempt, NotDoneError("telegram_busy"))
    quoting = NotDoneError("replicate_unreachable", cause="502: 'a red hat' is not served")
    await perform(attempt, quoting, job=replace(JOB, prompt="a red hat"))
    assert [line.get("cause") for line in logs] == ["status 503", None, "502: '[redacted]' is not served"]


async def test_waits_grow_with_each_attempt_to_a_bound(world):
    attempt = Attempt(
        JobRepository(world.store), world.chat, world.clock, type("Most", (), {"random": lambda self: 1.0})()
    )
    waits = []
    for attempts in range(12):
        job = new_job(postponed=(Postponement("scripted", 0, BEGIN, attempts, "x"),))
        (event,) = await perform(attempt, NotDoneError("x"), job=job)
        waits.append((event.until - BEGIN).total_seconds())
    assert waits == sorted(waits)
    assert waits[0] <= 2
    assert waits[-1] == 60


async def test_an_unknown_outcome_leaves_the_claim_standing(attempt):
    assert await perform(attempt, OutcomeUnknownError("x"), claims=True) == []


async def test_a_person_who_is_gone_ends_the_job(attempt):
    (event,) = await perform(attempt, ChatGoneError("blocked"))
    assert event == OutcomeDecided(JobStatus.CANCELED, BEGIN, "chat_gone")


async def test_a_failed_job_takes_the_claim_back_and_says_why(attempt, world):
    released, decided = await perform(attempt, JobFailedError("too_small", {"width": 3}), claims=True)
    assert released == DeliveryReleased(CLAIM)
    assert decided == OutcomeDecided(JobStatus.FAILED, BEGIN, "too_small", {"width": 3})
    assert world.chat.alerts == []


@pytest.mark.parametrize("code", ["service_credentials", "service_credit", "service_model"])
async def test_what_only_the_operator_can_mend_is_told_to_the_admins(attempt, world, code):
    await perform(attempt, JobFailedError(code))
    assert [c for c, _ in world.chat.alerts] == [code]


async def test_the_admins_and_the_log_read_which_job_and_preset_it_was_and_not_what_the_person_wrote(
    attempt, world, logs
):
    job = replace(JOB, prompt="a red hat for me", slots=(Slot(state=SlotState.RUNNING, prediction_id="p1"),))
    error = JobFailedError("service_model")
    error.__cause__ = ModelNotFoundError("no model takes 'a red hat for me'", status=404)
    await perform(attempt, error, job=job)
    cause = "404: no model takes '[redacted]'"
    assert world.chat.alerts == [("service_model", f"service_model: {cause} (preset {job.preset}, job {job.code})")]
    assert [line for line in logs if line["event"] == "job_failed"] == [
        {
            "event": "job_failed",
            "log_level": "error",
            "step": "scripted",
            "code": "service_model",
            "preset": job.preset,
            "prediction_id": "p1",
            "cause": f"ModelNotFoundError: {cause}",
        }
    ]


async def test_a_failed_slot_leaves_the_others(attempt):
    assert await perform(attempt, SlotFailedError("output_gone")) == [SlotFailed(0, "output_gone", SlotState.RUNNING)]


@pytest.mark.parametrize("error", [storage_down(), StorageRefusedError("no bucket"), asyncio.CancelledError()])
async def test_a_storage_that_cannot_be_used_and_cancellation_pass_through(attempt, error):
    with pytest.raises(type(error)):
        await perform(attempt, error)
    with pytest.raises(type(error)):
        await attempt.prepare(JOB, Scripted(error), 0)


@pytest.mark.parametrize("error", [RuntimeError("x"), RecordCorruptError("k", "why"), AssertionError()])
async def test_what_nobody_foresaw_is_tried_again_and_then_given_up_and_kept(attempt, world, error):
    job = JOB
    for _ in range(2):
        (event,) = await perform(attempt, error, claims=True, job=job)
        assert event.code == "unforeseen"
        job = event.fold(job)
        world.clock.advance(100)
    assert world.store.keys("poison/") == []
    (event,) = await perform(attempt, error, claims=True, job=job)
    assert event == OutcomeDecided(JobStatus.FAILED, world.clock.now(), "internal")
    assert world.store.keys("poison/jobs/") == [f"poison/jobs/{job.id}.json"]
    assert type(error).__name__ in world.store.objects[f"poison/jobs/{job.id}.json"].body.decode()
    assert [code for code, _ in world.chat.alerts] == ["unforeseen"]


async def test_poison_that_cannot_be_kept_now_is_kept_later(attempt, world):
    job = new_job(postponed=(Postponement("scripted", 0, BEGIN, 2, "unforeseen"),))
    world.faults.fail("store.put", storage_down())
    with pytest.raises(type(storage_down())):
        await perform(attempt, RuntimeError("x"), job=job)
    assert await perform(attempt, RuntimeError("x"), job=job)


async def test_telling_is_given_up_after_a_day(attempt, world):
    job = new_job(status=JobStatus.PROCESSING, outcome=Outcome(JobStatus.COMPLETED, BEGIN))
    world.clock.advance(24 * 3600 - 1)
    assert isinstance((await perform(attempt, NotDoneError("x"), job=job))[0], StepPostponed)
    world.clock.advance(2)
    assert not isinstance((await perform(attempt, NotDoneError("x"), job=job))[0], StepPostponed)


async def test_preparation_that_works_lets_the_step_go_on(attempt):
    prepared = await attempt.prepare(JOB, Scripted(), 0)
    assert (prepared.done, list(prepared.events)) == (True, [DeliveryClaimed(CLAIM)])


async def test_preparation_that_fails_has_no_claim_to_take_back(attempt):
    prepared = await attempt.prepare(JOB, Scripted(NotDoneError("x"), claims=True), 0)
    assert not prepared.done
    assert [type(event) for event in prepared.events] == [StepPostponed]


async def test_who_stands_in_line_is_not_written_down_again_and_again(attempt):
    job = new_job(postponed=(Postponement("scripted", 0, BEGIN + timedelta(seconds=30), 1, "replicate_full"),))
    assert await perform(attempt, NotDoneError("replicate_full", retry_after_s=30), job=job) == []
    assert await perform(attempt, NotDoneError("replicate_busy", retry_after_s=40), job=job) != []


async def test_a_step_that_time_did_not_help_for_so_many_tries_is_given_up(attempt, logs):
    error = NotDoneError("image_url_unreachable", tries=3)
    for attempts, kind in ((0, StepPostponed), (1, StepPostponed), (2, OutcomeDecided)):
        before = (Postponement("scripted", 0, BEGIN, attempts, error.code),) if attempts else ()
        (event,) = await perform(attempt, error, job=new_job(status=JobStatus.PROCESSING, postponed=before))
        assert isinstance(event, kind)
    assert (event.status, event.code) == (JobStatus.FAILED, "image_url_unreachable")
    assert logs[-1]["event"] == "step_given_up"


async def test_tries_that_ended_for_another_reason_do_not_count(attempt):
    job = new_job(status=JobStatus.PROCESSING, postponed=(Postponement("scripted", 0, BEGIN, 9, "other"),))
    (event,) = await perform(attempt, NotDoneError("image_url_unreachable", tries=3), job=job)
    assert isinstance(event, StepPostponed)
