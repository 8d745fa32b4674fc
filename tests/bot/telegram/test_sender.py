"""What a chat gets to see: against a recording bot for the calls, against the emulator for what becomes of them."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.jobs.background import Background
from bot.jobs.errors import ChatGoneError, NotDoneError, OutcomeUnknownError, StatusMessageGoneError
from bot.jobs.parcels import Form
from bot.jobs.ports.chat import Artifact
from bot.jobs.status import Line, Status, status
from bot.jobs.waiting.progress import WrittenText
from bot.telegram.button_data import job_data
from bot.telegram.catalogues import locales
from bot.telegram.wording import text
from mock_server.telegram.server import run_telegram_emulator
from storage.job import JobFile, JobStatus, Outcome, Slot
from storage.people import People
from tests.support import pictures
from tests.support.chat_door import a_notifier
from tests.support.fakes import PRESETS, FrozenClock, World, new_job, storage_down
from tests.support.recording_bot import recording_bot, refusal

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CHAT, QUOTED, STATUS = 7, 42, 77
PNG = pictures.png(64, 48)


def a_job(status=None, code=None, *, locale="en", thread=None, **changes):
    job = new_job(**changes)
    origin = replace(job.origin, chat_id=CHAT, message_id=QUOTED, thread_id=thread, locale=locale)
    outcome = Outcome(status, NOW, code) if status else None
    return replace(job, origin=origin, outcome=outcome)


def done(**changes):
    return a_job(JobStatus.COMPLETED, **changes)


def ids(sent):
    return tuple(message.message_id for message in sent)


def artifact(content=PNG, *, number=1, as_photo=True, extension="png", form=None):
    file = JobFile(
        f"images/output/j/{number}.{extension}", f"image/{extension}", len(content), number, as_photo=as_photo
    )
    return Artifact(file, io.BytesIO(content), form or (Form.PHOTO if as_photo else Form.FILE), number)


@pytest.fixture
def session_and_notifier():
    bot, session = recording_bot()
    return session, a_notifier(bot)


@pytest.fixture
def session(session_and_notifier):
    return session_and_notifier[0]


@pytest.fixture
def notifier(session_and_notifier):
    return session_and_notifier[1]


async def test_the_status_message_is_silent_quotes_and_can_be_canceled(notifier, session):
    job = a_job(thread=5)
    message_id = await notifier.announce(job, status("accepted"))
    (call,) = session.calls
    assert call.method == "sendMessage"
    assert call.params["text"] == text("accepted", "en")
    assert call.params["disable_notification"] is True
    assert call.params["message_thread_id"] == 5
    quote = call.params["reply_parameters"]
    assert (quote["message_id"], quote["allow_sending_without_reply"]) == (QUOTED, True)
    ((button,),) = call.params["reply_markup"]["inline_keyboard"]
    assert button["callback_data"] == job_data("cancel", job.id)
    assert message_id == 501


async def test_a_job_without_a_message_to_quote_is_announced_without_a_quote(notifier, session):
    job = a_job()
    await notifier.announce(replace(job, origin=replace(job.origin, message_id=None)), status("accepted"))
    assert "reply_parameters" not in session.calls[0].params


async def test_an_announcement_of_unknown_outcome_may_be_made_again(notifier, session):
    session.break_line(TimeoutError())
    with pytest.raises(NotDoneError):
        await notifier.announce(a_job(), status("accepted"))


async def test_the_status_message_is_edited_and_keeps_its_button(notifier, session):
    await notifier.show_status(a_job(status_message_id=STATUS, locale="ru"), status("waiting_for_place"))
    (call,) = session.calls
    assert (call.method, call.params["message_id"], call.params["chat_id"]) == ("editMessageText", STATUS, CHAT)
    assert call.params["text"] == text("waiting_for_place", "ru")
    assert call.params["reply_markup"]["inline_keyboard"]


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ("Bad Request: message to edit not found", False),
        ("Bad Request: message can't be edited", False),
        ("Bad Request: message is not modified: specified new message content and reply markup are the same", True),
    ],
)
async def test_a_status_message_that_is_gone_or_shows_it_already_is_left_alone(notifier, session, words, there):
    session.refuse(400, words)
    assert await notifier.show_status(a_job(status_message_id=STATUS), status("accepted")) is there
    assert session.methods == ["editMessageText"]


SO_FAR = Status((Line("begun"),), picture="https://replicate.delivery/1.png")


async def test_what_the_model_has_made_so_far_is_shown_in_the_status_message(notifier, session):
    assert await notifier.show_status(a_job(status_message_id=STATUS), SO_FAR, pictures.jpeg(8, 6))
    (call,) = session.calls
    assert (call.method, call.params["message_id"]) == ("editMessageMedia", STATUS)
    assert text("begun", "en") in call.params["media"]["caption"]
    assert call.params["reply_markup"]["inline_keyboard"]
    assert [upload.content for upload in call.uploads] == [pictures.jpeg(8, 6)]


async def test_a_picture_that_is_refused_leaves_the_words(notifier, session):
    session.refuse(400, "Bad Request: IMAGE_PROCESS_FAILED")
    session.refuse(400, "Bad Request: there is no caption in the message to edit")
    assert await notifier.show_status(a_job(status_message_id=STATUS), SO_FAR, b"no picture")
    assert session.methods == ["editMessageMedia", "editMessageCaption", "editMessageText"]


async def test_the_words_go_below_a_picture_that_another_process_has_shown(notifier, session):
    session.refuse(400, "Bad Request: there is no text in the message to edit")
    assert await notifier.show_status(a_job(status_message_id=STATUS), status("begun"))
    assert session.methods == ["editMessageText", "editMessageCaption"]
    assert session.calls[1].params["caption"] == text("begun", "en")


async def test_a_reason_goes_below_a_picture(notifier, session):
    session.refuse(400, "Bad Request: there is no text in the message to edit")
    job = a_job(JobStatus.FAILED, "model_failed", status_message_id=STATUS)
    assert [sent.message_id for sent in await notifier.edit_into_outcome(job, ())] == [STATUS]
    assert session.methods == ["editMessageText", "editMessageCaption"]


def told(locale="en"):
    """What stands under the first result."""
    tool = PRESETS["restore"].label(locale)
    return f"{text('result', locale)}\n{text('result_details', locale, tool=tool, took=timedelta())}"


async def test_every_line_of_a_status_is_told_with_its_facts_and_without_a_preview_of_links(notifier, session):
    more = Line("usual_range", {"low": timedelta(seconds=25), "high": timedelta(seconds=121)})
    await notifier.show_status(a_job(status_message_id=STATUS), status("working_percent", more, percent=40))
    (call,) = session.calls
    assert call.params["text"] == "⚙ Working on it: 40% done.\nIt usually takes 25 sec to 3 min."
    assert call.params["link_preview_options"] == {"is_disabled": True}


@pytest.mark.parametrize("locale", locales())
async def test_a_text_that_is_written_fits_into_a_message_in_every_language(notifier, session, locale):
    text = WrittenText().with_piece("🌍" * 5000).end
    await notifier.show_status(a_job(status_message_id=STATUS, locale=locale), status("writing", text=f"…{text}"))
    assert len(session.calls[0].params["text"].encode("utf-16-le")) // 2 <= 4096


async def test_one_result_is_a_photo_that_pings_and_quotes(notifier, session):
    job = done(thread=5)
    assert ids(await notifier.send_outcome(job, [artifact()])) == (501,)
    (call,) = session.calls
    assert call.method == "sendPhoto"
    assert call.params["caption"] == told()
    assert call.params["message_thread_id"] == 5
    assert call.params["reply_parameters"]["message_id"] == QUOTED
    assert "disable_notification" not in call.params
    (upload,) = call.uploads
    assert upload.content == PNG
    assert upload.name.endswith(f"{job.code}.png")
    assert call.timeout_s >= 120  # 50 MB over a slow line


async def test_a_result_that_is_no_photo_goes_as_a_document(notifier, session):
    await notifier.send_outcome(done(thread=5), [artifact(as_photo=False, extension="webp")])
    (call,) = session.calls
    assert call.method == "sendDocument"
    assert call.uploads[0].name.endswith(".webp")
    assert call.params["message_thread_id"] == 5
    assert call.params["reply_parameters"]["allow_sending_without_reply"] is True


@pytest.mark.parametrize("words", ["Bad Request: IMAGE_PROCESS_FAILED", "Bad Request: PHOTO_INVALID_DIMENSIONS"])
async def test_a_photo_that_telegram_refuses_goes_as_a_document_from_its_first_byte(notifier, session, words):
    session.refuse(400, words)
    result = artifact()
    result.content.read()
    assert ids(await notifier.send_outcome(done(), [result])) == (501,)
    assert session.methods == ["sendPhoto", "sendDocument"]
    assert [call.uploads[0].content for call in session.calls] == [PNG, PNG]


async def test_several_results_are_one_album_with_the_words_on_its_first_picture(notifier, session):
    results = [artifact(number=n) for n in (1, 2, 3)]
    assert ids(await notifier.send_outcome(done(thread=5), results)) == (501, 502, 503)
    (call,) = session.calls
    assert call.method == "sendMediaGroup"
    media = call.params["media"]
    assert [one["type"] for one in media] == ["photo"] * 3
    assert [one.get("caption") for one in media] == [told(), None, None]
    assert [upload.content for upload in call.uploads] == [PNG] * 3
    assert (call.params["message_thread_id"], call.params["reply_parameters"]["message_id"]) == (5, QUOTED)


async def test_an_album_of_photos_has_one_caption_since_apps_show_none_where_there_are_more(notifier, session):
    results = [artifact(number=n) for n in (1, 2)]
    job = done(slots=tuple(Slot(files=(result.file,)) for result in results))
    sent = await notifier.send_outcome(job, results)
    (call,) = session.calls
    assert [one.get("caption") for one in call.params["media"]] == [told(), None]
    assert len(sent) == 2
    assert [upload.name for upload in call.uploads] == [f"darkroom_restore_{job.code}_{n}.png" for n in (1, 2)]


async def test_more_results_come_silently_and_files_with_their_numbers(notifier, session):
    results = [artifact(number=n, as_photo=False) for n in (1, 2)]
    job = done(slots=tuple(Slot(files=(result.file,)) for result in results), handed=2)
    assert len(await notifier.send_more(job, results)) == 2
    (call,) = session.calls
    assert call.params["disable_notification"] is True
    assert [(one["type"], one["caption"]) for one in call.params["media"]] == [("document", "1/2"), ("document", "2/2")]


async def test_a_preview_is_named_as_the_jpeg_that_it_is(notifier, session):
    await notifier.send_outcome(done(), [artifact(as_photo=False, extension="webp", form=Form.PHOTO)])
    (call,) = session.calls
    assert call.method == "sendPhoto"
    assert call.uploads[0].name.endswith(".jpg")


async def test_more_results_that_telegram_refuses_in_every_form_are_left_out(notifier, session):
    session.default = lambda _: refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    assert await notifier.send_more(done(handed=1), [artifact()]) == ()
    assert session.methods == ["sendPhoto", "sendDocument"]


def written(text):
    return artifact(text.encode(), as_photo=False, extension="txt", form=Form.TEXT)


async def test_words_are_a_message(notifier, session):
    await notifier.send_outcome(done(), [written("A cat & a <dog>.")])
    (call,) = session.calls
    assert (call.method, call.params["text"]) == ("sendMessage", "A cat & a <dog>.")
    assert "parse_mode" not in call.params
    assert "disable_notification" not in call.params


@pytest.mark.parametrize("text", ["x" * 4097, "😀" * 2049])
async def test_words_that_are_too_long_for_a_message_are_a_file(notifier, session, text):
    await notifier.send_outcome(done(), [written(text)])
    (call,) = session.calls
    assert call.method == "sendDocument"
    assert call.uploads[0].content.decode() == text


async def test_the_status_message_becomes_the_words(notifier, session):
    await notifier.edit_into_outcome(done(status_message_id=STATUS), [written("A cat.")])
    assert (session.methods, session.calls[0].params["text"]) == (["editMessageText"], "A cat.")


async def test_the_status_message_becomes_the_report(notifier, session):
    job = done(status_message_id=STATUS)
    assert await notifier.edit_into_report(job, io.BytesIO(b"%PDF-1")) == STATUS
    (call,) = session.calls
    assert (call.method, call.params["media"]["type"]) == ("editMessageMedia", "document")
    assert call.uploads[0].name == f"darkroom_restore_{job.code}.pdf"


@pytest.mark.parametrize("changes", [{}, {"status_message_id": STATUS, "message_ids": (STATUS,)}])
async def test_a_status_message_that_never_was_or_is_the_outcome_cannot_become_the_report(notifier, session, changes):
    with pytest.raises(StatusMessageGoneError):
        await notifier.edit_into_report(done(**changes), io.BytesIO(b"%PDF-1"))
    assert session.calls == []


async def test_an_album_that_is_refused_as_photos_goes_as_documents(notifier, session):
    session.refuse(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    await notifier.send_outcome(done(), [artifact(), artifact(number=2)])
    assert [call.params["media"][0]["type"] for call in session.calls] == ["photo", "document"]
    assert [upload.content for upload in session.calls[1].uploads] == [PNG] * 2


async def test_a_failure_is_a_text_that_pings_and_quotes(notifier, session):
    assert ids(await notifier.send_outcome(a_job(JobStatus.FAILED, "no_face", thread=5), [])) == (501,)
    (call,) = session.calls
    assert call.method == "sendMessage"
    assert text("no_face", "en") in call.params["text"]
    assert "disable_notification" not in call.params
    assert (call.params["message_thread_id"], call.params["reply_parameters"]["message_id"]) == (5, QUOTED)


@pytest.mark.parametrize("results", [[], [artifact()], [artifact(), artifact(number=2)]], ids=["text", "one", "album"])
async def test_an_outcome_that_may_have_arrived_is_never_sent_again(notifier, session, results):
    session.break_line(aiohttp.ServerDisconnectedError())
    job = done() if results else a_job(JobStatus.FAILED, "no_face")
    with pytest.raises(OutcomeUnknownError):
        await notifier.send_outcome(job, results)
    assert len(session.calls) == 1


async def test_the_outcome_of_a_canceled_job_is_an_edit_with_the_way_to_run_it_again(notifier, session):
    job = a_job(JobStatus.CANCELED, status_message_id=STATUS)
    assert ids(await notifier.send_outcome(job, [])) == (STATUS,)
    (call,) = session.calls
    assert (call.method, call.params["text"]) == ("editMessageText", text("canceled", "en"))
    (((again,),),) = (call.params["reply_markup"]["inline_keyboard"],)
    assert again["text"] == text("try_again", "en")


@pytest.mark.parametrize("status_message_id", [None, STATUS])
async def test_a_canceled_job_without_a_status_message_needs_no_words(notifier, session, status_message_id):
    session.refuse(400, "Bad Request: message to edit not found")
    job = a_job(JobStatus.CANCELED, status_message_id=status_message_id)
    assert ids(await notifier.send_outcome(job, [])) == ()


async def test_the_status_message_becomes_the_result(notifier, session):
    job = done(status_message_id=STATUS)
    assert ids(await notifier.edit_into_outcome(job, [artifact()])) == (STATUS,)
    (call,) = session.calls
    assert (call.method, call.params["message_id"]) == ("editMessageMedia", STATUS)
    assert (call.params["media"]["type"], call.params["media"]["caption"]) == ("photo", told())
    assert [upload.content for upload in call.uploads] == [PNG]
    assert call.timeout_s >= 120


async def test_the_status_message_becomes_a_document_when_telegram_refuses_the_photo(notifier, session):
    session.refuse(400, "Bad Request: IMAGE_PROCESS_FAILED")
    await notifier.edit_into_outcome(done(status_message_id=STATUS), [artifact()])
    assert [call.params["media"]["type"] for call in session.calls] == ["photo", "document"]
    assert session.calls[1].uploads[0].content == PNG


async def test_the_status_message_becomes_the_reason(notifier, session):
    job = a_job(JobStatus.FAILED, "no_face", status_message_id=STATUS)
    assert ids(await notifier.edit_into_outcome(job, [])) == (STATUS,)
    assert text("no_face", "en") in session.calls[0].params["text"]


async def test_an_edit_of_unknown_outcome_may_be_made_again(notifier, session):
    session.break_line(TimeoutError())
    with pytest.raises(NotDoneError):
        await notifier.edit_into_outcome(done(status_message_id=STATUS), [artifact()])


@pytest.mark.parametrize("status_message_id", [None, STATUS])
async def test_without_a_status_message_nothing_can_be_settled_by_an_edit(notifier, session, status_message_id):
    session.refuse(400, "Bad Request: message to edit not found")
    with pytest.raises(StatusMessageGoneError):
        await notifier.edit_into_outcome(done(status_message_id=status_message_id), [artifact()])


async def test_the_status_message_is_taken_away(notifier, session):
    await notifier.retract_status(done(status_message_id=STATUS, message_ids=(501,)))
    (call,) = session.calls
    assert (call.method, call.params["message_ids"]) == ("deleteMessages", [STATUS])


@pytest.mark.parametrize(
    "words",
    [
        "Bad Request: message can't be deleted for everyone",
        "Bad Request: message can't be deleted",
        "Bad Request: message to delete not found",
        "Bad Request: MESSAGE_ID_INVALID",
    ],
)
async def test_a_status_message_that_cannot_be_deleted_is_no_failure(notifier, session, words):
    session.refuse(400, words)
    await notifier.retract_status(done(status_message_id=STATUS))
    assert session.methods == ["deleteMessages"]


@pytest.mark.parametrize("changes", [{}, {"status_message_id": STATUS, "message_ids": (STATUS,)}])
async def test_a_status_message_that_never_was_or_is_the_outcome_stays(notifier, session, changes):
    await notifier.retract_status(done(**changes))
    assert session.calls == []


async def test_somebody_who_blocked_the_bot_is_gone(notifier, session):
    session.default = lambda _: refusal(403, "Forbidden: bot was blocked by the user")
    job = done(status_message_id=STATUS)
    for attempt in (
        notifier.announce(job, status("accepted")),
        notifier.show_status(job, status("accepted")),
        notifier.send_outcome(job, [artifact()]),
        notifier.edit_into_outcome(job, [artifact()]),
        notifier.retract_status(job),
    ):
        with pytest.raises(ChatGoneError):
            await attempt


@pytest.fixture
async def chat():
    """A person at the emulated Telegram, and a notifier that speaks to them over HTTP."""
    async with run_telegram_emulator() as emulator:
        session = AiohttpSession(api=TelegramAPIServer.from_base(emulator.base_url))
        bot = Bot(emulator.bot_token, session=session)
        person = emulator.control.add_user("Анна", language_code="ru")
        yield person, a_notifier(bot), emulator.control
        await session.close()


def job_of(person, sent, status=None, code=None, **changes):
    job = a_job(status, code, locale="ru", **changes)
    return replace(job, origin=replace(job.origin, chat_id=person.id, message_id=sent.message_id))


async def test_the_whole_way_in_a_real_chat_pings_once(chat):
    person, notifier, _ = chat
    sent = await person.send_photo(PNG)
    waiting = job_of(person, sent)
    status_id = await notifier.announce(waiting, status("accepted"))
    assert person.pings == 0
    waiting = replace(waiting, status_message_id=status_id)
    await notifier.show_status(waiting, status("waiting_for_place"))
    await notifier.show_status(waiting, status("waiting_for_place"))
    ended = replace(waiting, outcome=Outcome(JobStatus.COMPLETED, NOW))
    message_ids = ids(await notifier.send_outcome(ended, [artifact()]))
    await notifier.retract_status(replace(ended, message_ids=message_ids))
    await notifier.retract_status(replace(ended, message_ids=message_ids))  # a repeat does no harm
    (result,) = person.bot_messages
    assert result.photo
    assert result.caption == told("ru")
    assert result.reply_to.message_id == sent.message_id
    assert person.pings == 1


async def test_a_status_message_becomes_the_photo_in_a_real_chat_and_nobody_is_pinged(chat):
    person, notifier, _ = chat
    sent = await person.send_photo(PNG)
    status_id = await notifier.announce(job_of(person, sent), status("accepted"))
    ended = job_of(person, sent, JobStatus.COMPLETED, status_message_id=status_id)
    for _ in range(2):
        assert ids(await notifier.edit_into_outcome(ended, [artifact()])) == (status_id,)
    (result,) = person.bot_messages
    assert result.photo
    assert not any("cancel" in button["callback_data"] for button in result.buttons())
    assert person.pings == 0


async def test_a_deleted_original_does_not_keep_the_answer_away(chat):
    person, notifier, _ = chat
    sent = await person.send_photo(PNG)
    await person.delete_message(sent)
    await notifier.send_outcome(job_of(person, sent, JobStatus.COMPLETED), [artifact(), artifact(number=2)])
    first, second = person.bot_messages
    assert first.media_group_id == second.media_group_id
    assert first.reply_to is None
    assert first.caption == told("ru")
    assert second.caption == ""


async def test_a_picture_that_the_server_cannot_read_as_a_photo_arrives_as_a_file_with_its_bytes(chat):
    person, notifier, _ = chat
    sent = await person.send_photo(PNG)
    narrow = pictures.png(1, 400)  # more than 20 times as high as wide
    await notifier.send_outcome(job_of(person, sent, JobStatus.COMPLETED), [artifact(narrow)])
    (result,) = person.bot_messages
    assert result.document
    assert await person.download(result) == narrow


@pytest.mark.parametrize("code", ["no_face", "model_refused_content", "internal"])
async def test_long_cyrillic_reasons_arrive_whole(chat, code):
    person, notifier, _ = chat
    sent = await person.send_photo(PNG)
    await notifier.send_outcome(job_of(person, sent, JobStatus.FAILED, code), [])
    (answer,) = person.bot_messages
    assert text(code, "ru") in answer.text


async def test_an_answer_lost_after_the_delivery_is_an_unknown_outcome(chat):
    person, notifier, control = chat
    sent = await person.send_photo(PNG)
    control.fail("sendPhoto", action="drop_answer_after_delivery")
    with pytest.raises(OutcomeUnknownError):
        await notifier.send_outcome(job_of(person, sent, JobStatus.COMPLETED), [artifact()])
    assert person.pings == 1


def chosen(locale):
    return lambda person: replace(person, locale=locale)


async def test_of_several_processes_each_speaks_the_language_that_was_chosen_before_the_job_came():
    world, clock, bot_and_session = World(), FrozenClock(), recording_bot()
    here, elsewhere = (People(world.store, fresh_for_s=60, now=lambda: clock.now().timestamp()) for _ in range(2))
    notifier = a_notifier(bot_and_session[0], people=here, clock=clock)
    job = a_job(created_at=clock.now())
    user = job.origin.user
    await elsewhere.change(user, chosen("ru"))
    assert (await here.load(user)).locale == "ru"
    await elsewhere.change(user, chosen("ko"))
    clock.advance(5)
    later = a_job(created_at=clock.now(), locale="ko")
    clock.advance(5)
    await notifier.announce(later, status("accepted"))
    assert bot_and_session[1].calls[-1].params["text"] == text("accepted", "ko")
    await elsewhere.change(user, chosen("en"))
    clock.advance(61)
    await notifier.announce(later, status("accepted"))
    assert bot_and_session[1].calls[-1].params["text"] == text("accepted", "en")


async def test_while_the_storage_is_away_a_person_is_spoken_to_as_before():
    world, (bot, session) = World(), recording_bot()
    people = People(world.store, fresh_for_s=0)
    job = a_job()
    await people.change(job.origin.user, chosen("ko"))
    world.faults.fail("store", storage_down, times=float("inf"))
    await a_notifier(bot, people=people).announce(job, status("accepted"))
    assert session.calls[-1].params["text"] == text("accepted", "ko")


@pytest.mark.parametrize(
    ("size", "form", "actions"),
    [
        (10, Form.PHOTO, []),
        (2_000_000, Form.PHOTO, ["upload_photo"]),
        (2_000_000, Form.FILE, ["upload_document"]),
    ],
)
async def test_only_an_upload_that_takes_a_while_is_foretold(size, form, actions):
    (bot, session), background = recording_bot(), Background()
    await a_notifier(bot, background=background).send_more(done(thread=5), [artifact(b"x" * size, form=form)])
    await background.drain(1)
    calls = [call.params for call in session.calls if call.method == "sendChatAction"]
    assert [call["action"] for call in calls] == actions
    assert all(call["message_thread_id"] == 5 for call in calls)


async def test_a_result_that_had_to_be_settled_is_nodded_at_too():
    (bot, session), background = recording_bot(), Background()
    await a_notifier(bot, background=background).edit_into_outcome(done(status_message_id=STATUS), [artifact()])
    await background.drain(1)
    assert session.methods == ["editMessageMedia", "setMessageReaction"]
