"""Words in reply to a picture ask for something to be done with it."""

from dataclasses import replace

import pytest

from bot.jobs.questions import open_question
from bot.telegram.job_keyboards import outcome_keyboard
from storage.wishes import Question
from tests.support.chat_door import BEN, BOT, FILE, GROUP, SIZES, ChatDoor, message
from tests.support.fakes import PRESETS


@pytest.fixture
def door():
    return ChatDoor()


@pytest.mark.parametrize("words", ["/upscale", "/upscale@a_bot", "@a_bot upscale", "upscale @a_bot"])
async def test_in_a_group_a_command_or_a_mention_takes_somebody_elses_photo(door, words):
    await door.message(chat=GROUP, text=words, reply_to_message=message(sender=BEN, chat=GROUP, photo=SIZES))
    (job,) = door.jobs
    assert (job.preset, job.inputs[0].file_id, job.origin.user) == ("upscale", "photo-1280", "tg-7")
    assert job.prompt == ""


async def test_words_in_reply_to_a_picture_of_the_bots_go_on_from_it(door):
    result = message(sender=BOT, document=FILE | {"mime_type": "image/png"}, message_id=3)
    await door.message(text="edit make it blue", reply_to_message=result)
    (job,) = door.jobs
    assert (job.preset, job.prompt, job.inputs[0].file_id) == ("edit", "make it blue", "document-1")
    assert job.origin.message_id == 5  # what the answer quotes is the wish


async def test_a_command_that_is_no_preset_stays_a_command(door):
    await door.message(text="/help", reply_to_message=message(sender=BOT, photo=SIZES))
    assert door.jobs == []
    assert len(door.said) == 1


async def test_words_in_reply_to_words_are_no_wish(door):
    await door.message(text="thanks", reply_to_message=message(sender=BOT, text="done"))
    assert door.jobs == []


def result_message(job, **content):
    """The message that shows the job's result, as Telegram quotes it."""
    markup = outcome_keyboard(job).model_dump(exclude_none=True)
    return message(sender=BOT, photo=SIZES, message_id=job.files[0].message_id, **content) | {"reply_markup": markup}


async def test_words_in_reply_to_ones_own_result_go_on_from_it_in_full_quality(door):
    job = await door.done("upscale")
    await door.message(text="edit make it blue", message_id=6, reply_to_message=result_message(job))
    other = next(one for one in door.jobs if one.id != job.id)
    assert (other.preset, other.prompt, other.inputs[0].key) == ("edit", "make it blue", job.files[0].key)
    assert other.origin.message_id == 6
    assert door.reactions == [(6, "👀")]


async def test_a_result_without_buttons_is_found_in_the_history(door):
    job = await door.done("upscale")
    shown = message(sender=BOT, photo=SIZES, message_id=job.files[0].message_id)
    await door.message(text="/faces", message_id=6, reply_to_message=shown)
    other = next(one for one in door.jobs if one.id != job.id)
    assert (other.preset, other.inputs[0].key) == ("faces", job.files[0].key)


async def test_a_reply_that_is_delivered_twice_is_one_job(door):
    job = await door.done()
    for _ in range(2):
        await door.message(text="/faces", message_id=6, reply_to_message=result_message(job))
    assert len(door.jobs) == 2


async def test_a_photo_in_reply_to_a_result_comes_after_it(door):
    job = await door.done()
    await door.message(photo=SIZES, caption="try", message_id=6, reply_to_message=result_message(job))
    other = next(one for one in door.jobs if one.id != job.id)
    assert [image.key for image in other.inputs] == [job.files[0].key, None]
    assert other.preset == "try_on"


async def test_words_that_the_usual_tool_has_no_use_for_are_kept_while_it_is_asked_which_one(door):
    job = await door.done()
    await door.message(text="make it blue", message_id=6, reply_to_message=result_message(job))
    other = next(one for one in door.jobs if one.id != job.id)
    assert (open_question(other, PRESETS), other.prompt) == (Question.PRESET, "make it blue")
    await door.people.change("tg-7", lambda person: replace(person, preset="edit"))
    await door.message(text="make it red", message_id=7, reply_to_message=result_message(job))
    assert {one.preset for one in door.jobs} == {"restore", "", "edit"}


async def test_the_result_of_somebody_else_is_a_picture_like_any_other(door):
    job = await door.done(chat=GROUP, caption="@a_bot")
    shown = result_message(job, chat=GROUP)
    await door.message(text="/faces", message_id=6, sender=BEN, chat=GROUP, reply_to_message=shown)
    other = next(one for one in door.jobs if one.id != job.id)
    assert (other.origin.user, other.inputs[0].file_id, other.inputs[0].key) == ("tg-8", "photo-1280", None)
