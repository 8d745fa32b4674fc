"""A picture becomes a job: which one, for whom, and what its caption asks for."""

import pytest

from tests.support.chat_door import ANNA, BEN, BOT, FILE, GROUP, SIZES, ChatDoor, message
from tests.support.fakes import SharedBoard, World


@pytest.fixture
def door():
    return ChatDoor()


async def test_a_photo_is_a_job_with_its_largest_size(door):
    await door.message(photo=SIZES, caption="make it warm")
    (job,) = door.jobs
    assert [(image.file_id, image.size, image.as_file) for image in job.inputs] == [("photo-1280", 12_800, False)]
    assert (job.prompt, job.preset, len(job.slots)) == ("make it warm", "restore", 1)
    origin = job.origin
    assert (origin.user, origin.chat_id, origin.message_id, origin.update_id) == ("tg-7", 7, 5, 100)
    assert (origin.locale, origin.thread_id) == ("en", None)
    assert door.said == []  # the status message is the job's own
    assert door.reactions == [(5, "👀")]


async def test_the_same_update_again_is_the_same_job_with_the_same_seed(door):
    await door.message(photo=SIZES, caption="edit the sky")
    (before,) = door.jobs
    await door.message(photo=SIZES, caption="edit the sky", update_id=101)
    (after,) = door.jobs
    assert after == before
    assert before.slots[0].seed is not None


TWICE = [SIZES[2] | {"file_unique_id": "the same"}]


async def test_the_same_photo_twice_within_seconds_is_one_job(door):
    await door.message(photo=TWICE)
    await door.message(photo=TWICE, message_id=6)
    assert len(door.jobs) == 1
    assert door.reactions == [(5, "👀"), (6, "👀")]


async def test_the_same_photo_after_another_tool_was_chosen_is_meant(door):
    await door.message(photo=TWICE)
    await door.message(text="/upscale", message_id=6)
    await door.message(photo=TWICE, message_id=7)
    assert sorted(job.preset for job in door.jobs) == ["restore", "upscale"]


@pytest.mark.parametrize("change", [{"caption": "upscale"}, {"caption": "more light"}, {"sender": BEN}])
async def test_the_same_photo_for_another_wish_or_from_somebody_else_is_another_job(door, change):
    await door.message(photo=TWICE)
    await door.message(photo=TWICE, message_id=6, **change)
    assert len(door.jobs) == 2


async def test_the_same_photo_after_the_first_was_stopped_is_meant(door):
    await door.message(photo=TWICE)
    await door.process.run_ready()
    await door.message(text="/cancel", message_id=6)
    for message_id in (7, 8):
        await door.message(photo=TWICE, message_id=message_id)
    assert sorted(job.cancel_requested for job in door.jobs) == [False, True]


async def test_the_same_words_in_reply_to_two_photos_are_two_wishes(door):
    for message_id in (1, 2):
        photo = message(photo=SIZES, message_id=message_id, sender=BEN)
        await door.message(text="upscale", message_id=message_id + 10, reply_to_message=photo)
    assert len(door.jobs) == 2


async def test_the_same_photo_a_little_later_is_meant(door):
    await door.message(photo=TWICE)
    door.world.clock.advance(11)
    await door.message(photo=TWICE, message_id=6)
    assert len(door.jobs) == 2


async def test_the_same_photo_twice_is_one_job_whichever_process_hears_of_it():
    world = World()
    board = SharedBoard(world.clock)
    for message_id, door in enumerate((ChatDoor(world, notes=board), ChatDoor(world, notes=board)), 5):
        await door.message(photo=TWICE, message_id=message_id)
        assert door.reactions == [(message_id, "👀")]
    assert len(door.jobs) == 1


async def test_an_album_may_have_the_same_photo_twice(door):
    for message_id in (5, 6):
        await door.message(photo=TWICE, message_id=message_id, media_group_id="a")
    assert [len(job.inputs) for job in door.jobs] == [2]


async def test_the_same_message_number_in_another_chat_is_another_job(door):
    await door.message(photo=SIZES)
    await door.message(photo=SIZES, chat=GROUP, caption="@a_bot")
    assert len({job.id for job in door.jobs}) == 2


@pytest.mark.parametrize(
    "document",
    [
        {"mime_type": "image/png", "file_name": "scan.png"},
        {"mime_type": "image/heic"},
        {"mime_type": "application/octet-stream", "file_name": "IMG_1.HEIC"},
        {"file_name": "photo.JPeG"},
        {"file_name": "фото.tiff", "mime_type": ""},
    ],
)
async def test_an_image_as_a_file_is_a_job_by_its_type_or_its_name(door, document):
    await door.message(document=FILE | document)
    (job,) = door.jobs
    assert [(image.file_id, image.size, image.as_file) for image in job.inputs] == [("document-1", 5000, True)]


async def test_a_still_sticker_and_the_still_of_a_live_photo_are_pictures(door):
    sticker = FILE | {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
    await door.message(sticker=sticker)
    live = {"file_id": "video", "file_unique_id": "v", "width": 9, "height": 9, "duration": 2, "photo": SIZES}
    await door.message(live_photo=live, message_id=6)
    assert {job.inputs[0].file_id for job in door.jobs} == {"document-1", "photo-1280"}


@pytest.mark.parametrize("moves", ["is_animated", "is_video"])
async def test_a_sticker_that_moves_is_no_picture(door, moves):
    sticker = FILE | {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
    await door.message(sticker=sticker | {moves: True})
    assert door.jobs == []
    assert len(door.said) == 1


@pytest.mark.parametrize(
    ("caption", "preset", "prompt"),
    [
        ("upscale", "upscale", ""),
        ("Upscale, please", "upscale", "please"),
        ("/upscale", "upscale", ""),
        ("увеличь", "upscale", ""),
        ("ampliar a foto", "upscale", "a foto"),
        ("확대", "upscale", ""),
        ("edit make the sky red", "edit", "make the sky red"),
        ("edit: more light", "edit", "more light"),
        ("/try_on  a red coat", "try_on", "a red coat"),
        ("upscaling is fun", "restore", "upscaling is fun"),
        ("make the sky red", "restore", "make the sky red"),
        ("", "restore", ""),
        (None, "restore", ""),
        ("\ud800 broken", "restore", "? broken"),
    ],
)
async def test_the_first_word_of_the_caption_may_name_a_preset_in_any_language(door, caption, preset, prompt):
    await door.message(photo=SIZES, caption=caption)
    (job,) = door.jobs
    assert (job.preset, job.prompt) == (preset, prompt)


async def test_a_photo_without_words_is_for_the_chosen_preset(door):
    await door.message(text="/upscale")
    await door.message(photo=SIZES)
    await door.message(photo=SIZES, caption="faces", message_id=6)
    assert {job.preset for job in door.jobs} == {"upscale", "faces"}


async def test_a_chosen_preset_that_is_no_longer_on_offer_gives_way_to_the_houses(door):
    await door.press("s1:tool:gone")
    await door.message(photo=SIZES)
    assert [job.preset for job in door.jobs] == ["restore"]


async def test_what_was_used_is_remembered_last_used_first_and_written_only_when_it_changes(door):
    for number, caption in enumerate(("upscale", "faces", "faces")):
        await door.message(photo=SIZES, caption=caption, message_id=10 + number)
    assert (await door.people.load("tg-7")).recent_presets == ("faces", "upscale")
    writes = door.world.faults.calls["store.put"]
    await door.message(photo=SIZES, caption="faces", message_id=20)
    assert door.world.faults.calls["store.put"] - writes == 2  # the job and its marker


async def test_a_photo_without_words_costs_no_more_than_its_job_and_the_marker(door):
    await door.message(photo=SIZES)
    calls = door.world.faults.calls
    assert (calls["store.put"], calls["store.get"]) == (2, 0)
    assert (await door.people.load("tg-7")).recent_presets == ()


async def test_a_person_who_is_known_costs_no_reading(door):
    await door.message(photo=SIZES, caption="faces")
    reads = door.world.faults.calls["store.get"]
    await door.message(photo=SIZES, caption="faces", message_id=6)
    assert door.world.faults.calls["store.get"] == reads


async def test_a_topic_is_remembered_and_a_reply_thread_is_none(door):
    await door.message(photo=SIZES, chat=GROUP, caption="@a_bot", message_thread_id=33, is_topic_message=True)
    await door.message(photo=SIZES, chat=GROUP, caption="@a_bot", message_thread_id=44, message_id=6)
    assert {job.origin.thread_id for job in door.jobs} == {33, None}


async def test_an_album_is_one_job_and_another_album_another_one(door):
    for message_id, group in ((5, "a"), (6, "a"), (7, "b")):
        await door.message(photo=SIZES, message_id=message_id, media_group_id=group, update_id=message_id)
    assert sorted([image.message_id for image in job.inputs] for job in door.jobs) == [[5, 6], [7]]
    assert {job.album for job in door.jobs} == {"a", "b"}


async def test_an_album_with_the_same_number_in_another_chat_is_another_job(door):
    await door.message(photo=SIZES, media_group_id="a")
    await door.message(photo=SIZES, media_group_id="a", chat=GROUP, caption="@a_bot")
    assert len(door.jobs) == 2


OURS = message(sender=BOT, chat=GROUP, text="a result", message_id=3)
THEIRS = message(sender=BEN, chat=GROUP, photo=SIZES, message_id=4)


@pytest.mark.parametrize(
    "content",
    [
        {"photo": SIZES},
        {"photo": SIZES, "caption": "upscale"},
        {"photo": SIZES, "caption": "@somebody look"},
        {"photo": SIZES, "caption": "/upscale@other_bot"},
        {"photo": SIZES, "reply_to_message": THEIRS},
        {"text": "hello"},
        {"text": "/start@other_bot"},
        {"text": "/of_another_bot"},
        {"text": "nice", "reply_to_message": THEIRS},
        {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 1}},
    ],
    ids=lambda content: str(content)[:60],
)
async def test_in_a_group_the_bot_is_silent_unless_asked_and_looks_nobody_up(door, content):
    await door.message(chat=GROUP, **content)
    assert (door.jobs, door.said, door.reactions) == ([], [], [])
    assert door.world.faults.calls["store.get"] == 0


@pytest.mark.parametrize(
    ("content", "preset", "prompt"),
    [
        ({"caption": "@a_bot"}, "restore", ""),
        ({"caption": "@A_BOT upscale"}, "upscale", ""),
        ({"caption": "edit 🌅 this @a_bot please"}, "edit", "🌅 this please"),
        ({"caption": "\ud800 @a_bot"}, "restore", "?"),
        ({"caption": "/upscale"}, "upscale", ""),
        ({"caption": "/upscale@a_bot"}, "upscale", ""),
        ({"reply_to_message": OURS}, "restore", ""),
    ],
    ids=str,
)
async def test_in_a_group_a_picture_counts_when_the_bot_is_mentioned_commanded_or_replied_to(
    door, content, preset, prompt
):
    await door.message(chat=GROUP, photo=SIZES, **content)
    (job,) = door.jobs
    assert (job.preset, job.prompt, job.origin.chat_id) == (preset, prompt, GROUP["id"])


async def test_a_person_without_a_public_name_can_be_mentioned_too(door):
    mention = {"type": "text_mention", "offset": 0, "length": 3, "user": BOT}
    await door(message=message(chat=GROUP, photo=SIZES) | {"caption": "Bot", "caption_entities": [mention]})
    assert len(door.jobs) == 1


async def test_everybody_is_remembered_in_the_language_of_their_app(door):
    await door.message(photo=SIZES, sender=ANNA | {"language_code": "ko"})
    assert door.jobs[0].origin.locale == "ko"


async def test_a_message_without_a_person_behind_it_is_ignored(door):
    await door.message(photo=SIZES, sender=None, chat={"id": -5, "type": "channel", "title": "C"})
    assert (door.jobs, door.said) == ([], [])
