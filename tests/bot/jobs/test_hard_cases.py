"""Hard cases: each was a way to lose a job, to tell twice, to pay twice, to hang or to loop, and must stay closed."""

import asyncio
import traceback
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from PIL import Image
from yarl import URL

from bot import app_keys
from bot.errors import answer_to
from bot.jobs.callback_recorder import CallbackResult
from bot.jobs.callback_reference import JobReference
from bot.jobs.errors import EngineUnavailableError, NotDoneError, OutcomeUnknownError
from bot.jobs.limits.places import ProcessPlaces
from bot.jobs.links import UploadedLinks
from bot.middleware import errors_to_answers
from bot.refused_requests import RefusedRequests
from bot.replicate_callback import routes as callback_routes
from bot.replicate_callback.signing_key import SigningKey, SigningKeyUnavailableError
from bot.telegram.intake import UpdateIntake
from bot.work_queue.in_process import InProcessQueue
from bot.work_queue.single_process import single_process
from replicate_gateway import errors as gateway
from replicate_gateway.prediction import Prediction, PredictionStatus
from storage import object_keys
from storage.errors import RecordCorruptError, StorageUnavailableError
from storage.job import Claim, InputImage, JobStatus, SlotState
from storage.lifecycle_events import Admitted, OutcomeDecided
from storage.records import dump_job
from storage.repository import JobRepository
from storage.slot_events import CreateClaimed
from storage.transitions import apply_all
from tests.support import pictures
from tests.support.fakes import (
    BEGIN,
    LIMITS,
    HotLoopError,
    World,
    build,
    new_job,
    storage_down,
    submission,
)
from tests.support.waiting import eventually, loop_turns
from tests.support.web_servers import listening

ASKED = submission()
JOB = ASKED.job_id
# Too large to go along in a create call.
LARGE_PHOTO = pictures.saved(Image.effect_noise((640, 480), 100), "PNG")


def limits(**changes):
    return replace(LIMITS, **changes)


async def running(world, process, asked=ASKED):
    """A job whose prediction runs; gives the prediction's id."""
    before = set(world.replicate.predictions)
    await process.submit(asked)
    await process.run_ready()
    (prediction_id,) = set(world.replicate.predictions) - before
    return prediction_id


async def bounded(work, *, turns=20_000):
    """The result of `work`; fails if that takes more turns of the loop than any honest work does."""
    task = asyncio.ensure_future(work)
    for _ in range(turns):
        if task.done():
            return task.result()
        await loop_turns()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    raise HotLoopError(f"still busy after {turns} turns of the loop")


# --- loops for ever, without a pause ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refusal", [gateway.CredentialsRefusedError("no", status=401), gateway.CreditExhaustedError("no", status=402)]
)
async def test_stopping_a_prediction_that_replicate_refuses_to_stop_does_not_loop(world, process, refusal):
    """A token that is revoked while predictions run: Poll waits for it, then Stop is refused, again and again."""
    await running(world, process)
    world.faults.fail("replicate", refusal, times=10**9)
    await bounded(process.run_for(3 * 3600))
    assert world.faults.calls["replicate.cancel"] < 50
    assert world.job(JOB).status is JobStatus.FAILED
    assert len(world.chat.outcomes(JOB)) == 1


async def test_unknown_outcomes_without_a_status_message_do_not_ping_again_and_again(world, process):
    """Telegram accepts every message and drops every answer; there is no status message to settle it with."""
    prediction_id = await running(world, process)
    world.chat.delete_status(JOB)
    world.replicate.succeed(prediction_id)
    world.faults.fail("chat.send_outcome", OutcomeUnknownError("dropped"), when="after", times=10**9)
    await process.deliver_callbacks()
    await bounded(process.run_for(3600))
    assert world.chat.pings(JOB) <= 1
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_a_job_in_line_does_not_nudge_itself_while_replicate_says_wait(world):
    """Slot 0 ends and frees a place; slot 2 is first in line, but slot 1 got a 429: settle nudges its own job."""
    process = build(world, limits(replicate_max_active=2))
    asked = submission(seeds=(1, 2, 3))
    world.faults.fail("replicate.create", gateway.GatewayBusyError("slow down", retry_after_s=60), skip=1)
    await process.submit(asked)
    await process.run_ready()
    (prediction_id,) = world.replicate.predictions
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready(most=30)  # raises HotLoopError
    await process.run_for(120)
    assert len(world.replicate.predictions) == 3


# --- the job never ends, or its result is lost ------------------------------------------------------------------------


async def test_a_result_that_vanished_from_the_storage_does_not_hang_the_job(world):
    """Tell reads the result back, gets ObjectNotFoundError, and the worker takes that for "no such job"."""
    first = world.start()
    prediction_id = await running(world, first)
    world.replicate.succeed(prediction_id)
    await first.deliver_callbacks()
    world.faults.fail("chat.send_outcome", NotDoneError("telegram_unreachable"), times=10**9)
    await first.run_ready()
    await first.crash()
    world.faults.stop()
    await world.store.delete(world.store.keys("images/output/"))
    second = world.start()
    for _ in range(30):
        await second.sweep.once()
        await second.run_for(60)
    assert world.job(JOB).status.terminal
    assert world.chat.visible(JOB), "the person was told something"


@pytest.mark.parametrize("photo", [pictures.jpeg(64, 48), LARGE_PHOTO], ids=["inline", "uploaded"])
async def test_a_storage_error_before_the_create_call_is_no_unknown_outcome(world, photo):
    """The input cannot be read for its upload: nothing was sent, yet the claim stands, for 30 s, four times at most."""
    world.photos.bodies["file1"] = photo
    process = build(world, links=UploadedLinks(world.store, world.replicate))
    world.faults.fail("store.get", storage_down, times=4)
    await process.submit(ASKED)
    await process.run_for(20)
    await process.run_for(600)
    assert world.replicate.predictions, "an outage of the storage must not fail a job"
    assert all(p.created_at < BEGIN + timedelta(seconds=100) for p in world.replicate.predictions.values())


async def test_a_result_that_is_ready_after_a_long_standstill_is_delivered_not_timed_out(world):
    """The process was dead past the deadline. Poll and Decide act on the same look at the job: the result is lost."""
    first = world.start()
    prediction_id = await running(world, first)
    await first.crash()
    world.replicate.succeed(prediction_id)
    world.clock.advance(LIMITS.job_timeout_s + 60)
    second = world.start()
    await second.sweep.once()
    await second.run_for(600)
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_a_recorded_success_is_archived_although_the_storage_was_down_past_the_deadline(world, process):
    prediction_id = await running(world, process)
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    world.faults.fail("store", storage_down, times=10**9)
    await process.run_for(LIMITS.job_timeout_s + 60)
    world.faults.stop()
    await process.run_for(600)
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_a_poll_that_finds_nothing_does_not_undo_a_success_that_a_callback_brought_meanwhile(world, process):
    prediction_id = await running(world, process)
    world.clock.advance(31)
    gate = world.faults.hold("replicate.get")
    missing = gateway.PredictionNotFoundError("not yet in this region", status=404)
    world.faults.fail("replicate.get", missing, when="after")
    task = process.spawn(process.advance(JOB))
    await gate.reached.wait()
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    gate.open()
    await task
    await process.run_for(600)
    assert [job.slots[0].state for job in world.store.history_of(JOB)][-1] is SlotState.ARCHIVED
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_a_record_never_outgrows_what_can_be_read_back(world):
    """Outputs may be data URLs of megabytes; they are kept in the record, and the next process cannot read it."""
    first = world.start()
    prediction_id = await running(world, first)
    world.replicate.succeed(prediction_id, "data:image/png;base64," + "A" * 2_000_000)
    await first.deliver_callbacks()
    await first.crash()
    second = world.start()
    await second.sweep.once()
    await second.run_for(3600)
    assert world.job(JOB).status.terminal


async def test_a_finished_job_is_closed_although_its_status_message_cannot_be_taken_away(world, process):
    """Close has no answer to an unforeseen error: every minute for ever."""
    prediction_id = await running(world, process)
    world.replicate.succeed(prediction_id)
    world.faults.fail("chat.retract_status", RuntimeError("Bad Request: message can't be deleted"), times=10**9)
    await process.deliver_callbacks()
    await process.run_for(600)
    assert world.is_closed(JOB)


async def test_the_person_is_not_left_with_nothing_when_telling_is_given_up(world, process):
    """Told without a message, and then even the status message is taken away."""
    prediction_id = await running(world, process)
    world.replicate.succeed(prediction_id)
    world.faults.fail("chat.send_outcome", RuntimeError("Bad Request: nobody foresaw"), times=10**9)
    world.faults.fail("chat.edit_into_outcome", RuntimeError("Bad Request: nobody foresaw"), times=10**9)
    await process.deliver_callbacks()
    await process.run_for(3600)
    assert world.job(JOB).status.terminal
    assert world.chat.visible(JOB)


async def test_a_record_of_a_newer_version_is_left_for_the_program_that_knows_it(world, process):
    """A rollback, or a rolling deploy: burying it removes the marker, and the job is lost."""
    await process.submit(ASKED)
    await process.crash()
    newer = dump_job(world.job(JOB)).replace(b'"v":1', b'"v":2')
    world.store.put_now(object_keys.job(JOB), newer)
    second = world.start()
    await second.sweep.once()
    await second.run_ready()
    assert object_keys.open_marker(JOB) in world.store.objects


async def test_a_marker_that_cannot_be_looked_into_does_not_hide_the_others_from_the_sweep(world):
    """One job record that is too large to be read stops every sweep at its marker."""
    asked = sorted((submission(n) for n in range(1, 4)), key=lambda s: s.job_id)
    first = world.start()
    for one in asked:
        await first.submit(one)
    await first.crash()
    world.store.put_now(object_keys.job(asked[0].job_id), b"x" * 1_000_001)
    world.clock.advance(2 * 3600)
    second = world.start()
    await second.sweep.once()
    assert {asked[1].job_id, asked[2].job_id} <= set(second.queue.due)


async def test_the_sweep_goes_on_after_an_error_that_nobody_foresaw(world, process):
    """A queue in another process has errors of its own; the sweep's task must not end with the first."""
    await process.submit(ASKED)
    process.queue.due.clear()
    enqueue, failed = process.queue.enqueue, []

    async def broken_once(job_id, delay_s=0.0):
        if not failed:
            failed.append(job_id)
            raise ConnectionError("the engine restarts")
        await enqueue(job_id, delay_s)

    process.queue.enqueue = broken_once
    task = asyncio.ensure_future(process.sweep.run())
    await eventually(lambda: failed)
    await loop_turns(50)
    alive = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert alive


async def test_removing_an_orphan_marker_does_not_take_the_marker_of_a_job_recorded_meanwhile(world, process):
    """Between the sweep's look and its delete the update comes again. A crash after that loses the job."""
    world.store.put_now(object_keys.open_marker(JOB), b"", modified_at=BEGIN - timedelta(hours=2))
    gate = world.faults.hold("store.delete")
    sweep = process.spawn(process.sweep.once())
    await gate.reached.wait()
    submit = process.spawn(process.service.submit(ASKED))
    await loop_turns(50)
    gate.open()
    await asyncio.gather(sweep, submit)
    assert object_keys.open_marker(JOB) in world.store.objects


async def test_places_of_a_job_whose_record_is_gone_are_given_back(world):
    """Otherwise `REPLICATE_MAX_ACTIVE` such jobs stop everybody else until the next restart."""
    process = build(world, limits(replicate_max_active=1))
    await running(world, process)
    world.store.put_now(object_keys.job(JOB), b"not json")
    process.repository._recent.forget(JOB)
    await process.advance(JOB)
    other = submission(2)
    await process.submit(other)
    await process.run_for(120)
    assert world.replicate.made_for(other.job_id)


# --- twice, without need ----------------------------------------------------------------------------------------------


async def test_the_grace_time_of_a_lost_create_answer_begins_when_the_answer_is_lost(world, process):
    """A create call may take 45 s, and the upload of its input 120 s more: by then 30 s from the claim are over."""
    world.replicate.lists = False

    def late():
        world.clock.advance(45)
        return gateway.OutcomeUnknownError("no answer")

    world.faults.fail("replicate.create", late, when="after")
    await process.submit(ASKED)
    await process.run_ready()
    await process.run_for(5)
    world.replicate.lists = True
    await process.run_for(60)
    assert len(world.replicate.predictions) == 1


async def test_two_slots_do_not_adopt_the_same_orphan(world):
    """Without callbacks and seeds both slots recognise either prediction and take the newest."""
    process = world.start(callbacks=False)
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after", times=2)
    asked = submission(seeds=(None, None))
    await process.submit(asked)
    await process.run_for(40)
    adopted = [slot.prediction_id for slot in world.job(asked.job_id).slots]
    assert None not in adopted
    assert len(set(adopted)) == 2


@pytest.mark.parametrize("photo", [pictures.jpeg(64, 48), LARGE_PHOTO], ids=["inline", "uploaded"])
async def test_an_orphan_is_recognised_when_its_input_was_sent_to_replicate(world, photo):
    """On a laptop (files, no BASE_URL) the input is the picture itself, or a link of Replicate's own."""
    world.photos.bodies["file1"] = photo
    process = build(world, callbacks=False, links=UploadedLinks(world.store, world.replicate))
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    await process.submit(ASKED)
    await process.run_for(120)
    assert len(world.replicate.predictions) == 1
    assert world.faults.calls["replicate.upload"] == (photo is LARGE_PHOTO)


async def test_an_orphan_of_a_canceled_job_is_stopped_although_the_storage_was_away(world):
    """What tells it from others is its input, which this process has to read back first."""
    first = build(world, callbacks=False, links=UploadedLinks(world.store, world.replicate))
    world.replicate.lists = False
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    await first.submit(ASKED)
    await first.run_ready()
    await first.crash()
    world.replicate.lists = True
    second = build(world, callbacks=False, links=UploadedLinks(world.store, world.replicate))
    await second.service.cancel(JOB, "tg-7")
    world.faults.fail("store.get", storage_down)
    await second.run_for(60)
    assert world.job(JOB).status is JobStatus.CANCELED
    assert world.replicate.running == []


async def test_a_stale_read_does_not_overwrite_a_claim_where_writes_are_not_conditional():
    """`load` is not under the job's lock: its late answer replaces what `change` has just written in memory."""
    world = World(conditional=False)
    repository = JobRepository(world.store, conditional_writes=False)
    job = apply_all(new_job(), [Admitted()], BEGIN)
    await repository.create(job)
    repository._recent.forget(job.id)
    gate = world.faults.hold("store.get", when="after")
    slow = asyncio.ensure_future(repository.load(job.id))
    await gate.reached.wait()
    change = asyncio.ensure_future(repository.change(job.id, [CreateClaimed(0, Claim("me", BEGIN))], BEGIN))
    await loop_turns(20)
    gate.open()
    await asyncio.gather(slow, change)
    await repository.change(job.id, [OutcomeDecided(JobStatus.FAILED, BEGIN, "timeout")], BEGIN)
    assert world.job(job.id).slots[0].state is SlotState.CLAIMED


# --- late, silent, or wasteful ----------------------------------------------------------------------------------------


async def test_a_callback_whose_record_was_written_but_not_acknowledged_is_acted_on_when_it_comes_again(world, process):
    """First delivery: written, answer lost, 503. Second: REPEATED, no nudge. The result waits for the next poll."""
    prediction_id = await running(world, process)
    world.replicate.succeed(prediction_id)
    (callback,) = [c for c in world.replicate.outbox if c.prediction.status.terminal]
    world.faults.fail("store.put", storage_down(), when="after")
    with pytest.raises(StorageUnavailableError):
        await process.receive(callback)
    await process.receive(callback)
    await process.run_ready()
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_a_storage_error_before_the_message_is_sent_does_not_cost_the_ping(world):
    """Reading the result back fails after the claim: nothing was sent, yet it is settled by an edit."""
    first = world.start()
    prediction_id = await running(world, first)
    world.replicate.succeed(prediction_id)
    await first.deliver_callbacks()
    world.faults.fail("chat.send_outcome", NotDoneError("telegram_unreachable"))
    await first.run_ready()
    await first.crash()
    world.faults.stop()
    world.faults.fail("store.stream", storage_down())
    second = world.start()
    await second.sweep.once()
    await second.run_for(300)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert world.chat.pings(JOB) == 1


async def test_a_claim_whose_write_was_not_acknowledged_is_not_taken_for_an_unknown_delivery(world, process):
    """The claim's answer is lost, so nothing was sent, and this process knows it: still the person gets no ping."""
    prediction_id = await running(world, process)
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    world.faults.fail("store.put", storage_down(), when="after")
    await process.run_for(300)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert world.chat.pings(JOB) == 1


async def test_one_crash_after_ordinary_postponements_does_not_give_a_step_up(world, process):
    """If `MAX_UNFORESEEN` counted attempts of any kind, two busy answers would use up the patience for bugs."""
    world.faults.fail("photos.fetch", NotDoneError("telegram_unreachable"), times=3)
    world.faults.fail("photos.fetch", RuntimeError("once"))
    await process.submit(ASKED)
    await process.run_for(600)
    assert world.replicate.predictions


async def test_results_that_wait_for_telegram_do_not_pile_up_in_memory(world, process):
    """An outage of Telegram may last a day; a result must not be held in memory, or as an open file, all that time."""
    prediction_id = await running(world, process)
    world.replicate.succeed(prediction_id)
    world.faults.fail("chat.send_outcome", NotDoneError("telegram_unreachable"), times=3)
    await process.deliver_callbacks()
    await process.run_ready()
    assert not world.job(JOB).status.terminal
    await process.run_for(600)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert world.faults.calls["store.stream"] >= 1, "it was read back from the storage"


async def test_callbacks_that_come_while_the_signing_key_cannot_be_had_do_not_each_ask_for_it(world):
    """Anybody may post here before anything was verified; each request now makes a call of its own, one by one."""
    key = SigningKey(world.replicate, None)
    world.faults.fail("replicate.webhook_secret", gateway.GatewayUnavailableError("down", status=500), times=10**9)
    results = await asyncio.gather(*(key.get() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(result, SigningKeyUnavailableError) for result in results)
    assert world.faults.calls["replicate.webhook_secret"] <= 2


async def test_a_lost_race_against_a_job_that_ended_is_no_crash(world):
    """Another process finished the job: our claim is refused with IllegalTransitionError, which nobody expects."""
    slow, fast = world.start(), world.start()
    await slow.submit(ASKED)
    gate = world.faults.hold("photos.fetch")
    task = slow.spawn(slow.advance(JOB))
    await gate.reached.wait()
    await fast.sweep.once()
    await fast.service.cancel(JOB, "tg-7")
    await fast.run_ready()
    assert world.job(JOB).status is JobStatus.CANCELED
    gate.open()
    await task
    assert slow.queue.next_at is None, "nothing is left to be done, least of all in a minute"


@pytest.mark.parametrize(
    ("call", "image"),
    [("photos.fetch", InputImage(file_id="slow")), ("web.fetch", InputImage(url="https://slow.example/a.jpg"))],
)
async def test_downloads_of_unknown_length_hold_up_nobody_else(world, process, call, image):
    """Six of them reserved all the memory there is for pictures, for as long as their lines took."""
    gates = [world.faults.hold(call) for _ in range(8)]
    for number, gate in enumerate(gates):
        await process.submit(submission(100 + number, inputs=(image,)))
        process.spawn(process.run_ready())
        await gate.reached.wait()
    await process.submit(ASKED)
    await process.run_ready()
    assert world.replicate.predictions, "its own photo was there at once"
    for gate in gates:
        gate.open()


class BusyThreads(Executor):
    """Both decode pictures of 64 megapixels, one after the other."""

    def submit(self, fn, /, *args, **kwargs):
        return Future()


async def test_a_photo_and_a_result_of_which_nothing_is_decoded_wait_for_no_thread(world):
    process = build(world, executor=BusyThreads())
    prediction_id = await running(world, process)
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()
    assert world.chat.pings(JOB) == 1


async def test_slow_lines_to_results_hold_up_nobody_else(world, process):
    prediction_id = await running(world, process)
    world.replicate.succeed(prediction_id)
    gate = world.faults.hold("outputs.fetch")
    await process.deliver_callbacks()
    task = process.spawn(process.run_ready())
    await gate.reached.wait()
    assert process.jobs.budget.held == 0
    gate.open()
    await task
    assert world.chat.pings(JOB) == 1


# --- the doors --------------------------------------------------------------------------------------------------------


async def test_an_update_whose_job_cannot_be_read_does_not_block_its_chat(world, process):
    """503 makes Telegram repeat it for a day, and hold back the chat's other updates."""
    world.store.put_now(object_keys.job(JOB), b"not json")
    assert await process.submit(ASKED) is False


async def test_an_update_that_meets_a_corrupt_record_is_poison_not_an_outage():
    """Pressing Cancel on a job whose record is corrupt, say."""

    class Dispatcher:
        async def feed_update(self, bot, update):
            raise RecordCorruptError("jobs/1.json", "does not read as a record")

    world = World()
    intake = UpdateIntake(None, Dispatcher(), JobRepository(world.store), world.chat)
    await intake.take({"update_id": 1, "poll_answer": {"poll_id": "1", "option_ids": []}})
    assert world.store.keys("poison/updates/")


async def test_poison_is_kept_whatever_text_is_in_it(world):
    """A lone surrogate (legal in JSON as an escape) breaks the keeping of the update it came with, hence the door."""
    repository = JobRepository(world.store)
    key = await repository.keep_poison("updates", "1", {"update": {"text": "\ud83d"}})
    assert key in world.store.objects


def test_a_short_wait_is_not_rounded_to_no_wait():
    """`Retry-After` is left out when the storage names less than a second."""
    answer = answer_to(StorageUnavailableError("slow down", retry_after_s=0.5))
    assert answer.retry_after_s


async def test_a_body_that_breaks_off_is_no_crash_of_ours(logs):
    """Anybody can send one: an error with a traceback for each is a log that strangers fill."""

    class Never:
        async def take(self, headers, query, body):
            raise AssertionError

    app = web.Application(middlewares=[errors_to_answers])
    app[app_keys.CALLBACKS] = Never()
    app[app_keys.REFUSED_REQUESTS] = RefusedRequests()
    callback_routes.add_routes(app)
    async with listening(app) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
        writer.write(
            b"POST /webhook/replicate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nbroken\r\n"
        )
        await writer.drain()
        answer = await reader.read(100)
        writer.close()
    assert b" 500 " not in answer
    assert "request_crashed" not in {line["event"] for line in logs}


# --- a second look, at the mended code --------------------------------------------------------------------------------


async def test_sends_that_were_refused_do_not_count_as_tellings(world, process):
    """429 once, then one unknown outcome without a status message: taken for delivered, yet nothing was ever sent."""
    prediction_id = await running(world, process)
    world.chat.delete_status(JOB)
    world.replicate.succeed(prediction_id)
    world.faults.fail("chat.send_outcome", NotDoneError("telegram_busy", retry_after_s=1))
    world.faults.fail("chat.send_outcome", OutcomeUnknownError("no answer"))
    await process.deliver_callbacks()
    await process.run_for(3600)
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert world.chat.outcomes(JOB), "the person has the result"


async def test_claims_that_were_not_acknowledged_do_not_count_as_tellings(world, process):
    prediction_id = await running(world, process)
    world.chat.delete_status(JOB)
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    world.faults.fail("store.put", storage_down(), when="after")
    world.faults.fail("chat.send_outcome", OutcomeUnknownError("no answer"))
    await process.run_for(3600)
    assert world.chat.outcomes(JOB)


async def test_a_question_that_got_no_answer_does_not_give_up_a_late_result(world):
    """After a long standstill Replicate is away for the first question: asked in vain counts as asked."""
    first = world.start()
    prediction_id = await running(world, first)
    await first.crash()
    world.replicate.succeed(prediction_id)
    world.clock.advance(LIMITS.job_timeout_s + 60)
    world.faults.fail("replicate.get", gateway.GatewayUnreachableError("refused"), times=3)
    second = world.start()
    await second.sweep.once()
    await second.run_for(1200)
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_an_orphan_is_looked_for_before_a_job_is_given_up_for_its_age(world):
    """Crash within the create call, and the process comes back past the deadline: the paid result is at Replicate."""
    first = world.start()
    await first.submit(ASKED)
    gate = world.faults.hold("replicate.create", when="after")
    first.spawn(first.advance(JOB))
    await gate.reached.wait()
    await first.crash()
    (prediction_id,) = world.replicate.predictions
    world.replicate.succeed(prediction_id)
    world.clock.advance(LIMITS.job_timeout_s + 60)
    second = world.start()
    await second.sweep.once()
    await second.run_for(1200)
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_many_jobs_held_off_by_a_429_do_not_all_come_back_at_the_same_moment(world):
    process = build(world, limits(user_max_active=100, replicate_max_active=100))
    many = [submission(number) for number in range(1, 41)]
    world.faults.fail("replicate.create", gateway.GatewayBusyError("slow down", retry_after_s=10))
    for asked in many:
        await process.submit(asked)
    await process.run_ready()
    held_off = [at for job, at in process.queue.due.items() if world.job(job).postponed]
    assert len(held_off) >= 30
    assert len(set(held_off)) > len(held_off) // 2


async def test_a_cancel_during_an_unknown_create_stops_the_orphan(world):
    """Without callbacks nobody looks for it once the outcome is decided: it runs, and costs, to its end."""
    process = world.start(callbacks=False)
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    world.faults.fail("replicate.recent", gateway.GatewayUnavailableError("later", status=503))
    await process.submit(ASKED)
    await process.run_ready()
    await process.service.cancel(JOB, "tg-7")
    await process.run_for(600)
    assert world.job(JOB).status is JobStatus.CANCELED
    assert world.replicate.running == []


async def test_a_prediction_that_could_not_be_stopped_at_once_is_stopped_later(world, process):
    """Telling waits for one attempt only; with the job's end its postponed Stop is forgotten."""
    await running(world, process)
    world.faults.fail("replicate.cancel", gateway.GatewayUnavailableError("later", status=503))
    await process.service.cancel(JOB, "tg-7")
    await process.run_for(600)
    assert world.job(JOB).status is JobStatus.CANCELED
    assert world.replicate.running == []


async def test_what_a_prediction_may_cost_is_bounded_when_nobody_is_there_to_stop_it(world, process):
    """`Cancel-After` costs nothing and ends what a dead process cannot stop."""
    prediction_id = await running(world, process)
    assert world.replicate.requests[prediction_id].cancel_after_s


async def test_a_shared_failure_does_not_grow_with_every_caller(world):
    """The same exception raised again and again keeps the frames, hence the requests, of everybody who got it."""
    key = SigningKey(world.replicate, None)
    world.faults.fail("replicate.webhook_secret", gateway.GatewayUnavailableError("down", status=500), times=10**9)
    results = await asyncio.gather(*(key.get() for _ in range(50)), return_exceptions=True)
    assert max(len(list(traceback.walk_tb(result.__traceback__))) for result in results) < 10


async def test_nudging_a_waiting_job_again_and_again_does_not_pile_up():
    """A job that waits minutes and is nudged every moment meanwhile: each advance leaves a stale timer in the heap."""
    ran = []

    async def handler(job_id):
        ran.append(job_id)

    queue = InProcessQueue(concurrency=1)
    queue.start(handler)
    for _ in range(2000):
        await queue.enqueue("a", 600)
        await queue.enqueue("a")
        await loop_turns(2)
    assert len(ran) > 500
    assert len(queue._timers) < 500
    await queue.stop(0)


async def test_tidying_up_during_an_outage_does_not_knock_every_second(world, process):
    """Ten minutes of Replicate being away: per finished job 600 cancels, and 600 times the same history entry."""
    asked = submission(seeds=(1, 2))
    await process.submit(asked)
    await process.run_ready()
    first, _ = world.replicate.running
    world.replicate.succeed(first)
    await process.deliver_callbacks()
    world.faults.fail("replicate", gateway.GatewayUnavailableError("down", status=503), times=10**9)
    await process.run_for(LIMITS.job_timeout_s + 2 * 3600)
    assert world.job(asked.job_id).status is JobStatus.COMPLETED
    assert world.is_closed(asked.job_id)
    assert world.faults.calls["replicate.cancel"] < 60
    assert sum(key.startswith("history/") for key in world.store.written) < 60


async def test_one_prediction_that_cannot_be_stopped_does_not_keep_the_others_running(world, process):
    asked = submission(seeds=(1, 2, 3))
    await process.submit(asked)
    await process.run_ready()
    stubborn = world.replicate.running[0]
    cancel = world.replicate.cancel

    async def cancel_others(prediction_id):
        if prediction_id == stubborn:
            raise gateway.GatewayUnavailableError("down", status=503)
        return await cancel(prediction_id)

    world.replicate.cancel = cancel_others
    await process.service.cancel(asked.job_id, "tg-7")
    await process.run_for(1200)
    assert world.replicate.running == [stubborn]


# --- a third look, with fresh eyes ------------------------------------------------------------------------------------


async def test_refusals_that_made_nothing_do_not_use_up_the_patience_for_lost_answers(world, process):
    """Replicate is busy for a while: each 429 counts as a create call, and the first lost answer then fails the job."""
    world.faults.fail("replicate.create", gateway.GatewayBusyError("slow down", retry_after_s=5), times=12)
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"))
    await process.submit(ASKED)
    await process.run_for(900)
    assert world.replicate.running
    assert world.job(JOB).outcome is None


async def test_lost_answers_in_a_row_end_the_job_some_time(world, process):
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), times=10**9)
    await process.submit(ASKED)
    await process.run_for(LIMITS.job_timeout_s)
    assert world.faults.calls["replicate.create"] == 10
    assert world.job(JOB).outcome.code == "replicate_unclear"


async def test_a_callback_for_a_job_that_asked_for_nothing_yet_is_no_crash(world):
    """A backup of the records was put back, say: what Replicate tells belongs to a later state of the job."""
    process = build(world, limits(user_max_active=1))
    await process.submit(submission(2))
    await process.run_ready()
    await process.submit(ASKED)
    await process.run_ready()
    assert world.job(JOB).status is JobStatus.PENDING
    prediction = Prediction(id="stray", status=PredictionStatus.SUCCEEDED, raw_status="succeeded")
    assert await process.callbacks.record(JobReference(JOB, 0), prediction) is CallbackResult.UNKNOWN
    assert world.job(JOB).status is JobStatus.PENDING


async def test_what_could_not_be_written_outlives_an_outage_of_the_engine_too():
    """The storage fails under the write of a prediction's id, and the shared places under the next try."""

    class Places(ProcessPlaces):
        away = False

        async def hold(self, key, holder):
            if self.away:
                raise EngineUnavailableError
            await super().hold(key, holder)

    world, places = World(), Places(10)
    process = build(
        world,
        shared=replace(single_process(jobs_per_person=10, jobs_per_key=10, predictions=10), prediction_places=places),
    )
    gate = world.faults.hold("replicate.create", when="after")
    await process.submit(ASKED)
    task = process.spawn(process.run_ready())
    await gate.reached.wait()
    world.faults.fail("store.put", storage_down, times=2)
    gate.open()
    await task
    places.away = True
    await process.run_for(5)
    places.away = False
    await process.run_for(20)
    assert world.faults.calls["replicate.create"] == 1
    assert world.job(JOB).slots[0].state is SlotState.RUNNING
    assert world.faults.calls["replicate.recent"] == 0, "nothing had to be searched for"
