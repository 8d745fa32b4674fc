"""A photo in, the result out: the four ways to be reached, the kinds of input, what is left behind."""

import os

import pytest

from mock_server.replicate.scenario import Scenario
from tests.support import pictures
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO
from tests.support.waiting import eventually


def keys(data_dir, prefix):
    # os.walk does not mind folders that vanish under it
    return sorted(name for _, _, names in os.walk(data_dir / prefix) for name in names)


async def deliver_one(world, settings, photo=None):
    async with running_bot(settings):
        person = world.person()
        sent = await person.send_photo(photo or PHOTO, caption="a caption")
        result = await person.expect(photo=True, within=10)
        await person.until(lambda: len(person.bot_messages) == 1, "status message taken away")
        await eventually(lambda: not keys(settings.data_dir, "open"), because="the job is closed")
    return person, sent, result


async def test_with_webhooks_both_ways_a_photo_comes_back(world, tmp_path):
    person, sent, result = await deliver_one(world, world.settings(tmp_path), pictures.photo())
    assert result.reply_to.message_id == sent.message_id
    assert "Done" in result.all_text
    assert person.pings == 1
    assert {d.event for d in world.models.deliveries} == {"start", "output", "logs", "completed"}
    assert world.chat.deliveries
    assert not world.chat.journal.calls_of("getUpdates")


async def test_without_a_public_url_telegram_and_replicate_are_polled(world, tmp_path):
    person, sent, result = await deliver_one(world, world.settings(tmp_path, webhooks=False))
    assert result.reply_to.message_id == sent.message_id
    assert person.pings == 1
    assert not world.models.deliveries
    assert world.chat.journal.calls_of("getUpdates")
    assert not world.chat.deliveries


async def test_updates_by_webhook_and_lost_callbacks_are_made_up_for_by_polling(world, tmp_path):
    world.models.scenario = Scenario(webhook_lost=True)
    person, _, _ = await deliver_one(world, world.settings(tmp_path, poll_interval_s=0.2))
    assert person.pings == 1
    assert all(d.status is None for d in world.models.deliveries)
    assert world.chat.deliveries


async def test_a_refused_webhook_falls_back_to_long_polling_and_callbacks_still_come(world, tmp_path):
    refusal = "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    world.chat.fail("setWebhook", error_code=400, description=refusal)
    person, _, _ = await deliver_one(world, world.settings(tmp_path))
    assert person.pings == 1
    assert {d.event for d in world.models.deliveries} == {"start", "output", "logs", "completed"}
    assert world.chat.journal.calls_of("getUpdates")


async def test_the_input_is_stored_by_content_and_the_result_is_archived(world, tmp_path):
    await deliver_one(world, world.settings(tmp_path))
    (stored,) = (tmp_path / "images" / "input").iterdir()
    assert stored.suffix == ".jpg"
    assert pictures.opened(stored.read_bytes()).format == "JPEG"
    (archived,) = (p for p in (tmp_path / "images" / "output").rglob("*") if p.is_file())
    assert pictures.opened(archived.read_bytes()).size == (320, 240)  # the model makes it twice as large


async def test_a_finished_job_leaves_its_record_and_history_but_no_marker_and_no_task(world, tmp_path):
    person, _, _ = await deliver_one(world, world.settings(tmp_path))
    assert len(keys(tmp_path, "jobs")) == 1
    assert len(keys(tmp_path, f"history/tg-{person.id}")) == 1
    assert keys(tmp_path, "open") == []
    assert keys(tmp_path, "tasks") == []


async def test_an_open_prediction_has_a_task_record_that_names_its_chat(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(lambda: keys(tmp_path, "tasks"))
        (prediction,) = world.models.predictions()
        record = (tmp_path / "tasks" / f"{prediction.id}.json").read_text()
        assert f'"chat_id":{person.id}' in record
        world.models.release()
        await person.expect(photo=True)


async def test_an_image_as_a_file_is_taken_in_full_quality(world, tmp_path):
    body = pictures.png(160, 120)
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(body, as_file=True, filename="scan.png")
        await person.expect(photo=True)
    (stored,) = (tmp_path / "images" / "input").iterdir()
    assert stored.read_bytes() == body


async def test_the_caption_reaches_the_record_as_the_prompt_and_no_log(world, tmp_path):
    await deliver_one(world, world.settings(tmp_path))
    (record,) = (tmp_path / "jobs").iterdir()
    assert '"prompt":"a caption"' in record.read_text()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("rotated.jpg", pictures.exif_rotated_jpeg(160, 120)),
        ("cmyk.jpg", pictures.cmyk_jpeg(160, 120)),
        ("animated.gif", pictures.animated_gif(160, 120)),
        ("phone.heic", pictures.heic(160, 120)),
        ("alpha.png", pictures.png(160, 120, "RGBA")),
    ],
)
async def test_odd_pictures_end_in_a_result(world, tmp_path, name, body):
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(body, as_file=True, filename=name)
        result = await person.expect(photo=True, within=10)
        assert pictures.opened(await person.download(result)).size[0] > 0


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("notes.jpg", b"these are notes, not a picture", "not a picture"),
        ("cut.jpg", pictures.truncated(pictures.jpeg()), "incomplete"),
        ("narrow.png", pictures.png(1, 6000), "too narrow"),
        ("bomb.png", pictures.bomb_png(), "200 megapixels"),
    ],
)
async def test_pictures_that_cannot_be_used_end_in_a_sentence(world, tmp_path, name, body, words):
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(body, as_file=True, filename=name, mime_type="image/jpeg")
        answer = await person.expect(text=words)
        assert "Code:" in answer.all_text
        await eventually(lambda: not keys(tmp_path, "open"))
    assert world.models.predictions() == ()
    assert keys(tmp_path, "history") == []


async def test_a_file_that_telegram_does_not_hand_out_ends_in_a_sentence_with_the_limit(world, tmp_path):
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(pictures.jpeg_of_size(), as_file=True, filename="large.jpg")
        await person.expect(text="20")
        await eventually(lambda: not keys(tmp_path, "open"))


async def test_a_failed_prediction_is_explained_in_the_persons_language(world, tmp_path):
    world.models.scenario = Scenario(fail="nsfw")
    async with running_bot(world.settings(tmp_path)):
        person = world.person("ru")
        await person.send_photo(PHOTO)
        answer = await person.expect(text="небезопасной")
    assert "NSFW" not in answer.all_text
    assert person.pings == 1


async def test_the_same_update_twice_is_one_job(world, tmp_path):
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True)
        world.chat.deliver_again(world.chat.deliveries[0].update_id)
        await eventually(lambda: len(world.chat.deliveries) == 2)
        await eventually(lambda: not keys(tmp_path, "open"))
    assert person.pings == 1
    assert len(world.models.predictions()) == 1


async def test_cancel_stops_the_prediction_and_says_so(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        await person.send_photo(PHOTO)
        status = await person.expect(button="✖ Cancel")
        await eventually(world.models.predictions)
        answer = await (await person.press(status, "✖ Cancel")).answer()
        assert "Cancel" in answer["text"]
        await person.expect(text="It does not count")
        (prediction,) = world.models.predictions()
        await eventually(lambda: not keys(tmp_path, "open"))
        assert world.models.status(prediction.id) == "canceled"
    assert person.pings == 0


async def test_a_job_goes_on_after_a_restart(world, tmp_path):
    world.models.scenario = Scenario(hold="processing")
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        await eventually(lambda: keys(tmp_path, "tasks"))
    async with running_bot(settings):
        world.models.release()
        await person.expect(photo=True)
    assert person.pings == 1
    assert len(world.models.predictions()) == 1
