"""A whole run with several faults, logged at debug level: no line holds a secret, and every JSON line can be read."""

import io
import json
import logging
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog

from bot.jobs.steps import find_orphan
from bot.log_config import configure_logging
from mock_server.replicate.scenario import Scenario
from tests.support.callback_posts import post, replicate_door, telegram_door, update
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, impatient

CAPTION = "Grandmother Apollonia at the seaside"
EVENT_NAME = re.compile(r"[a-z]+(_[a-z0-9]+)+")


@pytest.fixture
def captured():
    """Routes the log of the process into a text, and gives logging back as it was."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    writers = []

    def start(settings, log_format, *, secrets):
        writers.append(configure_logging("debug", log_format, secrets, stream=stream))

    def stop():
        for writer in writers:
            writer.close()
        return stream.getvalue()

    yield start, stop
    stop()
    structlog.reset_defaults()
    for handler in [h for h in root.handlers if h not in handlers]:
        root.removeHandler(handler)
    root.setLevel(level)


async def run_with_faults(world, settings):
    """One photo after another, each with a fault of its own; returns the people."""
    faults = [
        (Scenario(), {}),
        (Scenario(create_status=429, retry_after_in="nowhere"), {}),
        (Scenario(create_status=500), {}),
        (Scenario(create_status=401), {}),
        (Scenario(create_dropped=True, webhook_lost=True), {}),
        (Scenario(output="gone"), {}),
        (Scenario(output="redirect"), {}),
        (Scenario(fail="oom"), {}),
        (Scenario(webhook_signature="foreign"), {}),
        (Scenario(), {"method": "sendPhoto", "action": "reset_before"}),
        (Scenario(), {"method": "getFile", "error_code": 502}),
        (Scenario(), {"method": "getFile", "action": "reset_before"}),
        (Scenario(), {"method": "sendMessage", "error_code": 400, "description": "Bad Request: unheard of"}),
    ]
    people = []
    for scenario, fault in faults:
        world.models.next_scenario(scenario)
        if fault:
            world.chat.fail(**fault)
        person = world.person()
        people.append(person)
        await person.send_photo(PHOTO, caption=CAPTION)
        await person.until(lambda p=person: p.bot_messages, "answer", within=10)
        await all_closed(settings.data_dir, within=15)
    await post(telegram_door(settings), b"{}")
    await post(replicate_door(settings), b"{}")
    await update(settings, {"update_id": 1, "message": {"message_id": "no number"}})
    await people[0].send_text(CAPTION)
    await people[0].expect(text="I work on photos")
    return people


def secrets_of(world, settings):
    """All that must not be seen: configured, derived, and made on the way."""
    found = {
        "bot token": settings.bot_token.get_secret_value(),
        "half of the bot token": settings.bot_token.get_secret_value().partition(":")[2],
        "update secret": settings.telegram_secret_token.get_secret_value(),
        "API token": settings.replicate_api_token.get_secret_value(),
        "signing secret": world.replicate.webhook_secret,
        "signing key": world.replicate.webhook_secret.removeprefix("whsec_"),
        "caption": CAPTION,
    }
    for number, prediction in enumerate(world.models.predictions()):
        link = prediction.order.model_input["image"]
        found[f"signature of input link {number}"] = parse_qs(urlsplit(link).query)["s"][0]
        for url in (prediction.output or "",):
            if url:
                found[f"output link {number}"] = urlsplit(str(url)).path
    for number, delivery in enumerate(world.models.deliveries):
        found[f"reference {number}"] = parse_qs(urlsplit(delivery.url).query)["ref"][0]
    return found


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(find_orphan, "GRACE_S", 0.2)
    monkeypatch.setattr("replicate_gateway.answers.DEFAULT_BUSY_WAIT_S", 0.2)


@pytest.mark.parametrize(
    ("log_format", "configured"),
    [("json", True), ("console", True), ("json", False)],
    ids=["json", "console", "json, by their form alone"],
)
async def test_no_line_holds_a_secret_and_every_json_line_can_be_read(
    world, tmp_path, captured, quick, log_format, configured
):
    start, stop = captured
    admin = world.person()
    settings = world.settings(tmp_path, poll_interval_s=0.2, admin_ids=frozenset({admin.id}))
    start(settings, log_format, secrets=settings.secret_values() if configured else ())
    async with running_bot(settings, impatient()):
        await run_with_faults(world, settings)
    text = stop()
    if log_format == "json":
        assert_readable(text)
    assert "update_received" in text
    assert "update_poisoned" in text
    unseen = secrets_of(world, settings)
    if not configured:  # a derived value has no form of its own
        del unseen["update secret"]
    assert {name for name, value in unseen.items() if value in text} == set()


def assert_readable(text):
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) > 50
    for line in lines:
        assert list(line)[:3] == ["timestamp", "level", "event"]
        assert line["level"] in {"debug", "info", "warning", "error"}
        assert line["event"]
    ours = [line for line in lines if "logger" not in line]
    assert {line["event"] for line in ours if not EVENT_NAME.fullmatch(line["event"])} == set()


async def test_the_lines_of_a_job_name_the_job_the_chat_and_the_prediction(world, tmp_path, captured):
    start, stop = captured
    settings = world.settings(tmp_path)
    start(settings, "json", secrets=settings.secret_values())
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True)
        await all_closed(tmp_path)
    by_event = {line["event"]: line for line in map(json.loads, stop().splitlines())}
    (prediction,) = world.models.predictions()
    for event in ("job_admitted", "input_stored", "prediction_created", "artifact_archived", "outcome_delivered"):
        assert by_event[event]["chat_id"] == person.id
        assert by_event[event]["job_id"]
    assert by_event["prediction_created"]["prediction_id"] == prediction.id
    assert by_event["callback_verified"]["prediction_id"] == prediction.id
    assert by_event["callback_verified"]["webhook_id"]


async def test_no_caption_comes_with_an_update_that_breaks_our_code(world, tmp_path, captured):
    start, stop = captured
    settings = world.settings(tmp_path)
    start(settings, "json", secrets=settings.secret_values())
    async with running_bot(settings, impatient()):
        await update(settings, {"update_id": 1, "message": {"caption": CAPTION}})
    text = stop()
    assert "update_poisoned" in text
    assert CAPTION not in text
