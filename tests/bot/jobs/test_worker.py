"""What the queue calls: one advance, and the next nudge."""

from structlog.contextvars import bind_contextvars, get_contextvars

from storage import object_keys
from storage.errors import StorageRefusedError, StorageUnavailableError
from storage.job import JobStatus
from storage.records import dump_job
from tests.support.fakes import storage_down, submission

ASKED = submission()
JOB = ASKED.job_id


async def test_a_job_that_goes_on_comes_back_when_its_next_step_is_due(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    assert (process.queue.due[JOB] - world.clock.now()).total_seconds() == 10


async def test_a_finished_job_does_not_come_back(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    world.replicate.succeed(*world.replicate.running)
    await process.deliver_callbacks()
    await process.run_ready()
    assert process.queue.due == {}


async def test_each_advance_has_a_log_context_of_its_own(process):
    bind_contextvars(chat_id=999, stranger=1)
    await process.submit(ASKED)
    await process.worker(JOB)
    assert "stranger" not in get_contextvars()
    assert get_contextvars()["job_id"] == JOB


async def test_a_nudge_for_no_job_is_dropped(process, logs):
    await process.worker(JOB)
    assert process.queue.nudges == []
    assert "job_missing" in {line["event"] for line in logs}


async def test_while_the_storage_is_down_the_job_comes_back(world, process):
    await process.submit(ASKED)
    world.faults.fail("store", storage_down, times=10**9)
    await process.run_for(300)
    assert process.queue.scheduled(JOB)
    assert world.faults.calls["store.put"] < 100, "not hammered"
    world.faults.stop()
    await process.run_for(120)
    assert world.replicate.running


async def test_one_job_that_the_storage_refuses_does_not_come_back_every_second(world, process, logs):
    """Its record cannot be written, all others can: no circuit opens, and an hour is 3600 tries."""
    await process.submit(ASKED)
    put = world.store.put

    async def refuse(key, body, **how):
        if key == object_keys.job(JOB):
            world.faults.calls["refused"] += 1
            raise StorageRefusedError("not this one")
        return await put(key, body, **how)

    world.store.put = refuse
    for number in range(12):
        await process.run_for(300)
        await process.submit(submission(100 + number))
    assert 20 < world.faults.calls["refused"] < 300
    world.store.put = put
    await process.run_for(120)
    assert world.job(JOB).status is not JobStatus.PENDING


async def test_what_the_storage_wishes_is_respected(world, process):
    await process.submit(ASKED)
    world.faults.fail("store", StorageUnavailableError("slow down", retry_after_s=77))
    await process.run_ready()
    assert (process.queue.due[JOB] - world.clock.now()).total_seconds() >= 77


async def test_an_outage_costs_neither_facts_nor_second_effects(world, process):
    """What was done while the storage was down is remembered until it can be written."""
    await process.submit(ASKED)
    world.faults.fail("store.put", storage_down, skip=2, times=2)
    await process.run_for(20)
    world.faults.stop()
    await process.run_for(60)
    assert world.faults.calls["replicate.create"] == 1
    assert world.faults.calls["chat.announce"] == 1
    assert world.job(JOB).slots[0].prediction_id


async def test_a_record_that_nobody_can_read_is_buried_and_an_admin_told(world, process):
    await process.submit(ASKED)
    world.store.put_now(object_keys.job(JOB), b"not json")
    process = world.start()
    await process.sweep.once()
    await process.run_ready()
    assert world.store.keys(object_keys.OPEN) == []
    assert world.store.keys("poison/records/")
    assert [code for code, _ in world.chat.alerts] == ["record_corrupt"]
    assert process.queue.due == {}
    assert world.store.objects[object_keys.job(JOB)].body == b"not json", "kept for the admin"


async def test_burying_waits_for_the_storage(world, process):
    world.store.put_now(object_keys.job(JOB), b"not json")
    world.store.put_now(object_keys.open_marker(JOB), b"")
    world.faults.fail("store.put", storage_down())
    await process.sweep.once()
    await process.run_for(60)
    assert world.store.keys(object_keys.OPEN) == []


async def test_a_record_of_a_newer_version_is_tried_again_later(world, process, logs):
    await process.submit(ASKED)
    world.store.put_now(object_keys.job(JOB), dump_job(world.job(JOB)).replace(b'"v":1', b'"v":2'))
    process = world.start()
    await process.sweep.once()
    await process.run_ready()
    assert process.queue.scheduled(JOB)
    assert world.store.keys("poison/") == []
    assert "record_too_new" in {line["event"] for line in logs}


async def test_admins_hear_of_a_job_that_does_not_get_on_by_a_mistake_of_ours(world, process):
    await process.submit(ASKED)
    another = world.start()  # which has to read the record
    world.faults.fail("store.get", RuntimeError("a mistake"), times=2)
    await another.sweep.once()
    await another.run_ready()
    assert [code for code, _ in world.chat.alerts] == ["advance_crashed"]
    assert (another.queue.due[JOB] - world.clock.now()).total_seconds() == 60


async def test_a_fault_of_ours_is_logged_and_the_job_comes_back(world, process, logs):
    await process.submit(ASKED)
    await process.run_ready()
    world.replicate.succeed(*world.replicate.running)
    await process.deliver_callbacks()
    world.faults.fail("chat.alert", RuntimeError("x"), times=10)
    world.faults.fail("outputs.fetch", RuntimeError("y"), times=10)
    await process.run_for(100)
    assert "advance_crashed" in {line["event"] for line in logs}
    world.faults.stop()
    await process.run_for(200)
    assert world.job(JOB).status.terminal
