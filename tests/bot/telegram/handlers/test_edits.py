"""A caption that is changed after sending."""

import pytest

from bot.jobs.questions import open_question
from storage.job import JobStatus
from storage.wishes import Question
from tests.support.chat_door import BEN, SIZES, ChatDoor, message
from tests.support.fakes import PRESETS


@pytest.fixture
def door():
    return ChatDoor()


async def edited(door, **content):
    await door(edited_message=message(photo=SIZES, **content) | {"edit_date": 1_790_000_001})
    await door.process.run_ready()
    return door.jobs[0]


async def test_before_the_job_begins_it_counts(door):
    await door.message(photo=SIZES, caption="edit")
    await door.process.run_ready()
    assert open_question(door.jobs[0], PRESETS) is Question.PROMPT
    job = await edited(door, caption="edit make it blue")
    assert (job.prompt, job.status) == ("make it blue", JobStatus.PROCESSING)
    assert door.said == []


async def test_another_tool_may_be_named(door):
    await door.message(photo=SIZES, caption="edit")
    job = await edited(door, caption="upscale")
    assert job.preset == "upscale"


async def test_once_it_runs_it_is_too_late(door):
    await door.message(photo=SIZES, caption="edit make it blue")
    await door.process.run_ready()
    before = door.jobs
    await edited(door, caption="edit make it red")
    assert [job.prompt for job in door.jobs] == [job.prompt for job in before]


async def test_nobody_changes_the_wish_of_somebody_else(door):
    await door.message(photo=SIZES, caption="edit")
    await edited(door, caption="edit make it red", sender=BEN)
    assert door.jobs[0].prompt == ""
