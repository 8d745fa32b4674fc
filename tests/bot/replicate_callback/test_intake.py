"""Door 2 behind its route: what is genuine, what is ours, what is recorded."""

import base64
import hashlib
import hmac
import json

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from bot.app_keys import CallbackForgedError
from bot.replicate_callback.intake import CallbackIntake
from bot.replicate_callback.signing_key import SigningKey
from replicate_gateway.signature import decode_secret
from storage.errors import StorageUnavailableError
from storage.job import SlotState
from tests.support.fakes import REFERENCES, World, query_of, storage_down, submission

pytestmark = pytest.mark.usefixtures("logs")

ASKED = submission()
JOB = ASKED.job_id


@pytest.fixture
async def world():
    world = World()
    world.process = world.start()
    await world.process.submit(ASKED)
    await world.process.run_ready()
    return world


@pytest.fixture
def intake(world):
    return CallbackIntake(
        world.process.callbacks, REFERENCES, SigningKey(world.replicate, world.replicate.secret), world.clock
    )


def query(**changes):
    return {**query_of(REFERENCES.url(JOB, 0)), **changes}


def signed(body, *, key, at_s, webhook_id="msg_1"):
    """The sender's side, written apart from the product's check.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    digest = hmac.new(key, b".".join([webhook_id.encode(), str(at_s).encode(), body]), hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return {"webhook-id": webhook_id, "webhook-timestamp": str(at_s), "webhook-signature": f"v1,{signature}"}


def delivery(world, body=None, *, age_s=0, key=None):
    """Headers and body as Replicate sends them."""
    (prediction_id,) = world.replicate.predictions
    body = (
        body or json.dumps({"id": prediction_id, "status": "succeeded", "output": ["https://x.example/1.png"]}).encode()
    )
    at_s = int(world.clock.now().timestamp()) - age_s
    return signed(body, key=key or decode_secret(world.replicate.secret), at_s=at_s), body


async def test_a_genuine_callback_is_recorded(world, intake, logs):
    headers, body = delivery(world)
    assert await intake.take(headers, query(), body) == "recorded"
    assert world.job(JOB).slots[0].state is SlotState.SUCCEEDED
    (line,) = (line for line in logs if line["event"] == "callback_verified")
    assert (line["result"], line["ms"] >= 0) == ("recorded", True)


async def test_its_lines_name_the_update_that_its_job_came_with(world, intake, logs):
    origin = world.job(JOB).origin
    headers, body = delivery(world)
    with capture_logs(processors=[merge_contextvars]) as lines:
        await intake.take(headers, query(), body)
    (line,) = (line for line in lines if line["event"] == "callback_verified")
    assert (line["update_id"], line["chat_id"], line["job_id"]) == (origin.update_id, origin.chat_id, JOB)


async def test_the_same_delivery_again_is_repeated(world, intake):
    headers, body = delivery(world)
    await intake.take(headers, query(), body)
    before = world.store.objects.copy()
    assert await intake.take(headers, query(), body) == "repeated"
    assert world.store.objects == before


async def test_a_callback_without_our_query_finds_its_job_by_the_task_record(world, intake):
    headers, body = delivery(world)
    assert await intake.take(headers, {}, body) == "recorded"


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("mismatch", lambda headers, body: (headers, body + b" ")),
        ("mismatch", lambda headers, body: ({**headers, "webhook-id": "other"}, body)),
        ("mismatch", lambda headers, body: ({**headers, "webhook-signature": "v1,AAAA"}, body)),
        ("unsupported_version", lambda headers, body: ({**headers, "webhook-signature": "v1,\xe9"}, body)),
        ("missing_header", lambda headers, body: ({}, body)),
        ("malformed_timestamp", lambda headers, body: ({**headers, "webhook-timestamp": "now"}, body)),
    ],
)
async def test_what_is_not_genuine_is_refused_and_changes_nothing(world, intake, reason, spoil):
    headers, body = spoil(*delivery(world))
    before = world.store.objects.copy()
    with pytest.raises(CallbackForgedError) as caught:
        await intake.take(headers, query(), body)
    assert caught.value.reason == reason
    assert world.store.objects == before


@pytest.mark.parametrize("age_s", [301, -301])
async def test_a_stale_callback_is_refused(world, intake, age_s):
    headers, body = delivery(world, age_s=age_s)
    with pytest.raises(CallbackForgedError, match="stale"):
        await intake.take(headers, query(), body)


async def test_another_accounts_key_is_refused(world, intake):
    headers, body = delivery(world, key=b"x" * 32)
    with pytest.raises(CallbackForgedError):
        await intake.take(headers, query(), body)


@pytest.mark.parametrize(
    "changes", [{"slot": "1"}, {"job": submission(2).job_id}, {"ref": "0" * 32}, {"ref": ""}, {"ref": "\xe9"}]
)
async def test_a_reference_that_we_did_not_make_is_refused(world, intake, changes):
    headers, body = delivery(world)
    before = world.store.objects.copy()
    with pytest.raises(CallbackForgedError, match="reference"):
        await intake.take(headers, query(**changes), body)
    assert world.store.objects == before


NONSENSE = [
    b"null",
    b"[]",
    b"not json",
    b"\xff\xfe",
    b'{"id": 1, "status": "succeeded"}',
    b'{"id": "../x", "status": "succeeded"}',
    b"[" * 100_000,
    b'{"id": "p", "status": NaN}',
    b'{"id": "p"}',
]


@pytest.mark.parametrize("body", NONSENSE)
async def test_what_is_genuine_but_makes_no_sense_is_logged_and_taken(world, intake, logs, body):
    headers, body = delivery(world, body)
    before = world.store.objects.copy()
    assert await intake.take(headers, query(), body) == "unreadable"
    assert world.store.objects == before
    assert "callback_unreadable" in {line["event"] for line in logs}


async def test_an_unknown_status_is_data_and_no_crash(world, intake):
    (prediction_id,) = world.replicate.predictions
    headers, body = delivery(world, json.dumps({"id": prediction_id, "status": "paused"}).encode())
    assert await intake.take(headers, query(), body) == "repeated"


async def test_a_prediction_that_no_job_made_is_taken_and_forgotten(world, intake):
    headers, body = delivery(world, b'{"id": "stranger", "status": "succeeded"}')
    assert await intake.take(headers, {}, body) == "unknown"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, {}),
        ({"webhook-signature": "v2,AAAA"}, {}),
        ({"webhook-timestamp": "1"}, {}),
        ({"webhook-id": "\xe9"}, {}),
        (None, {"job": JOB, "slot": "0", "ref": "0" * 32}),
    ],
    ids=["nothing", "other version", "stale", "no id", "forged reference"],
)
async def test_strangers_have_nobody_asked_for_the_key(world, headers, query):
    """Anybody may post here; whoever cannot even spell a callback costs no call."""
    genuine, body = delivery(world)
    intake = CallbackIntake(world.process.callbacks, REFERENCES, SigningKey(world.replicate, None), world.clock)
    given = genuine if headers is None else {**genuine, **headers} if headers else {}
    with pytest.raises(CallbackForgedError):
        intake.admit(given, query)
    with pytest.raises(CallbackForgedError):
        await intake.take(given, query, body)
    assert world.faults.calls["replicate.webhook_secret"] == 0
    intake.admit(genuine, {})


async def test_what_cannot_be_recorded_must_come_again(world, intake):
    headers, body = delivery(world)
    world.faults.fail("store.put", storage_down())
    with pytest.raises(StorageUnavailableError):
        await intake.take(headers, query(), body)
    assert await intake.take(headers, query(), body) == "recorded"


async def test_a_callback_of_ours_that_is_too_large_has_the_prediction_asked_about(world, intake):
    (prediction_id,) = world.replicate.predictions
    world.replicate.succeed(prediction_id)
    await intake.skip(query())
    await world.process.run_ready()
    assert world.job(JOB).slots[0].state is SlotState.ARCHIVED


@pytest.mark.parametrize("strange", [{}, {"ref": "0" * 32}, query(slot="1")])
async def test_one_that_is_not_ours_has_nobody_asked(world, intake, strange):
    with pytest.raises(CallbackForgedError):
        await intake.skip(strange)
    assert world.faults.calls["replicate.get"] == 0
