"""The repository over a store in memory: create, compare-and-swap, markers, history."""

import asyncio
import gc
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from storage import object_keys
from storage.chat_events import Announced
from storage.delivery_events import ResultTold
from storage.errors import ObjectNotFoundError, RecordCorruptError, StorageUnavailableError
from storage.event import EventRefusedError
from storage.job import Claim, JobStatus
from storage.lifecycle_events import Admitted, CancelRequested, OutcomeDecided
from storage.records import HistoryEntry, TaskRecord, dump_job
from storage.repository import JobRepository
from storage.slot_events import CreateClaimed
from storage.transitions import IllegalTransitionError, apply_all
from tests.support.fakes import BEGIN, World, new_job, storage_down
from tests.support.waiting import loop_turns

JOB = new_job()
LATER = BEGIN + timedelta(seconds=5)


@pytest.fixture(params=[True, False], ids=["conditional", "unconditional"])
def world(request):
    return World(conditional=request.param)


@pytest.fixture
def repository(world):
    return another(world)


def another(world, **options):
    """The same store seen by a process that remembers nothing."""
    return JobRepository(world.store, conditional_writes=world.conditional, **options)


def told(job):
    return apply_all(job, [OutcomeDecided(JobStatus.COMPLETED, BEGIN), ResultTold()], BEGIN)


async def test_a_new_job_is_recorded_and_marked_open(world, repository):
    assert await repository.create(JOB) is True
    assert world.job(JOB.id) == JOB
    assert world.store.keys() == [object_keys.job(JOB.id), object_keys.open_marker(JOB.id)]


async def test_creating_again_changes_nothing_but_renews_the_marker(world, repository):
    await repository.create(JOB)
    await repository.change(JOB.id, [Admitted()], LATER)
    await world.store.delete([object_keys.open_marker(JOB.id)])
    assert await another(world).create(JOB) is False
    assert world.job(JOB.id).status is JobStatus.PROCESSING
    assert world.store.keys(object_keys.OPEN) == [object_keys.open_marker(JOB.id)]


async def test_a_finished_job_is_not_marked_again(world, repository):
    world.store.put_now(object_keys.job(JOB.id), dump_job(told(JOB)))
    assert await repository.create(JOB) is False
    assert world.store.keys(object_keys.OPEN) == []


async def test_of_many_creations_at_once_one_wins(world, repository):
    others = [repository] * 3 + ([another(world), another(world)] if world.conditional else [])
    assert sorted(await asyncio.gather(*(r.create(JOB) for r in others))) == [False] * (len(others) - 1) + [True]
    assert len(world.store.versions[object_keys.job(JOB.id)]) == 1


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_creation_that_failed_may_be_repeated(world, repository, skip, when):
    world.faults.fail("store.put", storage_down(), when=when, skip=skip)
    with pytest.raises(StorageUnavailableError):
        await repository.create(JOB)
    await repository.create(JOB)
    assert world.job(JOB.id) == JOB
    assert world.store.keys(object_keys.OPEN)


async def test_a_canceled_creation_leaves_no_write_behind(world, repository):
    gate = world.faults.hold("store.put", skip=0)
    task = asyncio.ensure_future(repository.create(JOB))
    await gate.reached.wait()
    task.cancel()
    await loop_turns(5)
    gate.open()
    await asyncio.gather(task, return_exceptions=True)
    before = world.store.keys()
    await loop_turns(20)
    assert world.store.keys() == before


async def test_a_change_folds_its_events_and_writes_once(world, repository):
    await repository.create(JOB)
    job = await repository.change(JOB.id, [Admitted(), Announced(5, "accepted", 7)], LATER)
    assert world.job(JOB.id) == job
    assert (job.status, job.status_message_id) == (JobStatus.PROCESSING, 5)
    assert len(world.store.versions[object_keys.job(JOB.id)]) == 2


async def test_a_change_that_brings_nothing_new_writes_nothing(world, repository):
    await repository.create(JOB)
    await repository.change(JOB.id, [Admitted()], LATER)
    world.faults.calls.clear()
    await repository.change(JOB.id, [Admitted()], LATER)
    await repository.change(JOB.id, [], LATER)
    assert not world.faults.calls


@pytest.mark.parametrize(
    ("events", "error"),
    [([CreateClaimed(0, Claim("me", BEGIN))], IllegalTransitionError), ([Admitted(), ResultTold()], EventRefusedError)],
)
async def test_events_that_do_not_fit_write_nothing(world, repository, events, error):
    await repository.create(JOB)
    with pytest.raises(error):
        await repository.change(JOB.id, events, LATER)
    assert world.job(JOB.id) == JOB
    assert await repository.load(JOB.id) == JOB


async def test_concurrent_changes_in_one_process_are_all_kept(world, repository):
    await repository.create(JOB)
    events = [Admitted(), CancelRequested(), Announced(5, "accepted", 7)]
    await asyncio.gather(*(repository.change(JOB.id, [event], LATER) for event in events))
    job = world.job(JOB.id)
    assert (job.status, job.cancel_requested, job.status_message_id) == (JobStatus.PROCESSING, True, 5)


async def test_concurrent_changes_of_several_processes_are_all_kept():
    world = World()
    processes = [another(world) for _ in range(3)]
    await processes[0].create(JOB)
    await asyncio.gather(*(p.load(JOB.id) for p in processes))
    events = [Admitted(), CancelRequested(), Announced(5, "accepted", 7)]
    await asyncio.gather(*(p.change(JOB.id, [e], LATER) for p, e in zip(processes, events, strict=True)))
    job = world.job(JOB.id)
    assert (job.status, job.cancel_requested, job.status_message_id) == (JobStatus.PROCESSING, True, 5)


async def test_of_two_processes_one_gets_a_claim():
    world = World()
    first, second = another(world), another(world)
    await first.create(JOB)
    await first.change(JOB.id, [Admitted()], LATER)
    await second.load(JOB.id)
    claims = [CreateClaimed(0, Claim(name, LATER)) for name in ("first", "second")]
    results = await asyncio.gather(
        first.change(JOB.id, claims[:1], LATER), second.change(JOB.id, claims[1:], LATER), return_exceptions=True
    )
    assert [isinstance(r, EventRefusedError) for r in results].count(True) == 1
    assert world.job(JOB.id).slots[0].creates == 1


async def test_a_race_lost_again_and_again_is_an_outage_and_not_a_loop():
    world = World()
    repository = another(world)
    await repository.create(JOB)
    write = world.store._write
    world.store.faults.fail("store.get", lambda: AssertionError("unused"), times=0)

    async def someone_else_first(key, body, **options):
        if options.get("if_match"):
            write(key, dump_job(JOB), "application/json")
        return await type(world.store).put(world.store, key, body, **options)

    world.store.put = someone_else_first
    with pytest.raises(StorageUnavailableError, match="races"):
        await repository.change(JOB.id, [Admitted()], LATER)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_after_a_write_of_unknown_outcome_the_record_is_read_again(world, repository, when):
    await repository.create(JOB)
    world.faults.fail("store.put", storage_down(), when=when)
    with pytest.raises(StorageUnavailableError):
        await repository.change(JOB.id, [Admitted()], LATER)
    assert await repository.load(JOB.id) == world.job(JOB.id)
    assert (await repository.change(JOB.id, [Admitted()], LATER)).status is JobStatus.PROCESSING


async def test_a_write_that_was_repeated_below_and_refused_counts_as_done():
    """An S3 client repeats a PUT whose answer was lost; its own first write then refuses the second."""
    world = World()
    repository = another(world)
    await repository.create(JOB)
    put = world.store.put

    async def twice(key, body, **options):
        await put(key, body, **options)
        return await put(key, body, **options)

    world.store.put = twice
    job = await repository.change(JOB.id, [Admitted()], LATER)
    assert job == world.job(JOB.id)
    assert job.status is JobStatus.PROCESSING


async def test_a_known_job_is_not_read_again_until_it_is_asked_for_afresh(world, repository):
    await repository.create(JOB)
    world.faults.calls.clear()
    await repository.load(JOB.id)
    assert not world.faults.calls
    await another(world).change(JOB.id, [Admitted()], LATER)
    assert (await repository.fresh(JOB.id)).status is JobStatus.PROCESSING


async def test_memory_of_jobs_is_bounded(world):
    repository = another(world, keep_recent=2)
    for number in range(4):
        await repository.create(new_job(number))
    world.faults.calls.clear()
    await repository.load(new_job(3).id)
    assert world.faults.calls["store.get"] == 0
    await repository.load(new_job(0).id)
    assert world.faults.calls["store.get"] == 1


async def test_a_job_that_is_not_there_is_not_found(repository):
    with pytest.raises(ObjectNotFoundError):
        await repository.load(JOB.id)


async def test_a_corrupt_record_exists_but_cannot_be_loaded(world, repository):
    world.store.put_now(object_keys.job(JOB.id), b"not json")
    assert await repository.create(JOB) is False
    with pytest.raises(RecordCorruptError):
        await repository.load(JOB.id)


async def test_a_marker_of_no_job_can_be_removed_and_one_of_a_job_cannot(world, repository):
    world.store.put_now(object_keys.open_marker(JOB.id), b"")
    await repository.create(new_job(2))
    assert await repository.remove_marker_of_none(JOB.id) is True
    assert await repository.remove_marker_of_none(new_job(2).id) is False
    assert world.store.keys(object_keys.OPEN) == [object_keys.open_marker(new_job(2).id)]


async def test_open_jobs_are_those_with_a_marker_and_foreign_objects_are_passed_over(world, repository):
    for number in range(3):
        await repository.create(new_job(number))
    world.store.put_now("open/not-a-job", b"")
    await repository.close(new_job(1).id, ())
    assert {m.job_id async for m in repository.open_jobs()} == {new_job(0).id, new_job(2).id}
    assert {m.marked_at async for m in repository.open_jobs()} == {BEGIN}


async def test_closing_takes_the_marker_and_the_task_records_and_nothing_else(world, repository):
    await repository.create(JOB)
    await repository.create(new_job(2))
    for name in ("p1", "p2", "other"):
        await repository.put_task(TaskRecord(name, JOB.id, 0, 7, BEGIN))
    before = set(world.store.keys())
    await repository.close(JOB.id, ["p1", "p2"])
    gone = {object_keys.open_marker(JOB.id), "tasks/p1.json", "tasks/p2.json"}
    assert set(world.store.keys()) == before - gone
    await repository.close(JOB.id, ["p1", "p2"])


async def test_a_task_record_leads_to_its_job(world, repository):
    task = TaskRecord("p1", JOB.id, 2, 7, BEGIN)
    await repository.put_task(task)
    assert await repository.find_task("p1") == task
    assert await repository.find_task("p2") is None
    assert await repository.find_task("../jobs/x") is None


async def test_history_is_listed_newest_first_page_by_page(repository):
    entries = [HistoryEntry(new_job(n).id, "edit", BEGIN + timedelta(minutes=n), None, ()) for n in range(5)]
    for entry in entries:
        await repository.put_history("tg-7", entry)
        await repository.put_history("tg-7", entry)
    await repository.put_history("tg-77", entries[0])
    first = await repository.history("tg-7", limit=3)
    assert [entry for _, entry in first] == entries[:1:-1]
    second = await repository.history("tg-7", limit=3, before=first[-1][0])
    assert [entry for _, entry in second] == entries[1::-1]


async def test_done_since_counts_what_is_in_the_window(repository):
    for minutes in (0, 10, 20):
        at = BEGIN + timedelta(minutes=minutes)
        await repository.put_history("tg-7", HistoryEntry(new_job(minutes).id, "edit", at, None, ()))
    since = (BEGIN + timedelta(minutes=10)).timestamp()
    assert await repository.done_since("tg-7", since, limit=10) == [since + 600, since]
    assert await repository.done_since("tg-7", since, limit=1) == [since + 600]
    assert await repository.done_since("tg-8", since, limit=10) == []


async def test_a_storage_that_is_down_leaves_no_failure_that_nobody_looked_at(world, repository):
    """asyncio writes a traceback for each, some time later: one for every update of an outage."""
    heard = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["message"]))
    world.faults.fail("store.put", storage_down, times=2)
    with pytest.raises(StorageUnavailableError):
        await repository.create(JOB)
    gc.collect()
    assert heard == []


async def test_poison_is_readable_and_bounded(world, repository):
    key = await repository.keep_poison("jobs", JOB.id, {"job": JOB, "why": "ß"})
    assert json.loads(world.store.objects[key].body)["why"] == "ß"
    key = await repository.keep_poison("jobs", JOB.id, {"why": "x" * 3_000_000})
    assert len(world.store.objects[key].body) <= 1_000_000


async def test_poison_is_kept_however_deep_it_is(world, repository):
    """What could not be kept was answered with 500, and Telegram would repeat it for a day."""
    deep = {}
    for _ in range(50_000):
        deep = {"x": deep}
    key = await repository.keep_poison("updates", "1", {"update": deep, "traceback": ["here"]})
    kept = json.loads(world.store.objects[key].body)
    assert kept["traceback"] == ["here"]
    assert "RecursionError" in kept["update"]


async def test_whoever_watches_is_told_of_every_write_and_of_nothing_else(world):
    told = []
    repository = another(world, watch=lambda before, now: told.append((before and before.status, now.status)))
    await repository.create(JOB)
    await repository.create(JOB)
    for _ in range(2):
        await repository.change(JOB.id, [Admitted()], LATER)
    world.faults.fail("store.put", storage_down())
    with pytest.raises(StorageUnavailableError):
        await repository.change(JOB.id, [OutcomeDecided(JobStatus.COMPLETED, BEGIN)], LATER)
    assert told == [(None, JobStatus.PENDING), (JobStatus.PENDING, JobStatus.PROCESSING)]


async def test_what_was_last_seen_costs_no_read(world, repository):
    assert repository.last_seen(JOB.id) is None
    await repository.create(JOB)
    calls = world.faults.calls.copy()
    assert repository.last_seen(JOB.id) == JOB
    assert world.faults.calls == calls


async def test_the_list_of_a_user_is_newest_first_page_by_page(world, repository):
    jobs = [replace(JOB, id=object_keys.job_id_of(n), created_at=BEGIN + timedelta(seconds=n)) for n in range(3)]
    for job in jobs:
        await repository.put_listed(job)
    first = await repository.listed(JOB.origin.user, limit=2)
    rest = await repository.listed(JOB.origin.user, limit=2, after=first[-1])
    assert [object_keys.job_id_of_cursor(row) for row in [*first, *rest]] == [job.id for job in reversed(jobs)]
    assert await repository.listed("tg-77", limit=9) == []
