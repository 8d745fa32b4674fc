"""Questions of a job, answered by button or in words; each answer counts once, and a late one is told so."""

import pytest

from bot.jobs.questions import open_question
from bot.jobs.status import status
from bot.telegram.button_data import job_data
from bot.telegram.job_keyboards import status_keyboard
from bot.telegram.messages import status_text
from bot.telegram.wording import text
from storage.job import JobStatus
from storage.person import Person
from storage.wishes import Question
from tests.support.chat_door import BOT, GROUP, SIZES, ChatDoor, message
from tests.support.fakes import PRESETS


@pytest.fixture
def door():
    return ChatDoor()


def labels(job, person=None):
    markup = status_keyboard(job, PRESETS, person or Person())
    return {one.text: one.callback_data for row in markup.inline_keyboard for one in row}


async def asked(door, **content):
    await door.message(photo=SIZES, **content)
    await door.process.run_ready()
    return door.jobs[-1]


async def album(door, count, **content):
    for number in range(count):
        await door.message(photo=SIZES, message_id=10 + number, media_group_id="g", **(content if not number else {}))
    await door.process.run_for(3)
    (job,) = door.jobs
    return job


async def test_who_wants_to_be_asked_is_asked_what_to_do_last_used_first(door):
    await door.press("s1:ask:on")
    job = await asked(door)
    assert open_question(job, PRESETS) is Question.PRESET
    shown = labels(job, Person(recent_presets=("upscale",)))
    assert next(iter(shown)) == "🔍 Upscale"
    assert list(shown)[-1] == text("cancel", "en")
    await door.press(shown["🙂 Fix faces"])
    await door.process.run_ready()
    assert (door.jobs[0].preset, door.jobs[0].status) == ("faces", JobStatus.PROCESSING)
    assert (await door.people.load("tg-7")).recent_presets == ("faces",)


async def test_a_caption_that_names_a_tool_is_an_answer_in_advance(door):
    await door.press("s1:ask:on")
    job = await asked(door, caption="upscale")
    assert (job.preset, job.status) == ("upscale", JobStatus.PROCESSING)


async def test_words_that_a_tool_needs_are_asked_for_and_taken(door):
    job = await asked(door, caption="edit")
    assert open_question(job, PRESETS) is Question.PROMPT
    door.forget()
    await door.message(text="make it blue", message_id=6)
    assert door.reactions == [(6, "✍")]
    assert door.said == []
    assert door.jobs[0].prompt == "make it blue"
    await door.message(text="and thanks", message_id=7)
    assert door.said == [text("send_a_photo", "en")]  # nothing waits for words any more


async def test_in_a_group_words_count_as_a_reply_to_the_bot(door):
    await asked(door, caption="@a_bot edit", chat=GROUP)
    await door.message(text="make it blue", chat=GROUP, message_id=6)
    assert door.jobs[0].prompt == ""
    question = message(sender=BOT, chat=GROUP, text="?", message_id=900)
    await door.message(text="make it blue", chat=GROUP, message_id=7, reply_to_message=question)
    assert door.jobs[0].prompt == "make it blue"


def question(job, key):
    return status_text(job, status(key), PRESETS).splitlines()[0]


async def test_of_an_album_all_photos_are_worked_on_or_the_first(door):
    job = await album(door, 3)
    assert open_question(job, PRESETS) is Question.ALBUM
    assert question(job, "ask_album") == text("ask_album", "en", n=3)
    await door.press(labels(job)[text("all_photos", "en", n=3)])
    await door.process.run_ready()
    assert len(door.jobs[0].slots) == 3


async def test_only_the_first_is_an_answer_too(door):
    job = await album(door, 2)
    await door.press(labels(job)[text("first_photo", "en")])
    await door.process.run_ready()
    assert len(door.jobs[0].slots) == 1


async def test_for_a_try_on_the_roles_are_numbered_and_can_be_swapped_before_the_start(door):
    job = await album(door, 3, caption="try")
    assert open_question(job, PRESETS) is Question.START
    assert question(job, "ask_start") == text("ask_start", "en", person=1, garments="2 and 3")
    for person, garments in ((2, "1 and 3"), (3, "1 and 2"), (1, "2 and 3")):
        await door.press(labels(job)[text("swap", "en")])
        (job,) = door.jobs
        assert question(job, "ask_start") == text("ask_start", "en", person=person, garments=garments)
    await door.press(labels(job)[text("begin", "en")])
    await door.process.run_ready()
    assert [slot.inputs for slot in door.jobs[0].slots] == [(0, 1), (0, 2)]


async def test_a_second_photo_answers_the_question_for_it(door):
    job = await asked(door, caption="try")
    assert open_question(job, PRESETS) is Question.IMAGE
    assert list(labels(job)) == [text("cancel", "en")]
    await door.message(photo=SIZES, message_id=6)
    await door.process.run_ready()
    host = next(one for one in door.jobs if one.id == job.id)
    assert [image.message_id for image in host.inputs] == [5, 6]


async def test_an_answer_that_comes_too_late_is_told_so(door):
    job = await album(door, 2)
    await door.press(labels(job)[text("first_photo", "en")])
    await door.process.run_ready()
    door.forget()
    await door.press(job_data("album", job.id, "all"))
    assert door.said == [text("too_late", "en")]
    assert len(door.jobs[0].slots) == 1


@pytest.mark.parametrize(("action", "arg"), [("preset", ""), ("album", "some"), ("first", "x"), ("album", "")])
async def test_an_answer_that_was_made_up_changes_nothing(door, action, arg):
    job = await album(door, 2)
    await door.press(job_data(action, job.id, arg))
    assert door.jobs == [job]


async def test_a_tool_that_is_not_on_offer_is_no_answer(door):
    await door.press("s1:ask:on")
    job = await asked(door)
    await door.press(job_data("preset", job.id, "gone"))
    assert door.said[-1] == text("preset_gone", "en")


async def test_cancel_stops_what_is_only_asked_about_too(door):
    await asked(door, caption="edit")
    await door.message(text="/cancel")
    assert door.said[-1] == text("canceling_all", "en", n=1)
    await door.process.run_ready()
    assert door.jobs[0].status is JobStatus.CANCELED
