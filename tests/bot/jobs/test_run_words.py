"""What Replicate says of a run that failed: kept for admins, logged without what the person wrote."""

import json
from dataclasses import replace

import pytest

from bot.jobs.run_words import MAX_ERROR_CHARS, MAX_LOGS_CHARS, kept_error, kept_logs, without_words
from bot.redaction import REDACTED
from replicate_gateway.prediction import PredictionStatus
from storage.job import JobStatus, SlotState
from tests.support.fakes import submission

ASKED = replace(submission(), prompt="give the old sailor a red hat")
JOB = ASKED.job_id
ERROR = "CUDA kernel exploded while drawing 'give the old sailor a red hat'"
LINK = "https://s3.example.org/b/k.jpg?X-Amz-Signature=0a1b2c3d4e5f"


async def failed(world, process, error=ERROR, words="Using seed: 7\n", status=PredictionStatus.FAILED):
    await process.submit(ASKED)
    await process.run_ready()
    (prediction_id,) = world.replicate.running
    world.replicate.tell(prediction_id, logs=words)
    world.replicate.end(prediction_id, status, error=error)
    return prediction_id


def told(logs):
    return [line for line in logs if line["event"] == "prediction_failed"]


async def test_a_failed_run_is_recorded_with_its_error_and_its_logs(world, process):
    await failed(world, process)
    await process.deliver_callbacks()
    await process.run_ready()
    (slot,) = world.job(JOB).slots
    assert (world.job(JOB).status, slot.error, slot.logs) == (JobStatus.FAILED, ERROR, "Using seed: 7")


async def test_it_is_one_line_however_often_it_is_heard_of(world, process, logs):
    prediction_id = await failed(world, process)
    (*_, ended) = world.replicate.outbox
    for _ in range(3):
        await process.receive(ended)
    await process.run_ready()
    (line,) = told(logs)
    assert line == {
        "event": "prediction_failed",
        "log_level": "warning",
        "prediction_id": prediction_id,
        "preset": ASKED.preset,
        "code": "model_failed",
        "error": f"CUDA kernel exploded while drawing '{REDACTED}'",
    }
    assert "seed" not in json.dumps(line)


async def test_a_run_that_only_a_poll_hears_of_is_told_as_well(world, process, logs):
    await failed(world, process)
    world.replicate.outbox.clear()
    world.clock.advance(120)
    await process.run_ready()
    assert len(told(logs)) == 1
    assert world.job(JOB).slots[0].error == ERROR


async def test_a_run_that_is_made_again_is_told_and_its_words_stay_until_the_next_one_ends(world, process, logs):
    await failed(world, process, error="Failed to download input image: 503")
    await process.deliver_callbacks()
    (slot,) = world.job(JOB).slots
    assert (slot.state, slot.error) == (SlotState.OPEN, "Failed to download input image: 503")
    assert told(logs)[0]["code"] == "input_unreadable"
    await process.run_ready()
    world.replicate.succeed(world.replicate.running[0])
    await process.deliver_callbacks()
    assert world.job(JOB).slots[0].error is None


async def test_what_the_person_stopped_did_not_fail(world, process, logs):
    await process.submit(ASKED)
    await process.run_ready()
    (prediction_id,) = world.replicate.running
    await process.service.cancel(JOB, ASKED.origin.user)
    world.replicate.end(prediction_id, PredictionStatus.CANCELED)
    await process.deliver_callbacks()
    assert told(logs) == []


async def test_what_replicate_canceled_by_itself_is_told(world, process, logs):
    await failed(world, process, error=None, status=PredictionStatus.CANCELED)
    await process.deliver_callbacks()
    assert [(line["code"], line["error"]) for line in told(logs)] == [("prediction_canceled", None)]


def test_what_is_kept_is_bounded_where_it_says_most():
    assert kept_error("begin" + "x" * 9000) == "begin" + "x" * (MAX_ERROR_CHARS - 5)
    assert kept_logs("x" * 9000 + "end") == "x" * (MAX_LOGS_CHARS - 3) + "end"
    assert kept_error("") is kept_error(None) is kept_logs(" \n") is None


def test_no_signed_link_and_no_half_of_a_character_is_kept():
    assert "0a1b2c3d4e5f" not in (kept_error(f"cannot fetch {LINK}") or "")
    assert "0a1b2c3d4e5f" not in (kept_logs(f"GET {LINK} 403") or "")
    assert kept_error("bad \ud800 text") == "bad ? text"


@pytest.mark.parametrize(
    ("text", "words", "clean"),
    [
        ("no such 'hat'", "hat", f"no such '{REDACTED}'"),
        ("that failed", "hat", "that failed"),
        ("drawing A Red Hat failed", "a red hat", f"drawing {REDACTED} failed"),
        ("near: 'the old sailor a red...' (E1)", "give the old sailor a red hat", f"near: {REDACTED} (E1)"),
        ("out of memory", "out of the blue", "out of memory"),
        ("exploded", "", "exploded"),
        ("x", " ", "x"),
        ("a.c is not abc", "a.c", f"{REDACTED} is not abc"),
    ],
)
def test_the_persons_words_are_taken_out_where_they_are_quoted(text, words, clean):
    assert without_words(text, words) == clean
