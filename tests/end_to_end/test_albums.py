"""Albums, two pictures for one wish, words and reports, through the emulated Telegram and the mock Replicate."""

import signal
from io import BytesIO

import pytest
from PIL import Image

from bot.app import Overrides
from bot.telegram.wording import text
from mock_server.replicate.scenario import Scenario
from tests.support import pictures
from tests.support.crash_runs import closed, scene, starter
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, Impatient, all_closed, records, stored
from tests.support.waiting import eventually

QUICK = Overrides(random=Impatient(), gather_s=0.3)
ALBUM = [pictures.jpeg(160, 120), pictures.jpeg(120, 160), pictures.jpeg(200, 100)]


@pytest.fixture(scope="module")
def bots():
    with starter() as bots:
        yield bots


async def want_all(person, count, locale="en", within=15):
    """Say that all photos of the album are meant."""
    label = text("all_photos", locale, n=count)
    await person.press(await person.expect(button=label, within=within), label)


async def test_an_album_comes_back_as_an_album_with_a_report_and_one_ping(world, tmp_path):
    async with running_bot(world.settings(tmp_path), QUICK):
        person = world.person("ko")
        photos = await person.send_album(ALBUM, caption="더 밝게")
        await want_all(person, 3, "ko")
        report = await person.expect(document=True, within=15)
        await all_closed(tmp_path)
    results = [message for message in person.bot_messages if message.photo]
    assert [message.caption.partition("\n")[0] for message in results] == [text("result", "ko"), "", ""]
    assert len({message.media_group_id for message in results}) == 1
    assert {message.reply_to.message_id for message in person.bot_messages} == {photos[0].message_id}
    assert person.pings == 1, person.transcript()
    assert ["🎉"] in photos[0].reactions.values()
    assert len(person.bot_messages) == 4, person.transcript()
    body = await person.download(report)
    assert body.startswith(b"%PDF-")
    assert report.document.name.endswith(".pdf")
    (record,) = records(tmp_path)
    assert len(record["slots"]) == 3
    assert all(file["file_id"] and file["message_id"] for slot in record["slots"] for file in slot["files"])
    assert stored(tmp_path, "reports") == ["report.pdf", "report.png"]
    assert len(stored(tmp_path, "history")) == 1


async def test_one_of_an_album_fails_and_the_others_are_delivered(world, tmp_path):
    world.models.next_scenario(Scenario(fail="model"))
    async with running_bot(world.settings(tmp_path), QUICK):
        person = world.person()
        await person.send_album(ALBUM)
        await want_all(person, 3)
        await person.expect(document=True, within=15)
        await all_closed(tmp_path)
    results = [message for message in person.bot_messages if message.photo]
    assert len(results) == 2, person.transcript()
    assert "1 more could not be made" in results[0].caption
    assert person.pings == 1


async def test_when_the_answer_to_the_album_is_lost_every_result_is_seen_and_nobody_is_pinged_twice(world, tmp_path):
    world.chat.fail("sendMediaGroup", action="drop_answer_after_delivery")
    async with running_bot(world.settings(tmp_path), QUICK):
        person = world.person()
        await person.send_album(ALBUM[:2])
        await want_all(person, 2)
        await person.expect(document=True, within=15)
        await all_closed(tmp_path)
    album, alone = [], []
    for message in person.bot_messages:
        if message.photo:
            (album if message.media_group_id else alone).append(message)
    assert len(album) == 2, person.transcript()
    assert [message.caption.splitlines()[-1] for message in alone] == ["1/2", "2/2"], person.transcript()
    assert person.pings == 1, person.transcript()


async def test_a_second_photo_that_was_asked_for_comes_after_a_kill(bots, world, tmp_path):
    async with scene(world, bots, tmp_path) as at:
        bot = await at.start()
        person = world.person()
        sent = await at.send(person, PHOTO, caption="try_on a red coat")
        await person.expect(text=text("ask_image", "en"), within=15)
        data = at.settings.data_dir
        await eventually(lambda: any(r.get("status_message_id") for r in records(data)), within=15)
        bot.kill()
        assert await at.died(bot) == -signal.SIGKILL
        await person.send_photo(pictures.jpeg(120, 160))
        await at.start()
        await eventually(lambda: len(stored(data, "jobs")) == 2, within=15)
        await closed(at)
        assert sent.results, f"{person.transcript()}\n{at.log}"
        assert person.pings == 1
        assert len(person.bot_messages) == 1, person.transcript()
    (prediction,) = world.models.predictions()
    assert prediction.order.model_input["garment_des"] == "a red coat"
    assert prediction.order.model_input["human_img"] != prediction.order.model_input["garm_img"]
    assert stored(data, "drafts") == []


async def test_an_album_survives_a_kill_while_it_is_gathered(bots, world, tmp_path):
    async with scene(world, bots, tmp_path) as at:
        at.extra["CRASH_GATHER_S"] = "1.5"
        bot = await at.start()
        person = world.person()
        await person.send_album(ALBUM)
        await eventually(lambda: stored(at.settings.data_dir, "jobs"), within=15)
        bot.kill()
        assert await at.died(bot) == -signal.SIGKILL
        await at.start()
        await want_all(person, 3, within=20)
        await person.expect(document=True, within=20)
        await closed(at)
    assert sum(bool(message.photo) for message in person.bot_messages) == 3, person.transcript()
    assert person.pings == 1
    assert len(world.models.predictions()) == 3


async def test_the_words_of_a_model_are_a_message(world, tmp_path):
    async with running_bot(world.settings(tmp_path), QUICK):
        person = world.person()
        photo = await person.send_photo(PHOTO, caption="describe")
        words = await person.until(lambda: next((m for m in person.bot_messages if not m.silent), None), "words", 15)
        await all_closed(tmp_path)
    assert words.reply_to is photo
    assert words.text
    assert person.pings == 1
    (name,) = stored(tmp_path, "images/output")
    assert name == "1.txt"


async def test_a_result_too_large_for_a_photo_comes_as_a_preview_and_a_file(world, tmp_path):
    async with running_bot(world.settings(tmp_path), QUICK):
        person = world.person()
        await person.send_photo(pictures.jpeg(6000, 320), as_file=True, filename="wide.jpg")
        photo = await person.expect(photo=True, within=15)
        document = await person.expect(document=True, within=15)
        await all_closed(tmp_path)
    assert person.pings == 1, person.transcript()
    assert not photo.silent
    assert document.silent
    with Image.open(BytesIO(await person.download(document))) as image:
        assert image.width == 12_000
