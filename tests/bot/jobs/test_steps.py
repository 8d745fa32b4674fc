"""Single steps, on the job as a whole: what is due when, and what follows."""

from dataclasses import replace

import pytest

from bot.jobs.errors import ChatGoneError, JobFailedError, NotDoneError, OutcomeUnknownError
from bot.jobs.status import status
from replicate_gateway import errors as gateway
from replicate_gateway.prediction import PredictionStatus
from storage import object_keys
from storage.input_events import InputPublished
from storage.job import JobStatus, SlotState
from storage.records import HistoryEntry
from storage.repository import JobRepository
from tests.support import pictures
from tests.support.fakes import BEGIN, LIMITS, PHOTO, build, storage_down, submission

ASKED = submission()
JOB = ASKED.job_id


async def started(world, process, asked=ASKED):
    """Up to a running prediction; gives its id."""
    await process.submit(asked)
    await process.run_ready()
    return world.replicate.running[-1]


async def ended(world, process, *urls):
    world.replicate.succeed(await started(world, process), *urls)
    await process.deliver_callbacks()


def outcome(world, job_id=JOB):
    job = world.job(job_id)
    return job.status, job.outcome.code if job.outcome else None


# --- what is left at Replicate ---


async def uploaded_and_ended(world, process):
    """A job whose input was handed to Replicate as a file, at its end."""
    prediction_id = await started(world, process)
    link = await world.replicate.upload(b"x", filename="1.jpg", content_type="image/jpeg")
    await process.repository.change(JOB, [InputPublished(0, link)], world.clock.now())
    world.replicate.succeed(prediction_id)
    await process.deliver_callbacks()
    await process.run_ready()


async def test_an_uploaded_input_is_deleted_at_replicate_when_its_job_has_ended(world, process):
    await uploaded_and_ended(world, process)
    assert world.is_closed(JOB)
    assert world.replicate.uploads == []


async def test_deleting_an_upload_is_tried_again(world, process):
    world.faults.fail("replicate.withdraw", gateway.GatewayUnavailableError("no answer"))
    await uploaded_and_ended(world, process)
    assert (outcome(world)[0], world.is_closed(JOB)) == (JobStatus.COMPLETED, False)
    await process.run_for(5)
    assert world.is_closed(JOB)
    assert world.replicate.uploads == []


async def test_an_upload_that_cannot_be_deleted_keeps_no_job_open(world, process, logs):
    world.faults.fail("replicate.withdraw", gateway.CredentialsRefusedError("no", status=403))
    await uploaded_and_ended(world, process)
    assert world.is_closed(JOB)
    assert "upload_not_withdrawn" in [line["event"] for line in logs]


# --- admit ------------------------------------------------------------------------------------------------------------


async def test_a_persons_next_job_waits_for_the_one_before_and_says_so(world):
    process = build(world, replace(LIMITS, user_max_active=1))
    first = await started(world, process)
    second = submission(2)
    await process.submit(second)
    await process.run_ready()
    assert world.job(second.job_id).status is JobStatus.PENDING
    (message,) = world.chat.visible(second.job_id)
    assert message.statuses == [status("queued_behind_own", place=1)]
    world.replicate.succeed(first)
    await process.deliver_callbacks()
    await process.run_ready()
    assert world.job(second.job_id).status is JobStatus.PROCESSING
    await process.run_for(5)
    assert [m.shows for m in world.chat.visible(second.job_id)] == ["accepted"]


async def test_other_people_do_not_wait(world):
    process = build(world, replace(LIMITS, user_max_active=1))
    await started(world, process)
    await started(world, process, submission(2, user="tg-8"))
    assert len(world.replicate.running) == 2


async def test_a_used_up_day_is_refused_with_the_time_of_the_next(world):
    entry = HistoryEntry(object_keys.job_id_of(9), "edit", BEGIN, None, ())
    await JobRepository(world.store).put_history("tg-7", entry)
    process = build(world, replace(LIMITS, user_daily=1))
    await process.submit(ASKED)
    await process.run_ready()
    assert outcome(world) == (JobStatus.FAILED, "daily_quota")
    assert world.job(JOB).outcome.facts == {"limit": 1, "wait_s": 24 * 3600}
    assert world.is_closed(JOB)


async def test_a_failed_job_does_not_count_for_the_day(world):
    process = build(world, replace(LIMITS, user_daily=1))
    prediction_id = await started(world, process)
    world.replicate.end(prediction_id, PredictionStatus.FAILED, error="CUDA")
    await process.deliver_callbacks()
    await process.run_ready()
    await started(world, process, submission(2))


async def test_two_jobs_cannot_share_the_last_of_the_day(world):
    process = build(world, replace(LIMITS, user_daily=1))
    for number in (1, 2):
        await process.submit(submission(number))
    await process.run_ready()
    assert len(world.replicate.predictions) == 1
    assert outcome(world, submission(2).job_id) == (JobStatus.FAILED, "daily_quota")


async def test_a_job_that_waits_can_be_canceled(world):
    process = build(world, replace(LIMITS, user_max_active=1))
    await started(world, process)
    second = submission(2)
    await process.submit(second)
    await process.run_ready()
    await process.service.cancel(second.job_id, "tg-7")
    await process.run_ready()
    assert outcome(world, second.job_id) == (JobStatus.CANCELED, "canceled_by_person")
    assert len(world.replicate.predictions) == 1


# --- announce ---------------------------------------------------------------------------------------------------------


async def test_the_status_message_makes_no_ping_and_goes_when_the_result_comes(world, process):
    await started(world, process)
    (status,) = world.chat.visible(JOB)
    assert (status.shows, status.pings) == ("accepted", False)
    world.replicate.succeed(*world.replicate.running)
    await process.deliver_callbacks()
    await process.run_ready()
    assert status.deleted


async def test_a_person_who_is_gone_ends_the_job_at_the_first_message(world, process):
    world.chat.blocked = True
    await process.submit(ASKED)
    await process.run_for(60)
    assert outcome(world) == (JobStatus.CANCELED, "chat_gone")
    assert world.is_closed(JOB)
    assert world.replicate.running == []


async def test_work_goes_on_while_the_status_message_waits(world, process):
    world.faults.fail("chat.announce", NotDoneError("telegram_busy", retry_after_s=300))
    await started(world, process)


async def test_waiting_for_replicate_is_shown_and_taken_back(world, process):
    world.faults.fail("replicate.create", gateway.GatewayBusyError("slow down", retry_after_s=20))
    await process.submit(ASKED)
    await process.run_for(3)
    assert [m.shows for m in world.chat.visible(JOB)] == ["waiting_for_turn"]
    await process.run_for(25)
    assert [m.shows for m in world.chat.visible(JOB)] == ["accepted"]


# --- fetch input ------------------------------------------------------------------------------------------------------


async def test_an_input_is_stored_under_a_key_of_its_own(world, process):
    await started(world, process)
    image = world.job(JOB).inputs[0]
    assert world.store.objects[image.key].body == PHOTO
    assert (image.content_type, image.width, image.height) == ("image/jpeg", 64, 48)


@pytest.mark.parametrize(
    ("body", "code"), [(b"notes", "not_an_image"), (pictures.truncated(pictures.jpeg()), "truncated")]
)
async def test_what_is_no_picture_is_refused_with_a_reason(world, process, body, code):
    world.photos.bodies["file1"] = body
    await process.submit(ASKED)
    await process.run_ready()
    assert outcome(world) == (JobStatus.FAILED, code)
    assert world.store.keys("images/") == []
    assert world.chat.pings(JOB) == 1


async def test_a_picture_that_claims_to_be_too_large_is_not_even_fetched(world):
    process = build(world, replace(LIMITS, max_image_bytes=100))
    await process.submit(ASKED)
    await process.run_ready()
    assert outcome(world)[0] is JobStatus.FAILED
    assert world.faults.calls["photos.fetch"] == 0


async def test_a_picture_that_is_gone_ends_the_job(world, process):
    world.faults.fail("photos.fetch", JobFailedError("input_gone"))
    await process.submit(ASKED)
    await process.run_ready()
    assert outcome(world) == (JobStatus.FAILED, "input_gone")


# --- create -----------------------------------------------------------------------------------------------------------


async def test_the_request_names_model_input_and_where_to_call_back(world, process):
    prediction_id = await started(world, process)
    request = world.replicate.requests[prediction_id]
    assert request.input["image"] == f"https://store.example/{world.job(JOB).inputs[0].key}?ttl=3600"
    assert f"job={JOB}" in request.webhook
    assert set(request.webhook_events) == {"start", "output", "logs", "completed"}
    assert world.store.keys(object_keys.TASKS) == [object_keys.task(prediction_id)]


async def test_without_callbacks_no_url_is_given(world):
    process = world.start(callbacks=False)
    prediction_id = await started(world, process)
    assert world.replicate.requests[prediction_id].webhook is None


async def test_predictions_in_flight_are_limited_and_the_next_goes_when_one_ends(world):
    process = build(world, replace(LIMITS, replicate_max_active=1))
    first = await started(world, process)
    second = submission(2)
    await process.submit(second)
    await process.run_ready()
    assert len(world.replicate.predictions) == 1
    world.replicate.succeed(first)
    await process.deliver_callbacks()
    await process.run_ready()
    assert world.replicate.made_for(second.job_id)
    assert world.clock.now() == BEGIN, "nudged, not waited for"


async def test_nobody_knocks_while_replicate_has_said_to_wait(world, process):
    world.faults.fail("replicate.create", gateway.GatewayBusyError("slow down", retry_after_s=20))
    await process.submit(ASKED)
    await process.run_ready()
    await process.submit(submission(2))
    await process.run_for(19)
    assert world.faults.calls["replicate.create"] == 1
    await process.run_for(60)
    assert len(world.replicate.running) == 2


@pytest.mark.parametrize(
    ("error", "code", "alerts"),
    [
        (gateway.CredentialsRefusedError("no", status=401), "service_credentials", 1),
        (gateway.CreditExhaustedError("no", status=402), "service_credit", 1),
        (gateway.ModelNotFoundError("no", status=404), "service_model", 1),
        (gateway.PredictionRejectedError("no", status=422), "input_rejected", 0),
    ],
)
async def test_a_refused_create_ends_the_job_with_a_reason(world, process, error, code, alerts):
    world.faults.fail("replicate.create", error)
    await process.submit(ASKED)
    await process.run_ready()
    assert outcome(world) == (JobStatus.FAILED, code)
    assert len(world.chat.alerts) == alerts
    assert world.is_closed(JOB)


async def test_a_task_record_that_cannot_be_written_does_not_hold_the_job_up(world, process):
    await process.submit(ASKED)
    hold = world.faults.hold("replicate.create", when="after")
    task = process.spawn(process.advance(JOB))
    await hold.reached.wait()
    world.faults.fail("store.put", storage_down(), skip=1)
    hold.open()
    await task
    await process.run_ready()
    assert world.job(JOB).slots[0].state is SlotState.RUNNING
    assert world.store.keys("tasks/") == []


@pytest.mark.parametrize(
    ("preset", "callbacks", "size", "wait_s"),
    [
        ("faces", False, (64, 48), 8),
        ("faces", True, (64, 48), None),
        ("restore", False, (64, 48), None),
        ("faces", False, (2001, 1000), None),
    ],
)
async def test_a_fast_model_is_waited_for_where_nobody_calls_back_and_its_result_is_small(
    world, preset, callbacks, size, wait_s
):
    process = world.start(callbacks=callbacks)
    world.photos.bodies["file1"] = pictures.jpeg(*size)
    (request,) = [world.replicate.requests[await started(world, process, submission(preset=preset))]]
    assert request.wait_s == wait_s


async def test_a_result_that_came_with_the_create_answer_is_fetched_at_once(world):
    process = world.start(callbacks=False)
    world.replicate.fast = True
    await process.submit(submission(preset="faces"))
    await process.run_ready()
    assert outcome(world)[0] is JobStatus.COMPLETED
    assert world.clock.now() == BEGIN
    assert world.faults.calls["replicate.get"] == 1


async def test_a_waited_answer_that_was_lost_is_no_reason_to_create_again(world):
    process = world.start(callbacks=False)
    world.replicate.fast = True
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    await process.submit(submission(preset="faces"))
    await process.run_ready()
    assert outcome(world)[0] is JobStatus.COMPLETED
    assert world.faults.calls["replicate.create"] == 1


async def test_only_so_many_create_calls_wait_at_a_time(world):
    process = build(world, replace(LIMITS, user_max_active=30, replicate_max_active=30), callbacks=False)
    seeds = tuple(range(20))
    await process.submit(submission(preset="faces", seeds=seeds))
    await process.run_ready()
    waits = [request.wait_s for request in world.replicate.requests.values()]
    assert (waits.count(8), waits.count(None)) == (16, 4)


# --- find orphan ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("callbacks", [True, False])
async def test_a_prediction_whose_create_answer_was_lost_is_found_at_once(world, callbacks):
    process = world.start(callbacks=callbacks)
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    await process.submit(ASKED)
    await process.run_ready()
    (prediction_id,) = world.replicate.predictions
    assert world.job(JOB).slots[0].prediction_id == prediction_id
    assert world.store.keys(object_keys.TASKS) == [object_keys.task(prediction_id)]


async def test_a_request_that_got_lost_is_made_again_after_the_grace_time(world, process):
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"))
    await process.submit(ASKED)
    await process.run_for(29)
    assert world.faults.calls["replicate.create"] == 1
    await process.run_for(5)
    assert (world.faults.calls["replicate.create"], len(world.replicate.predictions)) == (2, 1)


async def test_the_orphans_own_callback_settles_it_too(world, process):
    world.replicate.lists = False
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), when="after")
    await process.submit(ASKED)
    await process.run_for(10)
    world.replicate.start(*world.replicate.running)
    await process.deliver_callbacks()
    await process.run_for(120)
    assert len(world.replicate.predictions) == 1


async def test_other_peoples_predictions_are_not_adopted(world):
    process = world.start(callbacks=False)
    await started(world, process, submission(2))
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"))
    await process.submit(ASKED)
    await process.run_for(10)
    assert world.job(JOB).slots[0].prediction_id is None


async def test_requests_that_are_lost_again_and_again_end_the_job(world, process):
    world.faults.fail("replicate.create", gateway.OutcomeUnknownError("no answer"), times=10**9)
    await process.submit(ASKED)
    await process.run_for(1200)
    assert outcome(world) == (JobStatus.FAILED, "replicate_unclear")
    assert 1 < world.faults.calls["replicate.create"] <= 10


# --- poll -------------------------------------------------------------------------------------------------------------


async def test_a_lost_callback_is_made_up_for_by_a_poll(world, process):
    world.replicate.succeed(await started(world, process))
    world.replicate.outbox.clear()
    await process.run_for(31)
    assert outcome(world)[0] is JobStatus.COMPLETED


async def test_a_prediction_that_replicate_does_not_know_any_more_gives_no_image(world, process):
    world.replicate.predictions.pop(await started(world, process))
    await process.run_for(300)
    assert outcome(world) == (JobStatus.FAILED, "prediction_lost")


async def test_polls_grow_rare_while_nothing_changes(world, process):
    await started(world, process)
    await process.run_for(1500)
    assert world.faults.calls["replicate.get"] < 12
    assert len(world.store.history_of(JOB)) == 4, "a poll without news writes nothing"


async def test_a_replicate_that_is_away_is_asked_again(world, process):
    world.replicate.succeed(await started(world, process))
    world.replicate.outbox.clear()
    world.faults.fail("replicate.get", gateway.GatewayUnavailableError("down", status=503), times=2)
    await process.run_for(300)
    assert outcome(world)[0] is JobStatus.COMPLETED


# --- archive ----------------------------------------------------------------------------------------------------------


async def test_all_outputs_are_kept_in_order(world, process):
    urls = [f"https://replicate.delivery/{n}.png" for n in range(3)]
    for number, url in enumerate(urls):
        world.outputs.bodies[url] = pictures.png(10 + number, 10)
    await ended(world, process, *urls)
    await process.run_ready()
    assert [(f.number, f.width) for f in world.job(JOB).files] == [(1, 10), (2, 11), (3, 12)]


@pytest.mark.parametrize("code", ["output_host", "output_too_large", "output_redirected"])
async def test_an_output_that_is_refused_fails_the_slot(world, process, code):
    world.faults.fail("outputs.fetch", gateway.OutputRefusedError(code))
    await ended(world, process)
    await process.run_ready()
    assert outcome(world) == (JobStatus.FAILED, code)


async def test_an_output_that_is_no_picture_fails_the_slot(world, process):
    world.outputs.bodies["https://x.example/1"] = b"<html>"
    await ended(world, process, "https://x.example/1")
    await process.run_ready()
    assert outcome(world) == (JobStatus.FAILED, "output_not_an_image")


async def test_an_output_that_cannot_be_had_now_is_tried_again(world, process):
    world.faults.fail("outputs.fetch", gateway.GatewayUnavailableError("down", status=503), times=3)
    await ended(world, process)
    await process.run_for(120)
    assert outcome(world)[0] is JobStatus.COMPLETED


async def test_links_of_outputs_do_not_stay_in_the_record(world, process):
    await ended(world, process, "https://replicate.delivery/secret.png")
    await process.run_ready()
    assert b"secret.png" not in world.store.objects[object_keys.job(JOB)].body


# --- decide and stop --------------------------------------------------------------------------------------------------


async def test_a_prediction_that_never_ends_is_stopped_at_the_deadline(world, process):
    await started(world, process)
    await process.run_for(LIMITS.job_timeout_s + 5)
    assert outcome(world) == (JobStatus.FAILED, "timeout")
    assert world.replicate.running == []


async def test_a_job_that_waits_in_vain_for_its_place_times_out(world):
    process = build(world, replace(LIMITS, user_max_active=0))
    await process.submit(ASKED)
    await process.run_for(LIMITS.job_timeout_s + 5)
    assert outcome(world) == (JobStatus.FAILED, "timeout")


async def test_cancel_stops_the_prediction_and_is_confirmed(world, process):
    await started(world, process)
    await process.service.cancel(JOB, "tg-7")
    await process.run_ready()
    assert world.replicate.running == []
    assert outcome(world) == (JobStatus.CANCELED, "canceled_by_person")
    assert world.is_closed(JOB)


async def test_a_prediction_that_cannot_be_stopped_does_not_keep_the_person_waiting(world, process):
    await started(world, process)
    world.faults.fail("replicate.cancel", gateway.GatewayUnavailableError("down", status=500), times=10**9)
    await process.service.cancel(JOB, "tg-7")
    await process.run_ready()
    assert world.chat.outcomes(JOB)


# --- tell and settle --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_unknown_outcome_turns_the_status_message_into_the_result(world, process, when):
    await ended(world, process)
    world.faults.fail("chat.send_outcome", OutcomeUnknownError("no answer"), when=when)
    await process.run_ready()
    assert outcome(world)[0] is JobStatus.COMPLETED
    assert world.faults.calls["chat.send_outcome"] == 1
    assert world.chat.messages[world.job(JOB).status_message_id].files
    assert world.chat.pings(JOB) == (1 if when == "after" else 0)


async def test_a_busy_telegram_is_waited_for(world, process):
    await ended(world, process)
    world.faults.fail("chat.send_outcome", NotDoneError("telegram_busy", retry_after_s=40))
    await process.run_for(39)
    assert world.chat.pings(JOB) == 0
    await process.run_for(5)
    assert (world.chat.pings(JOB), world.chat.edits) == (1, 0)


async def test_a_person_who_left_meanwhile_needs_no_message(world, process):
    await ended(world, process)
    world.faults.fail("chat.send_outcome", ChatGoneError("blocked"))
    await process.run_ready()
    assert outcome(world)[0] is JobStatus.COMPLETED
    assert world.is_closed(JOB)


async def test_a_crash_while_telling_is_settled_by_an_edit(world, process):
    await ended(world, process)
    gate = world.faults.hold("chat.send_outcome", when="after")
    process.spawn(process.advance(JOB))
    await gate.reached.wait()
    await process.crash()
    process = world.start()
    await process.sweep.once()
    await process.run_for(60)
    assert outcome(world)[0] is JobStatus.COMPLETED
    assert world.chat.pings(JOB) == 1
    assert all(message.files for message in world.chat.visible(JOB))


# --- close ------------------------------------------------------------------------------------------------------------


async def test_history_remembers_what_was_delivered_and_only_that(world, process):
    await ended(world, process)
    await process.run_ready()
    ((_, entry),) = await JobRepository(world.store).history("tg-7", limit=5)
    job = world.job(JOB)
    assert (entry.job_id, entry.keys, entry.message_ids) == (JOB, tuple(f.key for f in job.files), job.message_ids)


@pytest.mark.parametrize("call", ["store.put", "store.delete", "chat.retract_status"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_closing_may_be_repeated(world, process, call, when):
    await ended(world, process)
    gate = world.faults.hold("chat.send_outcome", when="after")
    task = process.spawn(process.advance(JOB))
    await gate.reached.wait()
    error = NotDoneError("telegram_unreachable") if call.startswith("chat") else storage_down()
    world.faults.fail(call, error, when=when, skip=1 if call == "store.put" else 0)
    gate.open()
    await task
    await process.run_for(120)
    assert world.is_closed(JOB)
    assert world.chat.pings(JOB) == 1
    assert len(world.store.keys(object_keys.history_prefix("tg-7"))) == 1


@pytest.mark.parametrize(("after_s", "code"), [(-5, "prediction_canceled"), (1, "timeout")])
async def test_a_run_that_replicate_cancels_at_the_deadline_it_was_told_has_timed_out(world, process, after_s, code):
    prediction_id = await started(world, process)
    late = (world.job(JOB).deadline - world.clock.now()).total_seconds() + after_s
    world.clock.advance(late)
    world.replicate.end(prediction_id, PredictionStatus.CANCELED)
    await process.deliver_callbacks()
    await process.run_ready()
    assert outcome(world) == (JobStatus.FAILED, code)
