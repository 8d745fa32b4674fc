"""What a person's update becomes: a job, an answer, or silence. Fed as Telegram sends it, recorded in memory."""

import pytest

from bot.telegram.handlers import ChatRules, build_dispatcher
from bot.telegram.intake import UpdateIntake
from bot.telegram.talk import Talk
from bot.telegram.texts import EN, KO, RU
from storage import object_keys
from storage.events import OutcomeDecided
from storage.job import JobStatus
from storage.records import load_job
from tests.support.fakes import BEGIN, PRESETS, World
from tests.support.recording_bot import TOKEN, recording_bot

BOT_ID = int(TOKEN.partition(":")[0])
ANNA = {"id": 7, "is_bot": False, "first_name": "Anna", "language_code": "en"}
SIZES = [
    {"file_id": f"photo-{side}", "file_unique_id": f"u{side}", "width": side, "height": side, "file_size": side * 10}
    for side in (90, 320, 1280)
]
FILE = {"file_id": "document-1", "file_unique_id": "d1", "file_size": 5000}


class Door:
    """The dispatcher on fakes: `await door(message=...)` is an update, `door.said` what the bot answered."""

    def __init__(self, **rules):
        self.world = World()
        process = self.world.start()
        self.background, self.repository = process.background, process.repository
        self.bot, self.session = recording_bot()
        defaults = {"bot_id": BOT_ID, "default_locale": "en", "preset": "restore", "max_image_mb": 20}
        dispatcher = build_dispatcher(process.service, ChatRules(**defaults | rules), Talk(self.background))
        self.intake = UpdateIntake(self.bot, dispatcher, self.repository, self.world.chat)

    async def __call__(self, update_id=100, **content):
        await self.intake.take({"update_id": update_id, **content})
        await self.background.drain(1)
        assert self.world.chat.alerts == [], self.world.store.keys("poison")

    async def message(self, *, message_id=5, chat=None, sender=ANNA, update_id=100, **content):
        head = {"message_id": message_id, "date": 1_790_000_000, "chat": chat or {"id": 7, "type": "private"}}
        await self(update_id, message=head | ({"from": sender} if sender else {}) | content)

    async def press(self, data, *, sender=ANNA):
        await self(callback_query={"id": "q1", "from": sender, "chat_instance": "c", "data": data})

    @property
    def said(self):
        return [call.params.get("text") for call in self.session.calls]

    @property
    def jobs(self):
        keys = self.world.store.keys(object_keys.JOBS)
        return [load_job(self.world.store.objects[key].body, key) for key in keys]


@pytest.fixture
def door():
    return Door()


GROUP = {"id": -100, "type": "supergroup", "title": "G"}


async def test_a_photo_is_a_job_with_its_largest_size(door):
    await door.message(photo=SIZES, caption="make it warm")
    (job,) = door.jobs
    assert [(image.file_id, image.size, image.as_file) for image in job.inputs] == [("photo-1280", 12_800, False)]
    assert (job.prompt, job.preset, len(job.slots)) == ("make it warm", "restore", 1)
    origin = job.origin
    assert (origin.user, origin.chat_id, origin.message_id, origin.update_id) == ("tg-7", 7, 5, 100)
    assert (origin.locale, origin.thread_id) == ("en", None)
    assert door.said == []  # the status message is the job's own


async def test_the_same_update_again_is_the_same_job(door):
    await door.message(photo=SIZES)
    (before,) = door.jobs
    await door.message(photo=SIZES, update_id=101)
    (after,) = door.jobs
    assert after == before


async def test_the_same_message_number_in_another_chat_is_another_job(door):
    await door.message(photo=SIZES)
    await door.message(photo=SIZES, chat=GROUP)
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


@pytest.mark.parametrize(
    "content",
    [
        {"text": "hello"},
        {"document": FILE | {"mime_type": "application/pdf", "file_name": "a.pdf"}},
        {"document": FILE | {"file_name": "jpg"}},
        {"document": FILE},
        {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 1}},
        {"location": {"latitude": 1.0, "longitude": 2.0}},
        {"text": "/unknown", "entities": [{"type": "bot_command", "offset": 0, "length": 8}]},
    ],
    ids=lambda content: str(content)[:40],
)
async def test_anything_else_gets_a_hint_in_a_private_chat_and_silence_in_a_group(door, content):
    await door.message(**content)
    assert door.said == [EN["send_a_photo"]]
    await door.message(**content, chat=GROUP)
    assert len(door.said) == 1
    assert door.jobs == []


@pytest.mark.parametrize(("command", "words"), [("/start", EN["start"]), ("/start payload", EN["start"])])
async def test_start_greets(door, command, words):
    await door.message(text=command, entities=[{"type": "bot_command", "offset": 0, "length": 6}])
    assert door.said == [words]


async def test_help_names_the_limit():
    door = Door(max_image_mb=12)
    await door.message(text="/help", entities=[{"type": "bot_command", "offset": 0, "length": 5}])
    assert door.said == [EN["help"].format(max_mb=12)]


@pytest.mark.parametrize(("tag", "words"), [("ru", RU), ("ko", KO), ("de", EN), (None, EN)])
async def test_everybody_is_spoken_to_in_their_language(door, tag, words):
    sender = {k: v for k, v in (ANNA | {"language_code": tag}).items() if v is not None}
    await door.message(text="hello", sender=sender)
    await door.message(photo=SIZES, sender=sender)
    assert door.said == [words["send_a_photo"]]
    assert door.jobs[0].origin.locale == {RU["start"]: "ru", KO["start"]: "ko"}.get(words["start"], "en")


async def test_the_default_language_is_the_settings():
    door = Door(default_locale="ko")
    await door.message(text="hello", sender=ANNA | {"language_code": "de"})
    assert door.said == [KO["send_a_photo"]]


async def test_a_topic_is_remembered_and_a_reply_thread_is_none(door):
    await door.message(photo=SIZES, chat=GROUP, message_thread_id=33, is_topic_message=True)
    await door.message(photo=SIZES, chat=GROUP, message_thread_id=44, message_id=6)
    assert {job.origin.thread_id for job in door.jobs} == {33, None}


async def test_a_stranger_is_told_off_in_private_and_ignored_in_a_group_and_makes_no_job():
    door = Door(allowed_ids={1})
    await door.message(photo=SIZES)
    assert door.said == [EN["not_allowed"]]
    await door.message(photo=SIZES, chat=GROUP)
    await door.message(document=FILE | {"mime_type": "image/png"}, chat=GROUP)
    assert len(door.said) == 1
    assert door.jobs == []


async def test_who_is_on_the_list_is_served():
    door = Door(allowed_ids={1, 7})
    await door.message(photo=SIZES)
    assert len(door.jobs) == 1


async def test_a_message_without_a_person_behind_it_is_ignored(door):
    await door.message(photo=SIZES, sender=None, chat={"id": -5, "type": "channel", "title": "C"})
    assert (door.jobs, door.said) == ([], [])


def button(job_id, action="cancel"):
    return f"j1:{action}:{job_id.replace('-', '')}"


async def test_the_cancel_button_cancels_and_answers_its_press(door):
    await door.message(photo=SIZES)
    await door.press(button(door.jobs[0].id))
    assert door.jobs[0].cancel_requested
    assert (door.session.methods, door.said) == (["answerCallbackQuery"], [EN["canceling"]])


async def test_a_second_press_does_no_harm(door):
    await door.message(photo=SIZES)
    for _ in range(2):
        await door.press(button(door.jobs[0].id))
    assert door.said == [EN["canceling"]] * 2


async def test_a_press_after_the_end_says_so_and_changes_nothing(door):
    await door.message(photo=SIZES)
    ended = OutcomeDecided(JobStatus.COMPLETED, BEGIN)
    await door.repository.change(door.jobs[0].id, [ended], BEGIN)
    before = door.jobs
    await door.press(button(before[0].id))
    assert door.said[-1] == EN["already_finished"]
    assert door.jobs == before


async def test_nobody_cancels_the_job_of_somebody_else(door):
    await door.message(photo=SIZES, chat=GROUP)
    await door.press(button(door.jobs[0].id), sender=ANNA | {"id": 8})
    assert not door.jobs[0].cancel_requested
    assert door.said == [EN["old_button"]]


@pytest.mark.parametrize(
    "data",
    [
        "j1:cancel:" + "0" * 32,
        "j1:cancel:nonsense",
        "j1:cancel:../../jobs/x",
        "j1:cancel:",
        "j0:cancel:" + "0" * 32,
        "j1:cancel",
        "j1:cancel:a:b",
        "anything",
        "ключ",
    ],
)
async def test_a_button_of_another_version_or_of_nobody_is_answered(door, data):
    await door.press(data)
    assert door.said == [EN["old_button"]]


async def test_updates_of_kinds_without_a_handler_are_not_even_asked_for(door):
    assert set(door.intake.update_types) == {"message", "callback_query", "my_chat_member"}


@pytest.mark.parametrize(
    ("caption", "preset", "prompt"),
    [
        ("upscale", "upscale", ""),
        ("Upscale it well", "upscale", "it well"),
        ("/try_on  a red coat", "try_on", "a red coat"),
        ("edit: more light", "edit", "more light"),
        ("upscaling is fun", "restore", "upscaling is fun"),
        (None, "restore", ""),
    ],
)
async def test_the_first_word_of_a_caption_may_name_what_to_do(caption, preset, prompt):
    door = Door(presets=PRESETS)
    await door.message(photo=SIZES, **({"caption": caption} if caption else {}))
    (job,) = door.jobs
    assert (job.preset, job.prompt) == (preset, prompt)


async def test_an_album_is_one_job_and_another_albums_is_another(door):
    for message_id, group in ((5, "a"), (6, "a"), (7, "b")):
        await door.message(photo=SIZES, message_id=message_id, media_group_id=group, update_id=message_id)
    assert sorted([image.message_id for image in job.inputs] for job in door.jobs) == [[5, 6], [7]]
    assert {job.album for job in door.jobs} == {"a", "b"}


async def test_an_album_with_the_same_number_in_another_chat_is_another_job(door):
    for chat in (None, GROUP):
        await door.message(photo=SIZES, chat=chat, media_group_id="a")
    assert len(door.jobs) == 2
