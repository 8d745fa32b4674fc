"""Outputs that are gone, too large, endless, elsewhere, or no pictures at all."""

import json

import pytest

from bot.telegram.wording import text
from mock_server.replicate.scenario import Scenario
from tests.support import pictures
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, delivered_once, ended_with, impatient, record, stored
from tests.support.waiting import eventually

CLOUD_METADATA = "http://169.254.169.254/latest/meta-data/"


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        (Scenario(output="gone"), "output_gone"),
        (Scenario(output="too_large"), "output_too_large"),
        (Scenario(output="endless"), "output_too_large"),
        (Scenario(output="html"), "output_not_an_image"),
        (Scenario(output="corrupt"), "output_not_an_image"),
        (Scenario(output="redirect"), "output_host"),
        (Scenario(output="redirect", output_redirect_to=CLOUD_METADATA), "output_host"),
        (Scenario(output="redirect", output_redirect_to="file:///etc/passwd"), "output_host"),
    ],
    ids=["gone", "too large", "endless", "html", "corrupt", "another host", "cloud metadata", "file"],
)
async def test_an_output_that_cannot_be_passed_on_ends_in_a_sentence(world, tmp_path, scenario, code):
    world.models.scenario = scenario
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        answer = await ended_with(person, tmp_path, text(code, "en"))
        assert "Code:" in answer.all_text
    job = record(tmp_path)
    assert (job["status"], job["outcome"]["code"]) == ("failed", code)
    assert stored(tmp_path, "images/output") == []
    assert stored(tmp_path, "history") == []
    assert person.pings == 1


async def test_a_redirect_in_a_circle_ends_in_a_sentence(world, tmp_path):
    world.models.scenario = Scenario(output="redirect", output_redirect_to="?again")  # the same address
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await ended_with(person, tmp_path, text("output_host", "en"))
    assert record(tmp_path)["outcome"]["code"] == "output_redirected"


async def test_no_api_token_goes_with_the_fetch_of_an_output(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    seen = [c for c in world.models.calls if c.path.startswith("/output/")]
    assert len(seen) == 1
    assert seen[0].query == ""


async def test_an_output_inside_the_callback_is_delivered(world, tmp_path):
    world.models.scenario = Scenario(output="data_uri")
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await delivered_once(person, tmp_path)
    assert not [c for c in world.models.calls if c.path.startswith("/output/")]
    assert "data:" not in (next((tmp_path / "jobs").iterdir())).read_text()


async def test_outputs_that_expire_before_they_are_fetched_end_in_a_sentence(world, tmp_path):
    world.models.scenario = Scenario(webhook_lost=True)
    settings = world.settings(tmp_path, poll_interval_s=0.5)
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(lambda: [p for p in world.models.predictions() if p.is_terminal])
        await world.models.expire_outputs()
        await ended_with(person, tmp_path, text("output_gone", "en"))


async def test_a_large_output_inside_the_prediction_survives_a_restart(world, tmp_path):
    world.models.scenario = Scenario(output="data_uri")
    settings = world.settings(tmp_path, poll_interval_s=0.3)
    async with running_bot(settings, impatient()):
        person = world.person()
        world.chat.fail("sendPhoto", times=None, error_code=429, description="Too Many Requests", retry_after=1)
        await person.send_photo(pictures.photo())
        await eventually(lambda: world.chat.journal.calls_of("sendPhoto"), within=15)
    assert len(json.dumps(record(tmp_path))) < 100_000
    world.chat.faults.clear()
    async with running_bot(settings, impatient()):
        await delivered_once(person, tmp_path, within=15)
