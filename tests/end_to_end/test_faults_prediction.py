"""Predictions that end in another way than with a picture, or do not end at all."""

import pytest

from mock_server.replicate.scenario import Scenario
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, ended_with, impatient, record


@pytest.mark.parametrize("told", [True, False], ids=["with a callback", "without one"])
@pytest.mark.parametrize(("end", "words"), [("aborted", "no answer in time"), ("canceled", "stopped before it was")])
async def test_a_prediction_that_replicate_stopped_ends_in_a_sentence(world, tmp_path, end, words, told):
    world.models.scenario = Scenario(end=end, webhook_on_aborted=True, webhook_lost=not told)
    async with running_bot(world.settings(tmp_path, poll_interval_s=0.2), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await ended_with(person, tmp_path, words)
    assert record(tmp_path)["outcome"]["code"] == f"prediction_{end}"
    assert person.pings == 1


async def test_aborted_without_any_callback_is_found_by_polling(world, tmp_path):
    world.models.scenario = Scenario(end="aborted")
    async with running_bot(world.settings(tmp_path, poll_interval_s=0.2), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await ended_with(person, tmp_path, "no answer in time")


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        ("nsfw", "unsafe"),
        ("sensitive", "unsafe"),
        ("oom", "too large for the model"),
        ("Something new", "The model failed"),
        ("generic", "too large for the model"),
        ("No face detected", "no face"),
    ],
)
async def test_a_failed_prediction_is_explained_and_not_quoted(world, tmp_path, fail, words):
    world.models.scenario = Scenario(fail=fail)
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        answer = await ended_with(person, tmp_path, words)
    assert "CUDA" not in answer.all_text
    assert "exitcode" not in answer.all_text


async def test_a_prediction_that_never_ends_is_given_up_at_the_deadline_and_stopped(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path, job_timeout_s=1), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await ended_with(person, tmp_path, "no answer in time")
        (prediction,) = world.models.predictions()
        assert world.models.status(prediction.id) == "canceled"
    assert person.pings == 1
