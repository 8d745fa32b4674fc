"""What can be done with a result, with a failure, and with everything that is kept."""

from datetime import date, datetime

from bot.app import Overrides
from bot.telegram.wording import text
from mock_server.replicate.scenario import Scenario
from replicate_gateway.presets import DEFAULT_PRESET, load_presets
from tests.support import pictures
from tests.support.clocks import RunningClock
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, Impatient, all_closed, impatient, records, stored
from tests.support.waiting import eventually


async def a_result(person, tmp_path, **photo):
    await person.send_photo(PHOTO, **photo)
    result = await person.expect(photo=True, text="Done", within=10)
    await all_closed(tmp_path)
    return result


async def test_a_result_is_compared_kept_whole_made_again_worked_on_and_deleted(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        result = await a_result(person, tmp_path)

        await person.press(result, text("compare", "en"))
        await person.until(
            lambda: len({m.media_group_id for m in person.bot_messages}) == 2, "album of before and after"
        )
        album = [message for message in person.bot_messages if message.media_group_id]
        assert [message.caption for message in album] == [text("before_and_after", "en"), "", ""]
        both = pictures.opened(await person.download(album[0]))
        assert both.width > pictures.opened(await person.download(album[1])).width

        await person.press(result, text("original_file", "en"))
        original = await person.expect(document=True)
        archived = next((tmp_path / "images" / "output").rglob("1.*"))
        assert await person.download(original) == archived.read_bytes()
        assert original.document.name.startswith("restore_20")

        await person.press(result, text("again", "en"))
        await person.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)

        await person.press(result, text("do_more", "en"))
        await person.expect(button="🔍 Upscale")
        await person.press(result, "🔍 Upscale")
        await person.expect(photo=True, text="Upscale", within=10)
        await all_closed(tmp_path)
        assert len(world.models.predictions()) == 3

        await person.press(result, "🗑")
        await person.expect(button=text("delete_for_good", "en"))
        await person.press(result, text("delete_for_good", "en"))
        await person.until(lambda: result.deleted, "deleted result")
    assert len(stored(tmp_path, "jobs")) == 2


async def test_each_failure_offers_what_helps(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        world.models.next_scenario(Scenario(fail="oom"))
        await person.send_photo(pictures.jpeg(3000, 2000), as_file=True)
        failure = await person.expect(text=text("model_out_of_memory", "en"), within=10)
        assert "Code:" in failure.all_text
        await person.press(failure, text("shrink_and_retry", "en"))
        await person.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)
        shrunk = next(record for record in records(tmp_path) if record["status"] == "completed")
        stored_input = pictures.opened((tmp_path / shrunk["inputs"][0]["key"]).read_bytes())
        assert stored_input.size == (1500, 1000)

        world.models.next_scenario(Scenario(fail="No face detected in the image"))
        await person.send_photo(PHOTO)
        failure = await person.expect(text=text("no_face", "en"), within=10)
        await person.press(failure, text("another_tool", "en"))
        await person.expect(button="✂️ Remove background")
        await person.press(failure, "✂️ Remove background")
        await person.expect(text="Remove background", within=10)
        await all_closed(tmp_path)

        world.models.next_scenario(Scenario(fail="something odd"))
        await person.send_photo(PHOTO)
        failure = await person.expect(text=text("model_failed", "en"), within=10)
        await person.press(failure, text("try_again", "en"))
        await person.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)


async def test_the_history_turns_its_cards_in_one_message_by_telegrams_own_names(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await a_result(person, tmp_path, caption="upscale")
        await a_result(person, tmp_path, caption="faces")
        await person.send_text("/history")
        card = await person.expect(text="Fix faces", button="1/2")
        assert "Kept until" in card.caption
        assert {text("compare", "en"), text("again", "en"), "🗑"} <= {button["text"] for button in card.buttons()}
        await person.press(card, "▶")
        await person.until(lambda: "Upscale" in card.caption, "the older card")
        assert [button["text"] for button in card.buttons()].count("2/2") == 1
        await person.press(card, "◀")
        await person.until(lambda: "Fix faces" in card.caption, "the newer card")
        uploads = [c for c in world.chat.calls if c.method in ("sendPhoto", "editMessageMedia")][-3:]
        assert not any("attach://" in str(call.params) for call in uploads)


async def test_results_come_as_file_or_as_both(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_text("/settings")
        settings = await person.expect(text=text("settings", "en"))
        await person.press(settings, "📤 Result as: photo")
        await person.expect(button="📤 Result as: file")
        await person.send_photo(PHOTO)
        await person.expect(document=True, text="Done", within=10)
        await all_closed(tmp_path)
        await person.press(settings, "📤 Result as: file")
        await person.expect(button="📤 Result as: photo and file")
        await person.send_photo(PHOTO)
        await person.expect(photo=True, text="Done", within=10)
        await person.expect(document=True, within=10)
        await all_closed(tmp_path)
    assert person.pings == 3  # the settings, and one for each photo


async def test_everything_of_a_person_is_deleted_with_two_taps_and_what_runs_goes_too(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person, other = world.person(), world.person()
        await a_result(other, tmp_path)
        await a_result(person, tmp_path)
        world.models.scenario = Scenario(hold="processing")
        await person.send_photo(PHOTO)
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        await person.send_text("/delete_me")
        question = await person.expect(text=text("delete_me_ask", "en"))
        await person.press(question, text("delete_everything", "en"))
        await person.until(lambda: "deleted." in question.all_text, "numbers")
        await eventually(lambda: not stored(tmp_path, "open"), within=10)
    assert [record["origin"]["user"] for record in records(tmp_path)] == [f"tg-{other.id}"]
    assert len(stored(tmp_path, "images")) == 2
    for prefix in ("history", "users", "ended"):
        assert not (tmp_path / prefix / f"tg-{person.id}").exists() or not stored(tmp_path, f"{prefix}/tg-{person.id}")
    assert not (tmp_path / "users" / f"tg-{person.id}.json").exists()
    assert [p.status for p in world.models.predictions()].count("canceled") == 1


async def test_three_variations_of_which_one_fails_come_as_an_album_of_two_with_a_report_that_says_so(world, tmp_path):
    async with running_bot(world.settings(tmp_path), impatient()):
        person = world.person()
        await person.send_photo(PHOTO, caption="edit make it blue")
        result = await person.expect(photo=True, text="Edit by words", within=10)
        await all_closed(tmp_path)
        world.models.next_scenario(Scenario(fail="something odd"))
        await person.press(result, text("variations", "en", n=3))
        report = await person.expect(document=True, within=15)
        await all_closed(tmp_path)
        album = [message for message in person.bot_messages if message.media_group_id]
        assert len(album) == 2
        assert album[0].caption.startswith(text("result_partial", "en", n=1))
        assert (await person.download(report)).startswith(b"%PDF-")
        assert person.pings == 2, "one for the first result, one for the album"
    seeds = [prediction.order.model_input["seed"] for prediction in world.models.predictions()]
    assert len(set(seeds)) == 4


def offer_with(name, **changes):
    """What is on offer, and the default once more under another name, with these changes, which nobody checks."""
    shipped = load_presets()
    more = {"name": name, "titles": {"en": "On trial"}, "aliases": {}, **changes}
    return {**shipped, name: shipped[DEFAULT_PRESET].model_copy(update=more)}


async def test_a_preset_that_is_taken_off_the_offer_while_a_photo_waits_is_the_reason_that_is_told(world, tmp_path):
    person, clock = world.person(), RunningClock()
    settings = world.settings(tmp_path / "data")
    world.models.scenario = Scenario(create_status=429, retry_after_s=60)
    async with running_bot(settings, Overrides(random=Impatient(), presets=offer_with("trial"))):
        await person.send_photo(PHOTO, caption="trial")
        await eventually(lambda: stored(tmp_path / "data", "jobs") and records(tmp_path / "data")[0].get("postponed"))
    clock.put_forward(61)
    async with running_bot(settings, Overrides(clock=clock, random=Impatient())):
        failure = await person.expect(text=text("preset_gone", "en"), within=5)
        assert [button["text"] for button in failure.buttons()] == [text("another_tool", "en")]
        await all_closed(tmp_path / "data")
    assert stored(tmp_path / "data", "poison") == []


async def test_what_nobody_foresaw_is_told_with_a_code_that_can_be_reported_to_the_owner(world, tmp_path):
    """A parameter that no request can carry has got past the check of the presets: the step that sends it breaks."""
    admin, person, clock = world.person(), world.person(), RunningClock()
    presets, data = offer_with("trial", fixed={"since": date(2026, 11, 21)}), tmp_path / "data"
    settings = world.settings(data, admin_ids=frozenset({admin.id}))
    async with running_bot(settings, Overrides(clock=clock, random=Impatient(), presets=presets)):
        await person.send_photo(PHOTO, caption="trial")
        await admin.send_text("/start")

        def stands():
            """While a create call is about to be made, time must not jump: its claim would be too old for it."""
            if not stored(data, "jobs"):
                return False
            (job,) = records(data)
            waits = [p["until"] for p in job.get("postponed", ()) if p["step"] == "find_orphan"]
            return job.get("outcome") or any(datetime.fromisoformat(until) > clock.now() for until in waits)

        async def failed():
            await eventually(stands)
            clock.put_forward(61)
            await admin.send_text("/resume")  # has every job looked at, as its timer would
            await admin.expect(text=text("admin_resumed", "en"))
            return [m for m in person.bot_messages if text("tell_owner", "en") in [b["text"] for b in m.buttons()]]

        (failure,) = await eventually(failed)
        (code,) = [record["id"][:8] for record in records(data)]
        assert code in failure.all_text
        assert "TypeError" not in failure.all_text
        press = await person.press(failure, text("tell_owner", "en"))
        assert (await press.answer())["text"] == text("reported", "en", code=code)
        await admin.expect(text=f"somebody reports job {code}")
        await all_closed(data)
    assert stored(data, "poison") != []
