"""What a person sees while they wait, over a job's whole way; and what it costs."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.jobs.callback_recorder import CallbackResult
from bot.jobs.errors import NotDoneError
from bot.jobs.status import Line, status
from bot.work_queue.single_process import single_process
from replicate_gateway.errors import GatewayBusyError, GatewayUnavailableError, OutputRefusedError
from replicate_gateway.prediction import PredictionStatus
from replicate_gateway.protocol import StreamEvent, StreamEventKind
from storage import object_keys
from storage.job import JobStatus, SlotState
from storage.repository import JobRepository
from storage.run_times import RunTimesRecord, dump_run_times
from tests.support.fakes import LIMITS, SharedBoard, build, submission
from tests.support.waiting import eventually

ASKED = submission()
JOB = ASKED.job_id
STREAM = "https://stream.replicate.com/p"
USUAL = Line("usual_range", {"low": timedelta(seconds=8), "high": timedelta(seconds=20)})


@pytest.fixture(autouse=True)
def logs(logs):
    yield logs
    assert [line for line in logs if line["log_level"] == "error"] == [], "nothing stands still or goes in circles"


async def started(world, process, asked=ASKED):
    """Up to a prediction that runs; gives its id."""
    await process.submit(asked)
    await process.run_ready()
    prediction_id = world.replicate.running[-1]
    world.replicate.start(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()
    return prediction_id


async def told(world, process, prediction_id, **news):
    """Replicate calls back with this."""
    world.replicate.tell(prediction_id, **news)
    return await process.deliver_callbacks()


def message(world, job_id=JOB):
    (status_message,) = [m for m in world.chat.visible(job_id) if not m.outcome]
    return status_message


def keys(world, job_id=JOB):
    return [shown.key for shown in message(world, job_id).statuses]


# The message


async def test_the_message_follows_the_run_in_one_message_at_the_pace_of_the_chat(world, process):
    prediction_id = await started(world, process)
    assert keys(world) == ["accepted"]
    await process.run_for(3)
    await told(world, process, prediction_id, logs=" 20%|██  |")
    await process.run_for(1)
    await told(world, process, prediction_id, logs=" 40%|████  |")
    await process.run_for(1)
    assert keys(world) == ["accepted", "begun"]
    await process.run_for(1)
    assert message(world).statuses[1:] == [status("begun", USUAL), status("working_percent", USUAL, percent=40)]
    await process.run_for(20)
    assert message(world).statuses[-1] == status("working_percent", Line("late"), percent=40)
    world.replicate.succeed(prediction_id)
    gate = world.faults.hold("outputs.fetch")
    await process.deliver_callbacks()
    task = process.spawn(process.run_ready())
    await gate.reached.wait()
    assert keys(world)[-1] == "sending"
    gate.open()
    await task
    assert world.chat.pings(JOB) == 1


async def test_a_job_that_is_done_in_two_seconds_does_not_flicker(world, process):
    prediction_id = await started(world, process)
    await process.run_for(2)
    (shown,) = world.chat.visible(JOB)
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert [s.key for s in shown.statuses] == ["accepted"]


async def test_a_cold_start_is_looked_at_once_and_named(world, process):
    await process.submit(ASKED)
    await process.run_for(10)
    assert keys(world) == ["accepted", "cold_start"]
    assert world.faults.calls["replicate.get"] == 1
    await process.run_for(19)
    assert world.faults.calls["replicate.get"] == 1


async def test_a_lost_start_is_found_out_by_the_same_look(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    world.replicate.start(*world.replicate.running)
    world.replicate.outbox.clear()
    await process.run_for(10)
    assert keys(world) == ["accepted", "working"]


async def test_a_job_whose_start_was_heard_is_not_looked_at_early(world, process):
    await started(world, process)
    await process.run_for(29)
    assert world.faults.calls["replicate.get"] == 0


async def test_the_look_for_a_cold_start_does_not_slow_the_safety_net_down(world, process):
    await process.submit(ASKED)
    await process.run_for(10)
    world.replicate.succeed(*world.replicate.running)
    world.replicate.outbox.clear()
    await process.run_for(31)
    assert world.job(JOB).status is JobStatus.COMPLETED


async def test_who_waits_in_line_sees_how_the_line_moves(world):
    process = build(world, replace(LIMITS, replicate_max_active=1))
    first = await started(world, process)
    others = [submission(number, user=f"tg-{number}") for number in (2, 3)]
    others = [replace(other, origin=replace(other.origin, chat_id=100 + n)) for n, other in enumerate(others)]
    for other in others:
        await process.submit(other)
    await process.run_for(4)
    last = others[1].job_id
    assert message(world, last).statuses[-1] == status("queued", place=2, wait=timedelta(seconds=20))
    world.replicate.succeed(first)
    await process.deliver_callbacks()
    await process.run_for(11)
    assert message(world, last).statuses[-1] == status("queued", place=1, wait=timedelta(seconds=8))


async def test_jobs_of_one_chat_share_its_pace(world, process):
    for number in (1, 2, 3):
        await started(world, process, submission(number))
    await process.run_for(30)
    assert world.chat.edits <= 10
    assert all(len(keys(world, submission(number).job_id)) >= 3 for number in (1, 2, 3))


# What goes wrong with it


async def test_an_edit_that_telegram_does_not_take_is_not_recorded_and_tried_again_later(world, process, logs):
    await started(world, process)
    world.faults.fail("chat.show_status", NotDoneError("telegram_busy", retry_after_s=40))
    writes = len(world.store.written)
    await process.run_for(39)
    assert keys(world) == ["accepted"]
    await process.run_for(5)
    assert keys(world) == ["accepted", "working"]
    assert len(world.store.written) == writes
    assert [line["code"] for line in logs if line["event"] == "status_not_shown"] == ["telegram_busy"]


async def test_a_message_that_the_person_deleted_is_not_edited_again(world, process):
    prediction_id = await started(world, process)
    world.chat.delete_status(JOB)
    await process.run_for(60)
    assert world.faults.calls["chat.show_status"] == 1
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()
    assert world.chat.pings(JOB) == 1


async def test_after_a_restart_the_message_tells_the_truth_again(world, process):
    prediction_id = await started(world, process)
    await process.run_for(3)
    await process.crash()
    world.clock.advance(30)
    second = world.start()
    await second.sweep.once()
    await second.run_for(4)
    assert message(world).statuses[-1] == status("working", Line("late"), elapsed=timedelta(seconds=30))
    await told(world, second, prediction_id, logs=" 70%|███████  |")
    await second.run_for(3)
    assert message(world).statuses[-1] == status("working_percent", Line("late"), percent=70)


async def test_a_message_that_reads_as_it_should_is_not_edited_after_a_restart(world, process):
    await process.submit(ASKED)
    await process.run_ready()
    await process.crash()
    second = world.start()
    world.faults.fail("replicate.get", GatewayUnavailableError("down"), times=100)
    await second.sweep.once()
    await second.run_for(9)
    assert world.faults.calls["chat.show_status"] == 0


# What it costs


async def test_news_costs_no_storage_request_and_few_advances(world, process):
    prediction_id = await started(world, process)
    await process.run_for(3)
    requests = world.faults.calls.total() - world.faults.calls["chat.show_status"]
    process.queue.nudges.clear()
    for percent in range(60):
        assert await told(world, process, prediction_id, logs=f" {percent}%|█|") == [CallbackResult.PROGRESS]
        await process.run_for(0.5)
    assert world.faults.calls.total() - world.faults.calls["chat.show_status"] == requests
    assert 9 <= world.chat.edits <= 11
    assert message(world).statuses[-1].lines[0].facts["percent"] >= 54


async def test_news_of_a_prediction_that_this_process_does_not_follow_is_looked_up_once(world, process):
    prediction_id = await started(world, process)
    await process.crash()
    second = world.start()
    gets = world.faults.calls["store.get"]
    assert await told(world, second, prediction_id, logs=" 1%|") == [CallbackResult.STARTED]
    assert world.faults.calls["store.get"] == gets + 1
    assert await told(world, second, prediction_id, logs=" 2%|") == [CallbackResult.PROGRESS]
    assert world.faults.calls["store.get"] == gets + 1


async def test_a_start_that_comes_before_its_prediction_is_on_record_is_recorded(world, process):
    await process.submit(ASKED)
    gate = world.faults.hold("replicate.create", when="after")  # nobody here knows of the prediction yet
    task = process.spawn(process.advance(JOB))
    await gate.reached.wait()
    world.replicate.start(*world.replicate.running)
    assert await process.deliver_callbacks() == [CallbackResult.RECORDED]
    assert world.job(JOB).slots[0].state is SlotState.RUNNING
    gate.open()
    await task


async def test_news_after_the_end_is_not_followed(world, process):
    prediction_id = await started(world, process)
    world.replicate.succeed(prediction_id)
    late = replace(world.replicate.predictions[prediction_id], status=PredictionStatus.PROCESSING)
    await process.deliver_callbacks()
    world.replicate.outbox.append(replace(world.replicate.outbox_of(prediction_id), prediction=late))
    assert await process.deliver_callbacks() == [CallbackResult.REPEATED]


async def test_callbacks_that_cannot_be_read_are_asked_about_now_and_then_only(world, process):
    prediction_id = await started(world, process)
    reference = world.replicate.outbox_of(prediction_id).reference
    for _ in range(40):
        await process.spawn(process.callbacks.ask(reference))
        await process.run_for(0.5)
    assert world.faults.calls["replicate.get"] <= 5


# Several processes


@pytest.fixture
def several(world):
    """Processes that share the work: what one hears another may have to show."""
    board = SharedBoard(world.clock, world.faults)
    shared = replace(
        single_process(jobs_per_person=10, jobs_per_key=10, predictions=10),
        single_process=False,
        notes=board,
        chores=board,
    )
    return [build(world, shared=shared, repository=JobRepository(world.store, single_process=False)) for _ in range(2)]


async def test_what_one_process_hears_another_shows(world, several):
    hearing, showing = several
    prediction_id = await started(world, showing)
    world.clock.advance(4)
    await told(world, hearing, prediction_id, logs=" 40%|████  |")
    assert hearing.queue.ready() == [JOB], "whoever is free is to look at it"
    await showing.advance(JOB)
    assert message(world).statuses[-1] == status("working_percent", USUAL, percent=40)


async def test_a_callback_that_one_process_cannot_read_is_asked_about_by_the_one_that_does_the_work(world, several):
    hearing, working = several
    prediction_id = await started(world, working)
    reference = world.replicate.outbox_of(prediction_id).reference
    world.replicate.succeed(prediction_id)
    world.replicate.outbox.clear()
    world.clock.advance(6)
    await hearing.spawn(hearing.callbacks.ask(reference))
    assert hearing.queue.ready() == [JOB]
    await working.advance(JOB)
    assert world.job(JOB).status is JobStatus.COMPLETED
    asked = world.faults.calls["replicate.get"]
    await working.advance(JOB)
    assert world.faults.calls["replicate.get"] == asked


async def test_a_job_that_ends_while_its_news_is_passed_on_needs_no_look(world, several):
    process, _ = several
    prediction_id = await started(world, process)
    gate = world.faults.hold("notes.put")
    world.replicate.tell(prediction_id, logs=" 40%|████  |")
    late = process.spawn(process.receive(world.replicate.outbox.pop()))
    await gate.reached.wait()
    await process.service.cancel(JOB, "tg-7")
    await process.run_ready()
    gate.open()
    assert await late is CallbackResult.PROGRESS
    assert process.queue.ready() == []


async def test_news_that_one_process_passes_on_to_another_costs_no_write_and_one_read(world, several):
    hearing, showing = several
    prediction_id = await started(world, showing)
    await told(world, hearing, prediction_id, logs=" 1%|")
    written, reads = len(world.store.written), world.faults.calls["store.get"]
    for percent in range(2, 30):
        assert await told(world, hearing, prediction_id, logs=f" {percent}%|█|") == [CallbackResult.PROGRESS]
        world.clock.advance(0.5)
    assert (len(world.store.written), world.faults.calls["store.get"]) == (written, reads)
    assert len({at for _, at in hearing.queue.nudges}) <= 30
    await showing.run_for(4)
    assert len(world.store.written) == written


async def test_several_processes_keep_the_pace_of_a_chat_together(world, several):
    prediction_id = await started(world, several[0])
    for percent in range(60):
        await told(world, several[percent % 2], prediction_id, logs=f" {percent}%|█|")
        for process in several:
            await process.run_ready()
        world.clock.advance(0.5)
    assert 8 <= world.chat.edits <= 11
    assert message(world).statuses[-1].lines[0].facts["percent"] >= 54


async def test_nothing_that_one_process_has_shown_is_taken_back_by_another(world, several):
    first, second = several
    prediction_id = await started(world, first)
    world.clock.advance(4)
    await told(world, first, prediction_id, logs=" 40%|████  |")
    await first.advance(JOB)
    for process in (second, first, second):
        world.clock.advance(4)
        await process.advance(JOB)
    assert [s.key for s in message(world).statuses] == ["accepted", "working_percent"]


async def test_of_several_processes_each_takes_back_what_is_no_longer_true(world, several):
    first, second = several
    await first.submit(ASKED)
    world.faults.fail("photos.fetch", NotDoneError("telegram_busy", retry_after_s=1))
    await first.run_ready()
    world.faults.fail("replicate.create", GatewayBusyError("slow down", retry_after_s=20))
    world.clock.advance(3)
    await second.advance(JOB)
    await second.run_for(4)
    assert keys(world) == ["accepted", "waiting_for_turn"]
    world.clock.advance(30)
    await first.advance(JOB)
    await first.run_for(4)
    assert keys(world) == ["accepted", "waiting_for_turn", "accepted"]


async def test_of_several_processes_one_reads_a_stream_and_any_shows_what_it_brings(world, several):
    reading, showing = several
    world.replicate.stream_url = STREAM
    world.replicate.streams[STREAM] = [event(StreamEventKind.OUTPUT, piece) for piece in ("A dog", " on", " a beach")]
    await reading.submit(submission(preset="describe"))
    gate = world.faults.hold("replicate.stream", skip=1)
    await reading.run_ready()
    await gate.reached.wait()
    await showing.worker(JOB)
    world.clock.advance(4)
    await showing.advance(JOB)
    assert message(world).statuses[-1] == status("writing", text="A dog")
    (prediction,) = world.replicate.predictions.values()
    await showing.jobs.follower.follow(world.job(JOB), 0, prediction)
    await showing.settled()
    assert world.faults.calls["replicate.stream"] == 2, "the other process reads it"
    gate.open()


async def test_a_note_that_cannot_be_read_is_none(world, several):
    first, second = several
    prediction_id = await started(world, first)
    board = first.jobs.advancer._notes._notes
    board.noted[JOB]["0"] = '{"of": "another version"}'
    world.clock.advance(4)
    await second.advance(JOB)
    await told(world, second, prediction_id, logs=" 40%|████  |")
    world.clock.advance(4)
    await second.advance(JOB)
    assert message(world).statuses[-1].lines[0].facts["percent"] == 40


async def test_a_nudge_that_comes_after_the_end_counts_nothing_twice(world, process):
    prediction_id = await started(world, process)
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()
    assert world.is_closed(JOB)
    written = len(world.store.written)
    await process.queue.enqueue(JOB)
    await process.run_ready()
    assert len(world.store.written) == written
    assert process.jobs.tally.last(timedelta(days=1)).jobs == 1


# How long it usually takes


async def test_what_runs_took_is_told_to_the_next_and_survives_a_restart(world, process):
    for number in range(2, 7):
        prediction_id = await started(world, process, submission(number))
        world.replicate.end(
            prediction_id, PredictionStatus.SUCCEEDED, urls=["https://replicate.delivery/a.png"], predict_time_s=50
        )
        await process.deliver_callbacks()
        await process.run_ready()
        world.clock.advance(301)
    second = world.start()
    await started(world, second)
    await second.run_for(3)
    assert message(world).statuses[-1].lines[1] == Line("usual_about", {"low": timedelta(seconds=50)})


async def test_failed_runs_teach_nothing(world, process):
    prediction_id = await started(world, process)
    world.replicate.end(prediction_id, PredictionStatus.FAILED, error="CUDA", predict_time_s=1)
    await process.deliver_callbacks()
    await process.run_ready()
    assert object_keys.RUN_TIMES not in world.store.objects


async def test_times_that_cannot_be_read_hold_nobody_up(world, process):
    world.store.put_now(object_keys.RUN_TIMES, dump_run_times(RunTimesRecord({"restore": (1.0,)}))[:-5])
    await started(world, process)
    await process.run_for(3)
    assert message(world).statuses[-1] == status("begun", USUAL)


# Models of several pictures


FIRST, SECOND = "https://replicate.delivery/1.png", "https://replicate.delivery/2.png"


async def test_the_latest_picture_is_shown_once_however_often_the_words_change(world, process):
    prediction_id = await started(world, process)
    await process.run_for(4)
    for percent, output in ((20, [FIRST]), (30, [FIRST]), (40, [FIRST, SECOND]), (50, [FIRST, SECOND])):
        await told(world, process, prediction_id, logs=f" {percent}%|█|", output=output)
        await process.run_for(5)
    assert [s.picture for s in message(world).statuses if s.picture][0::2] == [FIRST, SECOND]
    assert len(message(world).pictures) == 2
    assert world.faults.calls["outputs.fetch"] == 2


@pytest.mark.parametrize("refused", [OutputRefusedError("output_host"), GatewayUnavailableError("slow")])
async def test_a_picture_that_cannot_be_had_is_asked_for_once_and_changes_nothing(world, process, refused):
    prediction_id = await started(world, process)
    world.faults.fail("outputs.fetch", refused)
    for percent in (20, 30, 40):
        await told(world, process, prediction_id, logs=f" {percent}%|█|", output=[FIRST])
        await process.run_for(5)
    assert message(world).pictures == []
    assert message(world).statuses[-1].lines[:2] == (
        Line("working_percent", {"percent": 40}),
        Line("ready_so_far", {"done": 1}),
    )
    assert world.faults.calls["outputs.fetch"] == 1


async def test_another_process_does_not_show_the_same_picture_again(world, several):
    first, second = several
    prediction_id = await started(world, first)
    await told(world, first, prediction_id, logs=" 20%|█|", output=[FIRST])
    for process, percent in ((first, 20), (second, 30), (first, 40)):
        world.clock.advance(5)
        await told(world, first, prediction_id, logs=f" {percent}%|█|", output=[FIRST])
        await process.advance(JOB)
    assert message(world).statuses[-1].lines[0].facts["percent"] == 40
    assert len(message(world).pictures) == 1


# Models that write


async def test_a_text_grows_in_the_message_from_callbacks(world, process):
    prediction_id = await started(world, process, submission(preset="describe"))
    await process.run_for(3)
    await told(world, process, prediction_id, output=["A dog"])
    await process.run_for(3)
    await told(world, process, prediction_id, output=["A dog", " on a beach"])
    await process.run_for(3)
    assert message(world).statuses[-2:] == [
        status("writing", text="A dog"),
        status("writing", text="A dog on a beach"),
    ]


def event(kind, data):
    return StreamEvent(kind, data, "1")


async def test_without_callbacks_a_text_grows_from_its_stream_and_its_end_is_asked_about_at_once(world):
    process = world.start(callbacks=False)
    pieces = [event(StreamEventKind.OUTPUT, piece) for piece in ("A dog", " on", " a beach")]
    world.replicate.stream_url = STREAM
    world.replicate.streams[STREAM] = [*pieces, event(StreamEventKind.LOGS, "ok"), event(StreamEventKind.DONE, "{}")]
    await process.submit(submission(preset="describe"))
    gate = world.faults.hold("replicate.stream", skip=2)
    await process.run_ready()
    await gate.reached.wait()
    await process.run_for(3)
    assert message(world).statuses[-1] == status("writing", text="A dog on")
    polls = world.faults.calls["replicate.get"]
    gate.open()
    await process.settled()
    await process.run_ready()
    assert world.faults.calls["replicate.get"] == polls + 1


async def test_a_stream_that_ends_after_its_callback_does_not_bring_a_closed_job_back(world, process):
    world.replicate.stream_url = STREAM
    world.replicate.streams[STREAM] = [event(StreamEventKind.OUTPUT, "A dog"), event(StreamEventKind.DONE, "{}")]
    await process.submit(submission(preset="describe"))
    gate = world.faults.hold("replicate.stream", skip=1)
    await process.run_ready()
    await gate.reached.wait()
    (prediction_id,) = world.replicate.running
    world.replicate.end(prediction_id, PredictionStatus.SUCCEEDED, urls=["A dog"])
    await process.deliver_callbacks()
    await process.run_ready()
    assert world.is_closed(JOB)
    gate.open()
    await process.settled()
    assert process.queue.ready() == []


async def test_a_stream_that_is_lost_leaves_the_job_to_its_polls(world, logs):
    process = world.start(callbacks=False)
    world.replicate.stream_url = STREAM
    world.replicate.streams[STREAM] = [event(StreamEventKind.OUTPUT, "A dog")]
    world.faults.fail("replicate.stream", GatewayUnavailableError("cut"))
    await process.submit(submission(preset="describe"))
    await process.run_ready()
    await process.settled()
    assert [line["event"] for line in logs if line["event"] == "stream_lost"] == ["stream_lost"]
    await process.run_for(1)
    assert world.faults.calls["replicate.get"] == 1
    assert world.job(JOB).slots[0].state is SlotState.RUNNING


@pytest.mark.parametrize(("preset", "streams"), [("restore", 0), ("describe", 1)])
async def test_streams_are_read_of_models_that_write_and_of_no_others(world, preset, streams):
    process = world.start()
    world.replicate.stream_url = STREAM
    world.replicate.streams[STREAM] = [event(StreamEventKind.OUTPUT, "A dog")]
    await process.submit(submission(preset=preset))
    await process.run_ready()
    await process.settled()
    assert world.faults.calls["replicate.stream"] == streams


# Models that are over in a moment


def quick_runs(world):
    record = RunTimesRecord({ASKED.preset: (0.4,) * 20})
    world.store.put_now(object_keys.RUN_TIMES, dump_run_times(record))


async def known_to_be_quick(world):
    """A process that has learned it: what is on record is read when the first message is sent."""
    quick_runs(world)
    process = world.start()
    await started(world, process, submission(1))
    return process


async def test_a_job_that_is_over_in_a_moment_has_no_message_that_comes_and_goes(world):
    process = await known_to_be_quick(world)
    job_id = submission(2).job_id
    prediction_id = await started(world, process, submission(2))
    assert world.chat.visible(job_id) == []
    world.clock.advance(1)
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()
    assert world.job(job_id).status is JobStatus.COMPLETED
    (only,) = [m for m in world.chat.messages.values() if m.job_id == job_id]
    assert only.outcome
    assert only.pings


async def test_one_that_takes_longer_all_the_same_has_it_after_two_seconds(world):
    process = await known_to_be_quick(world)
    await started(world, process, submission(2))
    await process.run_for(2.5)
    assert keys(world, submission(2).job_id) == ["begun"]


async def test_nobody_calls_back_for_progress_that_nobody_will_see(world):
    process = await known_to_be_quick(world)
    prediction_id = await started(world, process, submission(2))
    assert world.replicate.requests[prediction_id].webhook_events == ("completed",)
    await process.run_for(3)
    assert world.faults.calls["replicate.get"] == 4, "both are asked about, after 1 and 2.5 s"


async def test_one_that_has_to_wait_is_told_so_at_once(world):
    process = await known_to_be_quick(world)
    world.faults.fail("replicate.create", GatewayBusyError("busy", retry_after_s=30))
    await process.submit(submission(2))
    await process.run_ready()
    assert keys(world, submission(2).job_id) == ["waiting_for_turn"]


async def test_who_is_nudged_out_of_turn_goes_on_waiting_for_it(world):
    process = world.start(replace(LIMITS, user_max_active=1))
    second = submission(2)
    await process.submit(ASKED)
    await process.submit(second)
    await process.run_ready()
    before = world.job(second.job_id)
    await process.service.nudge_all()
    await process.run_ready()
    assert world.job(second.job_id) == before
    assert [waits.code for waits in before.postponed] == ["user_busy"]


class TurnsThatNeverCome:
    """What others are told through does not answer."""

    async def take(self, work: str, for_s: float) -> bool:
        await asyncio.Event().wait()
        return True


async def test_what_others_are_told_of_a_message_does_not_hold_up_its_record(world):
    shared = replace(single_process(jobs_per_person=10, jobs_per_key=10, predictions=10), chores=TurnsThatNeverCome())
    process = build(world, shared=shared)
    await process.submit(ASKED)
    process.spawn(process.advance(JOB))
    await eventually(lambda: world.job(JOB).status_message_id)
    await process.crash()
    process = world.start()
    await process.sweep.once()
    await process.run_ready()
    assert len(world.chat.visible(JOB)) == 1
