"""What people send, and what becomes of it: words, files, albums, second photos, replies."""

from bot.app import Overrides
from bot.telegram.wording import text
from mock_server.replicate.scenario import Scenario
from tests.support import pictures
from tests.support.clocks import RunningClock
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, Impatient, all_closed, impatient, records
from tests.support.waiting import eventually

QUICK = Overrides(random=Impatient(), gather_s=0.3)


def inputs(world):
    return [prediction.order.model_input for prediction in world.models.predictions()]


async def test_words_choose_the_tool_and_are_passed_on(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO, caption="редактируй")
        await person.expect(photo=True, text="Restore a photo", within=10)
        world.models.next_scenario(Scenario(hold="processing"))
        await person.send_photo(PHOTO, caption="edit make the sky red")
        await person.expect(text=text("instruction", "en", words="make the sky red"))
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        world.models.release()
        await person.expect(photo=True, text="Edit by words", within=10)
        await person.send_photo(PHOTO, caption="edit")
        await person.expect(text=text("ask_prompt", "en"))
        words = await person.send_text("make the sky blue")
        await person.until(lambda: ["✍"] in words.reactions.values(), "sign that the words were taken")
        await person.expect(photo=True, text="Edit by words", within=10)
        await all_closed(tmp_path)
    assert [one.get("prompt") for one in inputs(world)] == [None, "make the sky red", "make the sky blue"]


async def test_who_wants_to_be_asked_chooses_by_button_last_used_first(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO, caption="upscale")
        await person.expect(photo=True, within=10)
        await person.send_text("/settings")
        settings = await person.expect(text=text("settings", "en"))
        await person.press(settings, "❔ Ask what to do: off")
        await person.expect(button="❔ Ask what to do: on")
        await person.send_photo(PHOTO)
        question = await person.expect(text=text("ask_preset", "en"))
        assert next(iter(question.buttons()))["text"] == "🔍 Upscale"
        await person.press(question, "🙂 Fix faces")
        await person.expect(photo=True, text="Fix faces", within=10)
        await all_closed(tmp_path)


async def test_an_album_is_worked_on_as_a_whole_or_only_its_first_photo(world, tmp_path):
    album = [pictures.jpeg(160, 120), pictures.jpeg(120, 160)]
    async with running_bot(world.settings(tmp_path), QUICK):
        person = world.person()
        await person.send_album(album)
        question = await person.expect(text=text("ask_album", "en", n=2), within=10)
        await person.press(question, text("first_photo", "en"))
        await person.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)
        assert len(world.models.predictions()) == 1
        await person.send_album(album)
        question = await person.expect(text=text("ask_album", "en", n=2), within=10)
        await person.press(question, text("all_photos", "en", n=2))
        report = await person.expect(document=True, within=15)
        assert [button["text"] for button in report.buttons()] == ["✨ 1", "✨ 2", text("again", "en"), "🗑"]
        await all_closed(tmp_path)


async def test_a_try_on_asks_for_the_second_photo_and_lets_an_albums_roles_be_swapped(world, tmp_path):
    person_photo, garment = pictures.jpeg(160, 120), pictures.jpeg(120, 160)
    async with running_bot(world.settings(tmp_path), QUICK):
        person = world.person()
        await person.send_photo(person_photo, caption="try")
        await person.expect(text=text("ask_image", "en"))
        await person.send_photo(garment)
        await person.expect(photo=True, text="Try on", within=10)
        await all_closed(tmp_path)

        await person.send_album([garment, person_photo], caption="try a red coat")
        roles = await person.expect(text=text("ask_start", "en", person=1, garments="2"), within=10)
        await person.press(roles, text("swap", "en"))
        await person.expect(text=text("ask_start", "en", person=2, garments="1"))
        await person.press(roles, text("begin", "en"))
        await eventually(lambda: len(world.models.predictions()) == 2, within=10)
        await all_closed(tmp_path)
    first, second = inputs(world)
    assert second["garment_des"] == "a red coat"
    swapped = next(record for record in records(tmp_path) if record.get("album"))
    assert [image["message_id"] for image in swapped["inputs"]] == sorted(
        (image["message_id"] for image in swapped["inputs"]), reverse=True
    )
    assert first["human_img"] != second["human_img"]


async def test_a_reply_to_a_result_goes_on_from_it(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        result = await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
        wish = await person.send_text("/upscale", reply_to=result)
        bigger = await person.expect(photo=True, text="Upscale", within=10)
        assert bigger.reply_to is wish
        await all_closed(tmp_path)
        await person.send_photo(PHOTO, caption="try", reply_to=bigger)
        await person.expect(photo=True, text="Try on", within=10)
        await all_closed(tmp_path)
    first, second, third = records(tmp_path)
    assert second["inputs"][0]["key"] == first["slots"][0]["files"][0]["key"]
    assert third["inputs"][0]["key"] == second["slots"][0]["files"][0]["key"]
    assert len(third["inputs"]) == 2


async def test_a_still_sticker_and_the_still_of_a_live_photo_are_worked_on(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_sticker(PHOTO)
        await person.expect(text=text("still_used", "en"))
        await person.expect(photo=True, text="Done", within=10)
        await person.send_live_photo(PHOTO, caption="upscale")
        await person.expect(photo=True, text="Upscale", within=10)
        await all_closed(tmp_path)


async def test_a_caption_that_is_changed_in_time_counts(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        photo = await person.send_photo(PHOTO, caption="edit")
        await person.expect(text=text("ask_prompt", "en"))
        await person.edit(photo, "edit make it blue")
        await person.expect(photo=True, text="Edit by words", within=10)
        await all_closed(tmp_path)
    assert [one["prompt"] for one in inputs(world)] == ["make it blue"]


async def test_variations_come_as_an_album_with_a_report(world, tmp_path):
    async with running_bot(world.settings(tmp_path), QUICK):
        person = world.person()
        await person.send_text("/settings")
        settings = await person.expect(text=text("settings", "en"))
        await person.press(settings, "🎲 Variations: 1")
        await person.expect(button="🎲 Variations: 2")
        await person.send_photo(PHOTO, caption="edit make it blue")
        report = await person.expect(document=True, within=15)
        await all_closed(tmp_path)
        results = [message for message in person.bot_messages if message.photo]
        assert [bool(message.caption) for message in results] == [True, False]
        await person.press(report, "✨ 2")
        await person.expect(button=text("compare", "en"))
    assert len({one["seed"] for one in inputs(world)}) == 2


async def test_what_cannot_be_used_is_told_with_its_numbers_and_a_way_out_and_costs_nothing(world, tmp_path):
    async with running_bot(world.settings(tmp_path, user_daily_jobs=1), impatient()):
        person = world.person()
        for body, name, words in (
            (pictures.jpeg_of_size(), "large.jpg", "I can take up to 20 MB. Send it as a photo"),
            (pictures.jpeg(8, 8), "small.jpg", text("too_small", "en", width=8, height=8, min_side=32)),
            (pictures.truncated(pictures.heic()), "broken.heic", text("truncated", "en")),
            (b"%PDF-1.7 no picture at all", "page.jpg", text("unsupported_format", "en")),
        ):
            await person.send_photo(body, as_file=True, filename=name)
            failure = await person.expect(text=words, within=10)
            assert "does not count" in failure.all_text, name
            assert [button["text"] for button in failure.buttons()] == [text("how_to", "en")], name
            await all_closed(tmp_path)  # until then its place in the day's quota is taken
        await person.press(failure, text("how_to", "en"))
        await person.expect(text="What you can send")
        assert words in failure.text  # the reason stays
        await person.send_photo(pictures.heic(), as_file=True, filename="photo.heic")
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
    assert len(world.models.predictions()) == 1


async def test_a_second_photo_is_waited_for_so_long_and_no_longer_and_the_wait_can_be_called_off(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO, caption="try")
        question = await person.expect(text=text("ask_image", "en"))
        await person.press(question, text("cancel", "en"))
        await person.expect(text=text("canceled", "en"))
        await all_closed(tmp_path)
    boss, clock = world.chat.add_user("Boss"), RunningClock()
    settings = world.settings(tmp_path, admin_ids=frozenset({boss.id}))
    async with running_bot(settings, Overrides(clock=clock, random=Impatient())):
        await person.send_photo(PHOTO, caption="try")
        await person.expect(text=text("ask_image", "en"))
        await eventually(lambda: records(tmp_path)[-1].get("status_message_id"), because="it is asked on record")
        clock.put_forward(15 * 60 + 1)
        await boss.send_text("/resume")  # has every job looked at, as its timer would
        await person.expect(text=text("not_answered", "en"))
        await all_closed(tmp_path)
    assert world.models.predictions() == ()


async def test_the_same_photo_twice_within_seconds_is_one_wish_until_that_is_fulfilled(world, tmp_path):
    """As when a finger slips on Forward: two messages, two updates, the same picture."""
    world.models.next_scenario(Scenario(hold="processing"))
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        first = await person.send_photo(PHOTO)
        again = await person.forward(first)
        for sent in (first, again):
            await eventually(lambda one=sent: ["👀"] in one.reactions.values(), because="each of them is seen")
        assert len(records(tmp_path)) == 1
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        world.models.release()
        result = await person.expect(photo=True, within=10)
        assert result.reply_to is first
        await all_closed(tmp_path)
        assert (person.pings, len(person.bot_messages)) == (1, 1)
        await person.forward(first)
        await eventually(lambda: len(records(tmp_path)) == 2, because="who has the result may want another one")
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)


async def test_a_result_that_is_forwarded_is_worked_on(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        result = await person.expect(photo=True, within=10)
        await person.forward(result)
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)
    assert len(world.models.predictions()) == 2
