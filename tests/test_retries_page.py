"""The table of retries and time-outs in docs/retries.md says what the code's constants say."""

import re
from pathlib import Path

import pytest
from aiogram.client.session.base import DEFAULT_TIMEOUT as TELEGRAM_CALL_S

from bot import errors, refused_requests, startup_retry
from bot.http_api import web_pictures
from bot.http_limits import HttpLimits
from bot.jobs import attempt, worker
from bot.jobs.guards import circuit, guarded_store
from bot.jobs.steps import archive, close, create, decide, find_orphan, poll
from bot.replicate_callback import signing_key
from bot.telegram import intake, photos, registration, reminder_bell, session, uploads
from bot.work_queue import redis_client, shared_state
from replicate_gateway import outputs, retry
from replicate_gateway.calls import CallLimits
from replicate_gateway.protocol import CREATE_S, MAX_WAIT_S
from storage import s3, s3_client

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "retries.md").read_text()


def seconds(value) -> str:
    """As people write it: 0.25 s, 60 s, 5 min, 24 h."""
    value = value.total_seconds() if hasattr(value, "total_seconds") else value
    unit, size = next(((u, s) for u, s in (("h", 3600), ("min", 60)) if value >= 2 * s and value % s == 0), ("s", 1))
    return f"{value / size:g} {unit}"


def growing(base_s: float, cap_s: float) -> str:
    return f"{seconds(base_s)} … {seconds(cap_s)}"


CALLS = CallLimits()
STEP = growing(attempt.BACKOFF_BASE_S, attempt.BACKOFF_CAP_S)
GATEWAY = growing(CALLS.backoff_base_s, CALLS.backoff_cap_s)
LATE = seconds(decide.FETCHABLE)

ROWS = {
    "S3: read, write, list, delete": (
        (
            f"{seconds(s3_client.CONNECT_TIMEOUT_S)} to connect, {seconds(s3_client.READ_TIMEOUT_S)} of silence, "
            f"{seconds(s3._REQUEST_DEADLINE_S)} and 1 s per {s3._SLOWEST_BYTES_PER_S // 1000} kB in all"
        ),
        f"{s3_client.MAX_ATTEMPTS}, doubling",
        (
            f"the job, {growing(worker.STORAGE_RETRY_S, worker.STORAGE_RETRY_CAP_S)}; "
            f"the sender, by 503 and `Retry-After: {errors.RETRY_AFTER_S}`"
        ),
        "until it works: without it not even a failure can be recorded",
    ),
    "storage: read a result back": (seconds(guarded_store.STREAM_S), "1", "the job, as above", "likewise"),
    "storage: change a record under a shared lock": (
        (
            f"{seconds(shared_state._HOLD_S)} for read and write; the lock ends by itself "
            f"{seconds(shared_state._LATE_WRITE_S)} later"
        ),
        "1",
        "the job, or the sender, as above",
        "likewise",
    ),
    "Replicate: create a prediction": (
        seconds(CALLS.call_s),
        "1",
        (
            f"`create`, {STEP}, where nothing was made; `find_orphan` after {seconds(find_orphan.GRACE_S)} where that "
            f"is unclear, {seconds(find_orphan.CALL_S + find_orphan.GRACE_S)} where another process may still be "
            f"asking; on top of `Retry-After`, up to {seconds(retry.MAX_RETRY_AFTER_S)}"
        ),
        f"`JOB_TIMEOUT_S`; {find_orphan._MAX_CREATES} unclear calls an image",
    ),
    "Replicate: look up, list, cancel": (
        f"{seconds(CALLS.call_s)} in all",
        f"{CALLS.attempts}, {GATEWAY}",
        "`poll` at its own pace, others " + STEP,
        (
            f"`JOB_TIMEOUT_S` and {LATE}; {poll._TRIES} tries where Replicate knows no such prediction; to cancel "
            f"{seconds(close._TIDY_WITHIN)}"
        ),
    ),
    "Replicate: upload an input": (
        f"{seconds(CALLS.upload_s)} in all",
        f"{CALLS.attempts}, {GATEWAY}",
        f"`create`, {STEP}",
        "`JOB_TIMEOUT_S`",
    ),
    "Replicate: fetch an output": (
        f"{seconds(outputs.FETCH_S)}, redirects included",
        "1",
        f"`archive`, {STEP}",
        (
            f"`JOB_TIMEOUT_S` and {LATE}: then Replicate has deleted it; {archive._TRIES} tries where it says that it "
            "is gone"
        ),
    ),
    "Replicate: the signing key": (
        seconds(signing_key._FETCH_S),
        "1",
        f"the sender, by 503 and `Retry-After: {signing_key._ASK_AGAIN_S:g}`",
        "until it works",
    ),
    "Telegram: status, result, file path": (
        (
            f"{seconds(TELEGRAM_CALL_S)}, with a picture {seconds(uploads.UPLOAD_TIMEOUT_S)}, of these "
            f"{seconds(session._CONNECT_S)} to get a connection"
        ),
        "1",
        (
            f"the step, {STEP}, on top of `retry_after`; a result waits at least 1/{attempt.TELLING_SHARE} of what it "
            "has waited"
        ),
        f"`JOB_TIMEOUT_S`; to tell {seconds(attempt.GIVE_UP_TELLING)}; to tidy up {seconds(close._TIDY_WITHIN)}",
    ),
    "Telegram: download a picture": (seconds(photos._TIMEOUT.total), "1", f"`fetch_input`, {STEP}", "`JOB_TIMEOUT_S`"),
    "the API: fetch a caller's picture": (
        f"{seconds(web_pictures.FETCH_S)}, redirects included",
        "1",
        f"`fetch_input`, {STEP}",
        f"{web_pictures._TRIES} tries in all, some seconds to half a minute",
    ),
    "Telegram: ask for updates": (
        seconds(intake._LONG_POLL_S + 15),
        "1",
        f"itself, every {seconds(intake.POLL_AGAIN_S)}",
        "for ever",
    ),
    "Telegram: register the webhook": (
        seconds(TELEGRAM_CALL_S),
        "1",
        f"itself, every {seconds(registration._ASK_AGAIN_S)}",
        "for ever",
    ),
    "Telegram: replies, toasts, alerts": (seconds(TELEGRAM_CALL_S), "1", "nobody", "nothing depends on them"),
    "Telegram: a reminder": (
        seconds(TELEGRAM_CALL_S),
        "1",
        f"itself, every {seconds(reminder_bell.LOOK_EVERY_S)}, where nothing was sent",
        seconds(reminder_bell._STALE),
    ),
    "queue engine: any call": (
        seconds(redis_client.CALL_TIMEOUT_S),
        "1",
        f"the job, after {seconds(worker.ENGINE_RETRY_S)}",
        "until it works",
    ),
    "at start: storage, queue engine": (
        "as above",
        "as above",
        f"itself, every {seconds(startup_retry._ASK_AGAIN_S)}",
        seconds(startup_retry._PATIENCE_S),
    ),
    "a step of ours that breaks": (
        "none",
        "1",
        f"the job, {STEP}",
        f"{attempt.MAX_UNFORESEEN} times, then poison",
    ),
}


@pytest.mark.parametrize("call", ROWS)
def test_the_row_of_a_call_is_true(call):
    assert f"| {' | '.join((call, *ROWS[call]))} |" in PAGE


def test_there_are_no_other_rows():
    _, _, table = PAGE.partition("| call | time-out |")
    rows = [line for line in table.partition("\n\n")[0].splitlines()[2:] if line]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(ROWS)


def test_the_sentence_about_circuits_is_true():
    pauses = f"{seconds(circuit.FIRST_PAUSE_S)}, then ever later, up to {seconds(circuit.LONGEST_PAUSE_S)}"
    assert f"After {circuit.FAILURES_IN_A_ROW} failures in a row" in PAGE
    assert pauses in PAGE


def test_the_sentence_about_create_calls_is_true():
    assert f"ends within {seconds(CREATE_S)} (and up to {seconds(MAX_WAIT_S)}" in PAGE
    assert f"not begun on a claim older than {seconds(create.START_WITHIN)}" in PAGE
    assert f"before the {seconds(find_orphan.GRACE_S)} begin" in PAGE


# Where a time limit or a number of tries is set for a call to somebody outside -> the first words of its row.
CALLERS = {
    "bot/jobs/steps/archive.py": "Replicate: fetch an output",
    "bot/jobs/steps/poll.py": "Replicate: look up",
    "bot/http_api/web_pictures.py": "the API: fetch",
    "bot/replicate_callback/signing_key.py": "Replicate: the signing key",
    "bot/telegram/photos.py": "Telegram: download",
    "bot/telegram/session.py": "Telegram: status",
    "replicate_gateway/aiohttp_transport.py": "Replicate: look up",
    "replicate_gateway/calls.py": "Replicate: create",
    "replicate_gateway/gateway.py": "Replicate: look up",
    "replicate_gateway/outputs.py": "Replicate: fetch an output",
    "storage/s3.py": "S3: read",
    "storage/s3_client.py": "S3: read",
    "bot/work_queue/redis_client.py": "queue engine",
}
NO_CALLS = {  # limits on what others do to us, on work of ours, or of commands that somebody watches
    "bot/http_probe.py",
    "bot/doctor/examination.py",
    "bot/http_api/orders.py",
    "bot/http_limits.py",
    "bot/jobs/results/previews.py",
    "bot/run_control.py",
}
LIMITED = re.compile(r"ClientTimeout\(|asyncio\.timeout\(|wait_for\(|\btries=|socket_timeout=")


def test_every_module_that_bounds_a_call_has_a_row():
    sources = [path for package in ("bot", "replicate_gateway", "storage") for path in (ROOT / package).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in sources if LIMITED.search(path.read_text())}
    assert found == set(CALLERS) | NO_CALLS
    for start in CALLERS.values():
        assert any(call.startswith(start) for call in ROWS)


def test_the_sentence_about_strangers_is_true():
    limits = HttpLimits()
    assert f"has to come within {seconds(limits.head_s)}" in PAGE
    assert limits.least_bytes / limits.look_every_s == 1000
    assert "1 kB/s at least" in PAGE
    assert f"not be larger than {limits.body_bytes // 1_000_000} MB" in PAGE
    assert (refused_requests._LINES_PER_SENDER, refused_requests._LINES_IN_ALL) == (5, 60)
