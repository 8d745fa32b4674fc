"""Everything of a person is deleted, nothing of anybody else, and what runs goes with its end."""

import contextlib
from dataclasses import replace

import pytest

from bot.jobs.erasure import PersonErasure, ResultErasure
from bot.jobs.errors import NoSuchJobError
from bot.jobs.results.result_service import Trigger
from replicate_gateway.prediction import PredictionStatus
from storage import object_keys
from storage.errors import RecordCorruptError, StorageUnavailableError
from storage.job import JobStatus
from storage.people import People
from storage.person import Person
from storage.spent import SpentQuotas
from tests.support.fakes import LIMITS, World, storage_down, submission

US, THEM = "tg-7", "tg-8"


class Lab:
    """Jobs of two people, and what deletes them."""

    def __init__(self, world=None):
        self.world = world or World()
        self.process = self.world.start()
        self.people = People(self.world.store)
        self.erasure = PersonErasure(
            self.process.jobs.erasure,
            self.process.repository,
            self.world.store,
            self.people,
            self.process.spent,
            self.process.queue,
            self.world.clock,
        )

    async def job(self, number, user=US, *, fail=False, **changes):
        asked = submission(number, user=user, **changes)
        await self.process.submit(asked)
        await self.process.run_ready()
        for prediction_id in self.world.replicate.running:
            if fail:
                self.world.replicate.end(prediction_id, PredictionStatus.FAILED, error="No face detected")
            else:
                self.world.replicate.succeed(prediction_id)
        await self.process.deliver_callbacks()
        await self.process.run_ready()
        return asked.job_id

    @property
    def kept(self):
        return self.world.store.keys("")


@pytest.fixture
def lab():
    return Lab()


async def test_everything_of_a_person_goes_and_nothing_of_anybody_else(lab):
    await lab.job(1, THEM)
    await lab.people.change(THEM, lambda person: replace(person, locale="ko"))
    others = lab.kept
    await lab.job(2)
    await lab.job(3, fail=True)
    await lab.job(4, seeds=(1, 2))
    await lab.people.change(US, lambda person: replace(person, locale="ru"))
    ours = len(lab.kept) - len(others)
    erased = await lab.erasure.erase(US)
    assert [key for key in lab.kept if not key.startswith(object_keys.SPENT)] == others
    assert (erased.objects, erased.stopping) == (ours, 0)
    assert await lab.people.load(US) == Person()


async def test_erasing_again_finds_nothing(lab):
    await lab.job(1)
    await lab.erasure.erase(US)
    assert (await lab.erasure.erase(US)).objects == 0


async def test_who_deletes_everything_does_not_begin_a_new_day(lab):
    """Else the day's limit, and what it costs its owner, is two taps away from being none."""
    world = lab.world
    await lab.job(1, seeds=(1, 2))
    await lab.erasure.erase(US)
    await lab.process.crash()
    limited = world.start(replace(LIMITS, user_daily=2))  # another process, which remembers nothing
    await limited.submit(submission(2))
    await limited.run_ready()
    assert world.job(submission(2).job_id).outcome.code == "daily_quota"
    world.clock.advance(24 * 3600 + 1)
    await limited.submit(submission(3))
    await limited.run_ready()
    assert world.job(submission(3).job_id).outcome is None


async def test_what_is_kept_of_the_day_tells_nobody_whose_it_was(lab):
    await lab.job(1)
    await lab.erasure.erase(US)
    (key,) = lab.kept
    assert key.startswith(object_keys.SPENT)
    assert US not in key + lab.world.store.objects[key].body.decode()
    assert await SpentQuotas(lab.world.store, b"another bot's").of(US) == ()
    assert len(await lab.process.spent.of(US)) == 1
    assert await lab.process.spent.of(THEM) == ()


async def test_deleting_again_and_again_neither_forgets_nor_doubles_what_was_used(lab):
    for number in range(1, 4):
        await lab.job(number)
        lab.world.clock.advance(3600)
        lab.world.faults.fail("store.delete", storage_down, skip=1)
        with contextlib.suppress(StorageUnavailableError):
            await lab.erasure.erase(US)
        lab.world.faults.stop()
        await lab.erasure.erase(US)
    assert len(await lab.process.spent.of(US)) == 3


async def test_who_used_nothing_leaves_nothing(lab):
    await lab.job(1, fail=True)
    await lab.erasure.erase(US)
    assert lab.kept == []


async def test_open_jobs_are_looked_at_a_few_at_a_time(lab):
    for number in range(1, 31):
        await lab.process.submit(submission(number, user=THEM if number % 2 else US))
    another = Lab(lab.world)  # which has read none of them
    reads = lab.world.faults.calls
    before, gate = reads["store.get"], lab.world.faults.hold("store.get", when="after")
    erasing = another.process.spawn(another.erasure.erase(US))
    await gate.reached.wait()
    await another.process.settled()
    assert reads["store.get"] - before > 15, "one that hangs holds nobody else up"
    gate.open()
    assert (await erasing).stopping == 15


async def test_what_runs_is_stopped_and_leaves_nothing_behind_when_it_has_ended(lab):
    await lab.process.submit(submission(1))
    await lab.process.run_ready()
    erased = await lab.erasure.erase(US)
    assert erased.stopping == 1
    await lab.process.run_ready()
    assert lab.kept == []
    assert lab.world.replicate.running == []


async def test_a_job_that_is_stopped_is_erased_by_another_process_after_a_crash(lab):
    await lab.process.submit(submission(1))
    await lab.process.run_ready()
    await lab.erasure.erase(US)
    await lab.process.crash()
    another = lab.world.start()
    await another.sweep.once()
    await another.run_ready()
    assert lab.kept == []


async def test_what_could_not_be_deleted_now_is_deleted_when_it_is_asked_for_again(lab):
    for number in range(1, 4):
        await lab.job(number)
    lab.world.faults.fail("store.delete", storage_down, skip=1)
    with pytest.raises(StorageUnavailableError):
        await lab.erasure.erase(US)
    await lab.erasure.erase(US)
    assert all(key.startswith(object_keys.SPENT) for key in lab.kept)


async def test_what_admins_have_decided_stays(lab):
    await lab.people.change(US, lambda _: Person(locale="ru", banned=True, daily_jobs=3, recent_presets=("faces",)))
    await lab.erasure.erase(US)
    assert await People(lab.world.store).load(US) == Person(banned=True, daily_jobs=3)


async def test_a_record_that_nobody_can_read_is_no_obstacle(lab):
    job_id = await lab.job(1)
    await lab.world.store.put(object_keys.job(job_id), b"{", content_type="application/json")
    with contextlib.suppress(RecordCorruptError):
        await lab.process.repository.fresh(job_id)
    await lab.erasure.erase(US)
    assert lab.world.store.keys("history") == []


async def test_a_picture_of_another_job_stays_with_that(lab):
    first = await lab.job(1)
    second = await lab.process.results.chain(first, US, 1, "upscale", Trigger("t", "en"))
    await lab.process.run_ready()
    for prediction_id in lab.world.replicate.running:
        lab.world.replicate.succeed(prediction_id)
    await lab.process.deliver_callbacks()
    await lab.process.run_ready()
    await ResultErasure(lab.process.jobs.erasure, lab.process.repository).erase(lab.world.job(second))
    assert lab.world.store.keys(object_keys.outputs_prefix(first))
    assert not lab.world.store.keys(object_keys.outputs_prefix(second))
    assert object_keys.job(second) not in lab.kept


async def test_a_deleted_result_keeps_its_place_in_the_days_quota_but_nothing_else(lab):
    job_id = await lab.job(1, seeds=(1, 2))
    erasure = ResultErasure(lab.process.jobs.erasure, lab.process.repository)
    assert await erasure.erase(lab.world.job(job_id)) > 0
    ((_, entry),) = await lab.process.repository.history(US, limit=5)
    assert (entry.keys, entry.input_key, entry.message_ids, entry.results) == ((), None, (), 2)
    assert lab.kept == lab.world.store.keys("history")


async def test_a_job_that_is_not_finished_cannot_be_deleted_as_a_result(lab):
    await lab.process.submit(submission(1))
    await lab.process.run_ready()
    job = lab.world.job(submission(1).job_id)
    assert job.status is JobStatus.PROCESSING
    with pytest.raises(NoSuchJobError):
        await ResultErasure(lab.process.jobs.erasure, lab.process.repository).erase(job)


async def test_a_job_that_ends_in_this_moment_and_is_in_no_list_yet_goes_too(lab):
    asked, process = submission(1), lab.process
    await process.submit(asked)
    await process.run_ready()
    lab.world.replicate.succeed(lab.world.replicate.running[0])
    await process.deliver_callbacks()
    told = lab.world.faults.hold("chat.send_outcome", when="after")
    ending = process.spawn(process.advance(asked.job_id))
    await told.reached.wait()
    listed = lab.world.faults.hold("store.put", skip=1)  # after the record's own end
    told.open()
    await listed.reached.wait()
    assert lab.world.job(asked.job_id).status is JobStatus.COMPLETED
    assert (await lab.erasure.erase(US)).stopping == 1
    listed.open()
    await ending
    await process.run_ready()
    (spent,) = lab.kept
    assert spent.startswith(object_keys.SPENT)
    assert len(await process.spent.of(US)) == 1
