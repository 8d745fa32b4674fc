"""What people do with results, and with what has failed: each press is one deed, however often it is delivered."""

from dataclasses import replace

import pytest

from bot.telegram.button_data import job_data
from bot.telegram.job_keyboards import outcome_keyboard, results_keyboard
from bot.telegram.wording import text
from storage import object_keys
from storage.job import JobStatus
from storage.records import dump_job
from storage.wishes import Delivery
from tests.support import pictures
from tests.support.chat_door import BEN, BOT, FILE, GROUP, SIZES, ChatDoor, message
from tests.support.fakes import SharedBoard, World, storage_down

RESULT = message(sender=BOT, photo=SIZES, message_id=900)


@pytest.fixture
def door():
    return ChatDoor()


def others(door, job):
    return [one for one in door.jobs if one.id != job.id]


def labels(markup):
    return [one.text for row in markup.inline_keyboard for one in row] if markup else []


async def test_a_result_can_be_compared_with_what_was_sent_in_one_picture_and_as_an_album(door):
    job = await door.done()
    await door.press(job_data("compare", job.id, "1"), on=RESULT)
    (call,) = [call for call in door.session.calls if call.method == "sendMediaGroup"]
    both, before, after = (pictures.opened(upload.content) for upload in call.uploads)
    assert before.size == (64, 48)
    assert after.size == (32, 24)
    assert both.height == 24
    assert both.width > 32 + 32
    assert call.params["reply_parameters"]["message_id"] == 900
    assert text("one_moment", "en") in door.said


async def test_the_original_file_is_uploaded_once_under_a_speaking_name(door):
    job = await door.done("upscale")
    sent = message(sender=BOT, document=FILE, message_id=901)
    door.session.succeed(True)  # the toast
    door.session.succeed(sent)
    await door.press(job_data("file", job.id, "1"), on=RESULT)
    await door.press(job_data("file", job.id, "1"), on=RESULT)
    first, second = [call for call in door.session.calls if call.method == "sendDocument"]
    ((upload,),) = [call.uploads for call in (first,)]
    assert upload.name == f"upscale_2026-11-21_{job.code}.png"
    assert upload.content == door.world.store.objects[job.files[0].key].body
    assert (second.params["document"], second.uploads) == ("document-1", ())


@pytest.mark.parametrize("action", ["compare", "file"])
async def test_a_picture_that_is_no_longer_kept_is_said_to_be_gone(door, action):
    job = await door.done()
    await door.world.store.delete([job.files[0].key])
    await door.press(job_data(action, job.id, "1"), on=RESULT)
    assert door.said[-1] == text("picture_gone", "en")


@pytest.mark.parametrize("action", ["compare", "file"])
async def test_while_the_storage_is_away_the_person_is_told_to_press_again(door, action):
    job = await door.done()
    door.world.faults.fail("store.stream", storage_down)
    await door.press(job_data(action, job.id, "1"), on=RESULT)
    assert door.said[-1] == text("storage_away", "en")


async def test_again_is_another_job_on_the_same_picture_and_a_press_delivered_twice_is_one(door):
    job = await door.done("edit make it blue")
    for _ in range(2):
        await door.press(job_data("again", job.id), on=RESULT)
    (other,) = others(door, job)
    assert (other.preset, other.prompt, other.inputs[0].key) == (job.preset, job.prompt, job.inputs[0].key)
    assert other.slots[0].seed != job.slots[0].seed
    assert door.said == [text("again_started", "en")] * 2


@pytest.mark.parametrize("action", ["again", "vary", "with:upscale", "do:1.upscale"])
@pytest.mark.parametrize("processes", [1, 2])
async def test_a_finger_that_slips_makes_one_job_whichever_process_hears_of_it(processes, action):
    """Each tap is a press of its own, and each was a job, paid for."""
    world = World()
    board = SharedBoard(world.clock)
    doors = [ChatDoor(world, notes=board) for _ in range(processes)]
    job = await doors[0].done()
    name, _, arg = action.partition(":")
    for number in range(2):
        await doors[-number].press(job_data(name, job.id, arg), on=RESULT, query_id=f"q{number}")
    assert len(others(doors[0], job)) == 1
    assert doors[-1].said[-1] in (text("again_started", "en"), text("on_it", "en"))


async def test_who_presses_again_after_a_while_wants_another_one(door):
    job = await door.done()
    for number in range(3):
        await door.press(job_data("again", job.id), on=RESULT, query_id=f"q{number}")
        door.world.clock.advance(4)
    await door.press(job_data("again", job.id), on=RESULT, query_id="q2")  # which is delivered twice
    assert len(others(door, job)) == 3


async def test_another_button_right_after_is_no_slip(door):
    job = await door.done()
    for number, tool in enumerate(("upscale", "faces")):
        await door.press(job_data("with", job.id, tool), on=RESULT, query_id=f"q{number}")
    assert len(others(door, job)) == 2


async def test_more_offers_all_tools_last_used_first_and_works_on_the_result(door):
    job = await door.done("faces")
    await door.press(job_data("more", job.id, "1"), on=RESULT)
    assert next(iter(door.buttons)) == "🙂 Fix faces"
    await door.press(door.buttons["🔍 Upscale"], on=RESULT)
    (other,) = others(door, job)
    assert (other.preset, other.inputs[0].key) == ("upscale", job.files[0].key)
    assert text("on_it", "en") in door.said
    assert text("do_more", "en") in door.buttons  # the buttons are what they were
    assert (await door.people.load("tg-7")).recent_presets == ("upscale", "faces")


async def test_the_way_back_leads_to_the_usual_buttons(door):
    job = await door.done()
    await door.press(job_data("more", job.id, "1"), on=RESULT)
    await door.press(door.buttons[text("back", "en")], on=RESULT)
    assert text("compare", "en") in door.buttons
    assert others(door, job) == []


async def test_of_several_results_each_has_its_own_buttons(door):
    await door.press("s1:variations:3")
    job = await door.done("edit make it blue")
    assert len(job.files) == 3
    assert labels(results_keyboard(job))[:3] == ["✨ 1", "✨ 2", "✨ 3"]
    await door.press(job_data("result", job.id, "2"), on=RESULT)
    await door.press(door.buttons[text("do_more", "en")], on=RESULT)
    await door.press(door.buttons["🔍 Upscale"], on=RESULT)
    (other,) = others(door, job)
    assert other.inputs[0].key == job.files[1].key
    await door.press(door.buttons[text("back", "en")], on=RESULT)
    assert list(door.buttons)[:3] == ["✨ 1", "✨ 2", "✨ 3"]


async def test_a_result_is_deleted_with_the_second_tap_here_and_in_the_storage(door):
    job = await door.done()
    await door.press(job_data("bin", job.id, "1"), on=RESULT)
    assert job.id in {one.id for one in door.jobs}
    await door.press(door.buttons[text("keep_it", "en")], on=RESULT)
    await door.press(job_data("bin", job.id, "1"), on=RESULT)
    await door.press(door.buttons[text("delete_for_good", "en")], on=RESULT)
    assert door.jobs == []
    assert door.world.store.keys("images") == []
    (call,) = [call for call in door.session.calls if call.method == "deleteMessages"]
    assert set(call.params["message_ids"]) == {900, *job.message_ids}
    await door.press(job_data("again", job.id), on=RESULT)
    assert door.said[-1] == text("job_gone", "en")


async def test_nobody_else_gets_at_a_result(door):
    job = await door.done(chat=GROUP, caption="@a_bot")
    quoted = message(chat=GROUP, photo=SIZES)
    result = message(sender=BOT, chat=GROUP, photo=SIZES, message_id=900, reply_to_message=quoted)
    for action in ("compare", "file", "again", "more", "bin", "delete"):
        await door.press(job_data(action, job.id, "1"), sender=BEN, on=result)
    assert door.said == [text("not_yours", "en", name="Anna")] * 6
    await door.press(job_data("delete", job.id, "1"), sender=BEN, on=message(sender=BOT, chat=GROUP, text="x"))
    assert door.said[-1] == text("not_yours_unnamed", "en")
    assert len(door.jobs) == 1


FORUM = GROUP | {"id": -1001, "is_forum": True}
IN_TOPIC = {"chat": FORUM, "message_thread_id": 77, "is_topic_message": True}
MOVED_TO = -1009001


@pytest.fixture
async def shown_to_a_group(door):
    """A result that a topic of a group has seen; its card is in the private chat, as `RESULT` is."""
    return await door.done(caption="@a_bot", **IN_TOPIC)


@pytest.mark.parametrize("action", ["again", "vary", "do:1.upscale", "with:upscale"])
async def test_what_is_wished_for_in_private_is_answered_in_private(door, shown_to_a_group, action):
    """The group would have read along, and the answer would have quoted some message of its own."""
    name, _, arg = action.partition(":")
    await door.press(job_data(name, shown_to_a_group.id, arg), on=RESULT)
    (other,) = others(door, shown_to_a_group)
    place = other.origin
    assert (place.chat_id, place.thread_id, place.message_id) == (7, None, None)


async def test_so_is_a_reply_to_the_card(door, shown_to_a_group):
    rows = outcome_keyboard(shown_to_a_group).model_dump(mode="json", exclude_none=True)
    await door.message(text="upscale", message_id=31, reply_to_message=RESULT | {"reply_markup": rows})
    (other,) = others(door, shown_to_a_group)
    place = other.origin
    assert (place.chat_id, place.thread_id, place.message_id) == (7, None, 31)


async def test_what_is_tried_again_smaller_is_answered_where_it_was_pressed(door):
    door.world.photos.bodies["photo-1280"] = pictures.jpeg(1000, 800)
    job = await door.done(caption="@a_bot", error="CUDA out of memory", **IN_TOPIC)
    on = message(sender=BOT, text="too large", message_id=900, **IN_TOPIC)
    await door.press(job_data("shrink", job.id), on=on)
    await door.press(job_data("shrink", job.id), on=RESULT, query_id="q2")
    places = {(other.origin.chat_id, other.origin.thread_id) for other in others(door, job)}
    assert places == {(-1001, 77), (7, None)}


async def test_in_the_group_it_is_answered_in_its_topic_and_quotes_the_photo(door, shown_to_a_group):
    on = message(sender=BOT, photo=SIZES, message_id=900, **IN_TOPIC)
    await door.press(job_data("again", shown_to_a_group.id), on=on)
    (other,) = others(door, shown_to_a_group)
    before, place = shown_to_a_group.origin, other.origin
    assert (place.chat_id, place.thread_id, place.message_id) == (-1001, 77, before.message_id)


@pytest.mark.parametrize(("action", "method"), [("compare", "sendMediaGroup"), ("file", "sendDocument")])
async def test_a_topic_of_the_group_means_nothing_in_private(door, shown_to_a_group, action, method):
    """Telegram refuses such a message, and the person saw nothing but "One moment"."""
    if action == "file":
        door.session.succeed(True)  # the toast
        door.session.succeed(message(sender=BOT, document=FILE, message_id=901))
    await door.press(job_data(action, shown_to_a_group.id, "1"), on=RESULT)
    (call,) = [call for call in door.session.calls if call.method == method]
    assert call.params["chat_id"] == 7
    assert "message_thread_id" not in call.params


def taken_back(door):
    calls = [call.params for call in door.session.calls if call.method == "deleteMessages"]
    return {params["chat_id"]: set(params["message_ids"]) for params in calls}


async def test_deleting_from_a_card_deletes_what_the_group_saw_and_nothing_else_in_private(door, shown_to_a_group):
    """The numbers of the group's messages are those of other messages here."""
    assert shown_to_a_group.message_ids
    await door.press(job_data("delete", shown_to_a_group.id, "1"), on=RESULT)
    assert taken_back(door) == {-1001: set(shown_to_a_group.message_ids), 7: {900}}
    assert door.said == [text("deleted", "en")]
    assert door.jobs == []


async def test_what_telegram_does_not_take_back_is_not_said_to_be_gone(door, shown_to_a_group):
    door.session.refuse(403, "Forbidden: bot was kicked from the supergroup chat")
    await door.press(job_data("delete", shown_to_a_group.id, "1"), on=RESULT)
    assert taken_back(door).keys() == {-1001, 7}
    assert door.said == [text("deleted_but_shown", "en")]
    assert door.jobs == []


async def test_nor_is_what_is_too_old_for_that(door):
    job = await door.done()
    door.world.clock.advance(48 * 3600)
    await door.press(job_data("delete", job.id, "1"), on=RESULT)
    assert door.said == [text("deleted_but_shown", "en")]


async def test_after_a_group_has_moved_its_old_numbers_are_used_no_more(door):
    job = await door.done(caption="@a_bot", chat=GROUP)
    moved = replace(job, origin=replace(job.origin, moved_to=MOVED_TO))  # before it was told
    door.world.store.put_now(object_keys.job(job.id), dump_job(moved))
    await door.repository.fresh(job.id)
    on = message(sender=BOT, photo=SIZES, message_id=900, chat=GROUP | {"id": MOVED_TO})
    await door.press(job_data("again", job.id), on=on)
    (other,) = others(door, moved)
    place = other.origin
    assert (place.chat_id, place.speaks_in, place.message_id) == (MOVED_TO, MOVED_TO, None)
    await door.press(job_data("delete", job.id, "1"), on=on)
    assert taken_back(door) == {MOVED_TO: {900, *job.message_ids}}


async def test_what_still_runs_cannot_be_deleted(door):
    await door.message(photo=SIZES)
    (job,) = door.jobs
    door.forget()
    await door.press(job_data("delete", job.id), on=RESULT)
    assert door.said == [text("job_gone", "en")]
    assert len(door.jobs) == 1


@pytest.mark.parametrize("arg", ["0", "2", "x", "", "-1", "99999999"])
async def test_a_result_that_there_is_not_is_said_to_be_gone(door, arg):
    job = await door.done()
    await door.press(job_data("compare", job.id, arg), on=RESULT)
    assert door.said == [text("job_gone", "en")]


async def test_a_tool_that_is_no_longer_offered_is_said_to_be_gone(door):
    job = await door.done()
    for action, arg in (("do", "1.gone"), ("with", "gone")):
        await door.press(job_data(action, job.id, arg), on=RESULT)
    assert door.said == [text("preset_gone", "en")] * 2


@pytest.mark.parametrize(
    ("error", "buttons"),
    [
        ("CUDA out of memory", ["shrink_and_retry", "another_tool"]),
        ("NSFW content detected", ["another_tool"]),
        ("No face detected", ["another_tool"]),
        ("something odd", ["try_again", "another_tool"]),
    ],
)
async def test_each_failure_has_the_buttons_that_help(door, error, buttons):
    job = await door.done(error=error)
    assert job.status is JobStatus.FAILED
    assert labels(outcome_keyboard(job)) == [text(name, "en") for name in buttons]


async def test_a_failed_job_is_tried_again_on_what_was_sent(door):
    job = await door.done(error="something odd")
    await door.press(job_data("again", job.id), on=RESULT)
    (other,) = others(door, job)
    assert (other.preset, other.inputs[0].key) == (job.preset, job.inputs[0].key)


async def test_another_tool_works_on_what_was_sent(door):
    job = await door.done(error="No face detected")
    await door.press(job_data("tools", job.id), on=RESULT)
    await door.press(door.buttons["🔍 Upscale"], on=RESULT)
    (other,) = others(door, job)
    assert (other.preset, other.inputs[0].key) == ("upscale", job.inputs[0].key)


@pytest.mark.parametrize(
    ("sent", "tried"),
    [((3000, 1500), (1500, 750)), ((5000, 2500), (2048, 1024)), ((1280, 960), (640, 480)), ((640, 480), (320, 240))],
)
async def test_a_picture_too_large_for_the_model_is_tried_again_with_half_its_sides(door, sent, tried):
    """Telegram's own photos have 1280 pixels: a limit alone would have the very same paid for once more."""
    door.world.photos.bodies["photo-1280"] = pictures.jpeg(*sent)
    job = await door.done("edit make it blue", error="CUDA out of memory")
    for _ in range(2):
        await door.press(job_data("shrink", job.id), on=RESULT)
    (other,) = others(door, job)
    stored = door.world.store.objects[other.inputs[0].key].body
    assert pictures.opened(stored).size == tried
    assert other.inputs[0].key == object_keys.input_image(other.id, 0, "jpg")
    assert (other.preset, other.prompt) == (job.preset, job.prompt)


@pytest.mark.parametrize("sent", [(639, 400), (1100, 60)])
async def test_a_picture_that_is_small_already_is_not_paid_for_once_more(door, sent):
    door.world.photos.bodies["photo-1280"] = pictures.jpeg(*sent)
    job = await door.done(error="CUDA out of memory")
    await door.press(job_data("shrink", job.id), on=RESULT)
    assert door.said == [text("small_already", "en")]
    assert others(door, job) == []


async def test_of_several_pictures_those_that_are_large_are_shrunk(door):
    """Such as a garment beside a person."""
    door.world.photos.bodies["photo-1280"] = pictures.jpeg(200, 150)
    small = await door.done()
    door.world.photos.bodies["photo-1280"] = pictures.jpeg(1000, 800)
    large = await door.done(message_id=6, error="CUDA out of memory")
    both = replace(large, inputs=(*large.inputs, *small.inputs))
    door.world.store.put_now(object_keys.job(large.id), dump_job(both))
    await door.repository.fresh(large.id)
    before = {job.id for job in door.jobs}
    await door.press(job_data("shrink", large.id), on=RESULT)
    (other,) = [job for job in door.jobs if job.id not in before]
    assert other.inputs[0].key == object_keys.input_image(other.id, 0, "jpg")
    assert other.inputs[1].key == small.inputs[0].key


async def test_what_is_tried_again_comes_in_the_way_that_was_chosen_meanwhile(door):
    door.world.photos.bodies["photo-1280"] = pictures.jpeg(1000, 800)
    job = await door.done(error="CUDA out of memory")
    await door.press("s1:delivery:file")
    await door.press(job_data("shrink", job.id), on=RESULT)
    (other,) = others(door, job)
    assert other.origin.delivery is Delivery.FILE


async def test_shrinking_what_is_no_longer_kept_says_so(door):
    job = await door.done(error="CUDA out of memory")
    await door.world.store.delete([job.inputs[0].key])
    await door.press(job_data("shrink", job.id), on=RESULT)
    assert door.said == [text("picture_gone", "en")]


async def test_somebody_can_report_a_failure_and_gets_the_code(door):
    job = await door.done(error="something odd")
    await door.press(job_data("report", job.id), on=RESULT)
    assert door.said == [text("reported", "en", code=job.code)]


async def test_results_come_in_the_way_that_was_chosen_and_a_file_needs_no_button_for_it(door):
    await door.press("s1:delivery:file")
    job = await door.done()
    assert job.origin.delivery is Delivery.FILE
    assert text("original_file", "en") not in labels(outcome_keyboard(job))
