"""The chat page with the real bot behind it. Pictures of what was seen stay in test-artifacts/."""

import re

from bot.app import Overrides
from bot.telegram.wording import text
from mock_server.replicate.scenario import Scenario
from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.samples import make_sample
from tests.support import pictures
from tests.support.browser import IN_BROWSER, PHONE, as_bot, holds
from tests.support.darkroom import open_world, running_bot
from tests.support.waiting import eventually

pytestmark = IN_BROWSER

QUICK = Overrides(gather_s=0.3)
MENTION = f"@{TelegramEmulatorConfig().bot_username}"


BOT_FACES = """
() => [...document.querySelectorAll(".avatar.bot")]
  .map((one) => getComputedStyle(one).backgroundImage.match(/url\\("(.+)"\\)/)[1])
"""
SIZE_OF_IMAGE = """
async (url) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  return [image.naturalWidth, image.naturalHeight];
}
"""


async def faces(page, part):
    """Where the bot's picture comes from in all places that show it, once that is somewhere in `part`."""
    await holds(page, f"(part) => ({BOT_FACES})().every((url) => url.includes(part))", part)
    return await page.evaluate(BOT_FACES)


async def test_the_bot_gets_its_face_in_every_place_while_one_looks_on(world, tmp_path, visit):
    async with visit(world.telegram) as one:
        page = one.page
        assert len(await faces(page, "/page/icon.svg")) == 4  # two in the list, above the chat, and in the empty chat
        async with running_bot(world.settings(tmp_path), profile=True):
            shown = await faces(page, "/control/media/")
            assert len(set(shown)) == 1
            assert await page.evaluate(SIZE_OF_IMAGE, shown[0]) == [640, 640]
            await page.locator(".pane .description", has_text="Send").wait_for()
            await one.check_reading()
            await one.keep("page-face")
        await as_bot(world.telegram, "removeMyProfilePhoto")
        await faces(page, "/page/icon.svg")


async def test_a_newcomer_sees_how_it_goes_works_on_the_result_and_cancels_another_photo(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path)), visit(world.telegram) as one:
        page = one.page
        await one.check_reading()
        await one.keep("page-empty")

        world.models.next_scenario(Scenario(delay_s=5))
        await one.give("dragenter", ".pane .messages", "lake.jpg")
        await page.get_by_text("Drop as photo").wait_for()
        await one.give("drop", ".drop-zone", "lake.jpg")
        await page.locator(".preview").wait_for()
        await page.get_by_role("textbox", name="Message").fill("<b>my</b> old print & more")
        await one.send()
        await page.get_by_text("Your photo is accepted").first.wait_for()
        await one.keep("page-accepted")
        await page.locator(".theirs .words", has_text=re.compile(r"Working on it(: \d+% done| for \d+ sec)")).wait_for()
        await one.keep("page-progress")
        result = page.locator(".theirs", has_text="✨ Done")
        await result.locator(".photo").wait_for()
        await page.locator(".theirs", has_text="Working on it").wait_for(state="detached")
        assert await page.locator(".mine .words").inner_text() == "<b>my</b> old print & more"
        assert await page.locator(".pings b").inner_text() == "1"
        assert await page.locator(".mine .ticks").get_attribute("title") == "The bot has it"

        await result.locator(".photo").click()
        assert await page.locator("#viewer figcaption b").all_inner_texts() == ["Original", "Result"]
        await one.keep("page-viewer")
        await page.keyboard.press("Escape")

        await result.get_by_role("button", name="↔ Compare").click()
        await page.locator(".theirs", has_text="Before · after").locator(".album .photo").nth(2).wait_for()
        await result.get_by_role("button", name="⬇ Original file").click()
        await page.locator(".theirs .file").wait_for()
        await result.get_by_role("button", name="✨ Do more…").click()
        await one.check_reading()
        await one.keep("page-tools")
        await result.get_by_role("button", name=text("back", "en")).click()
        await result.get_by_role("button", name="🔁 Again").click()
        await result.nth(1).wait_for()
        await page.locator(".pings", has_text="2").wait_for()
        cancel = page.get_by_role("button", name="✖ Cancel", exact=True)
        await cancel.wait_for(state="detached")

        world.models.next_scenario(Scenario(hold="processing"))
        await one.attach("portrait.jpg")
        await one.send()
        await cancel.wait_for()
        await cancel.click()
        canceled = page.locator(".theirs", has_text="Canceled")
        await canceled.get_by_role("button", name="🔁 Try again").wait_for()
        assert "edited" in await canceled.locator(".meta").inner_text()
        assert await cancel.count() == 0
        assert await page.locator(".pings b").inner_text() == "2"


async def test_an_album_is_asked_about_and_comes_back_and_the_language_changes(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path), QUICK), visit(world.telegram) as one:
        page = one.page
        await one.attach("lighthouse.jpg", "mountain-lake.jpg")
        await one.send()
        await page.locator(".mine .album .photo").nth(1).wait_for()
        question = page.locator(".theirs", has_text="I see 2 photos.")
        await question.get_by_role("button", name="📚 All 2 photos").wait_for()
        assert "primary" in await question.get_by_role("button", name="📚 All 2 photos").get_attribute("class")
        await one.check_reading()
        await one.keep("page-question")
        await question.get_by_role("button", name="📚 All 2 photos").click()
        await page.locator(".theirs", has_text="✨ Done").locator(".album .photo").nth(1).wait_for()
        await page.locator(".theirs .file", has_text=".pdf").wait_for()
        await one.check_reading()
        await one.keep("page-album")

        await page.get_by_label("Language of Anna").select_option("ru")
        await one.send("/start")
        await page.get_by_text("Пришлите фото").first.wait_for()
        await page.locator(".pings", has_text="2").wait_for()
        shown = await page.locator(".pane .block").count()
        await page.reload()
        await one.ready()
        assert await page.locator(".pane .block").count() == shown
        assert await page.locator(".pings b").inner_text() == "2"


async def test_the_inspector_tells_the_story_of_a_photo_and_keeps_secrets(world, tmp_path, visit):
    settings = world.settings(tmp_path)
    async with running_bot(settings), visit(world.telegram, scheme="dark") as one:
        page = one.page
        await page.get_by_role("button", name="Inspector", exact=True).click()
        await one.attach("lighthouse.jpg")
        await one.send()
        await page.locator(".job .state", has_text="delivered").wait_for()
        await page.locator(".row-title", has_text="webhook completed").wait_for()
        titles = await page.locator(".job .row-title").all_inner_texts()
        assert titles[0] == "update: photo"
        assert {"sendMessage", "getFile", "POST /v1/predictions", "webhook completed", "sendPhoto"} <= set(titles)
        (job_id,) = await page.locator(".ids .id").all_inner_texts()
        assert [path.stem for path in (tmp_path / "jobs").iterdir()] == [job_id]
        await page.get_by_label("Show only timelines with").fill("nothing has this")
        await page.get_by_text("Nothing here has that.").wait_for()
        await page.get_by_label("Show only timelines with").fill(job_id.replace("-", "")[:12])
        await page.locator(".job").wait_for()
        for row in await page.locator(".job .row-head").all():
            await row.click()
        await one.check_reading()
        await one.keep("page-inspector")
        shown = await page.locator(".job").inner_text()
        row = page.locator(".job .row", has_text="POST /v1/predictions")
        await row.get_by_role("button", name="curl").click()
        copied = await page.evaluate("() => navigator.clipboard.readText()")
        assert copied.startswith("curl -sS -X POST ")
        assert '"$REPLICATE_API_TOKEN"' in copied
        for secret in (
            world.telegram.bot_token,
            settings.replicate_api_token.get_secret_value(),
            settings.telegram_secret_token.get_secret_value(),
        ):
            assert secret not in shown + copied
        assert re.search(r"ref=\*\*\*", shown)
        await page.get_by_label("Show only timelines with").fill("")
        await one.send("/history")
        await page.locator(".job", has_text="/history").locator(".row-title", has_text="sendPhoto").wait_for()
        assert await page.locator(".job").count() == 2, "a card names the job, and is no part of its timeline"
        assert not re.search(r"[?&](ref|s)=\w", shown)


def seconds(shown):
    """From "+1.23 s"."""
    value, unit = shown.split()
    assert unit == "s"
    return float(value)


async def test_a_press_that_begins_a_job_stands_in_the_timeline_of_that_job(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path)), visit(world.telegram) as one:
        page = one.page
        photo, again = (
            page.locator(".job").filter(has=page.locator(".job-head b").get_by_text(title, exact=True))
            for title in ("Photo", "Press: 🔁 Again")
        )
        await page.get_by_role("button", name="Inspector", exact=True).click()
        await one.attach("lighthouse.jpg")
        await one.send()
        await page.locator(".job .state", has_text="delivered").wait_for()
        steps = ["POST /v1/predictions", "webhook completed", "sendPhoto"]

        async def story(card, *also):
            """The id of its job, and what happened, once these have."""
            if await card.locator(".job-head").get_attribute("aria-expanded") == "false":
                await card.locator(".job-head").click()
            for step in (*steps, *also):
                await card.locator(".row-title", has_text=step).first.wait_for()
            (job_id,) = await card.locator(".ids .id").all_inner_texts()
            return job_id, await card.locator(".row-title").all_inner_texts()

        first_id, _ = await story(photo)
        await page.get_by_role("button", name="↔ Compare").click()
        press = photo.locator(".row", has=page.locator(".row-title", has_text="press: ↔ Compare"))
        pressed_after = seconds(await press.locator(".offset").inner_text())
        assert seconds(await photo.locator(".duration").inner_text()) < pressed_after, "the making ended before"
        await page.get_by_role("button", name="🔁 Again").click()
        again_id, titles = await story(again, "answerCallbackQuery", "setMessageReaction")
        assert titles[0] == "press: 🔁 Again"
        assert not {"update: photo", "press: ↔ Compare"} & set(titles)
        photo_id, titles = await story(photo)
        assert photo_id == first_id
        assert [titles.count(step) for step in steps] == [1, 1, 1]
        assert "press: 🔁 Again" not in titles

        await one.send("/history")
        card = page.locator(".theirs", has=page.get_by_role("button", name="1/2"))
        await card.get_by_role("button", name="🔁 Again").click()
        await again.nth(1).wait_for()
        third_id, titles = await story(again.first)
        assert titles[0] == "press: 🔁 Again"
        assert len({first_id, again_id, third_id}) == await page.locator(".job").count() - 1 == 3, (
            "and one for the history"
        )
        assert {path.stem for path in (tmp_path / "jobs").iterdir()} == {first_id, again_id, third_id}
        await page.locator(".theirs", has_text="✨ Done").last.get_by_role("button", name="Actions on").click()
        await page.get_by_role("menuitem", name="Show in the inspector").click()
        await holds(page, "() => document.activeElement.matches('.job:first-child .job-head')")


async def test_switches_turn_and_a_blocked_bot_shows(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path)), visit(world.telegram) as one:
        page = one.page
        await page.get_by_role("button", name="Inspector", exact=True).click()
        await page.get_by_role("tab", name="Faults").click()
        await page.get_by_label("From now on").select_option("nsfw")
        await eventually(lambda: world.models.scenario == Scenario(fail="nsfw"))
        await page.get_by_role("button", name=re.compile("^429: too fast")).click()
        await page.locator(".armed li").wait_for()
        assert [fault.error_code for fault in world.chat.faults.armed()] == [429]
        await one.check_reading()
        await one.keep("page-faults")
        await page.get_by_role("button", name="Disarm all").click()
        await page.locator(".armed li").wait_for(state="detached")
        await page.locator(".switches").get_by_label("Anna").check()
        await eventually(lambda: world.chat.users()[0].person.blocked_bot)
        await page.locator(".person .tag", has_text="blocked the bot").wait_for()


async def test_photos_can_be_pasted_and_dropped_and_keep_their_bytes_as_a_file(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path)), visit(world.telegram) as one:
        page = one.page
        await one.give("paste", ".pane .input", "pasted.jpg")
        await page.locator(".preview-name", has_text="pasted.jpg").wait_for()
        await one.give("dragenter", ".pane .messages", "x.jpg")
        await page.get_by_text("Drop as file").wait_for()
        await one.give("drop", ".drop-zone:last-child", "<i>dropped</i>.jpg")
        await page.get_by_text("Drop as file").wait_for(state="hidden")
        assert await page.locator(".preview").count() == 2
        assert await page.get_by_label("as file").is_checked()
        await page.get_by_label("as one album").uncheck()
        await one.send()
        await page.locator(".file-facts a", has_text="<i>dropped</i>.jpg").wait_for()
        files = [message.document for message in world.chat.users()[0].messages if message.document]
        assert [file.name for file in files if not file.name.startswith("darkroom")] == [
            "pasted.jpg",
            "<i>dropped</i>.jpg",
        ]
        await eventually(lambda: len(world.models.predictions()) == 2)
        await world.models.idle()


async def test_a_recorded_chat_is_a_test_that_passes(world, tmp_path, visit):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path / "recorded"), QUICK), visit(world.telegram) as one:
        page = one.page
        await page.get_by_role("button", name="START").click()
        await page.locator(".theirs .words").first.wait_for()
        await one.choose_sample("not-an-image.jpg")
        await one.send()
        await page.get_by_text("not a picture").first.wait_for()
        cancel = page.get_by_role("button", name="✖ Cancel", exact=True)
        await cancel.wait_for(state="detached")
        await one.choose_sample("lighthouse.jpg")
        await one.send()
        await cancel.click()
        await page.locator(".theirs .words", has_text="Canceled").wait_for()
        world.models.scenario = Scenario()
        await one.attach("portrait.jpg")
        await one.send()
        result = page.locator(".theirs", has_text="✨ Done")
        await result.get_by_role("button", name="⬇ Original file").click()
        await page.locator(".theirs .file").wait_for()
        await one.attach("lighthouse.jpg", "mountain-lake.jpg")
        await one.send()
        await page.get_by_role("button", name="📚 All 2 photos").click()
        await page.locator(".theirs .file", has_text=".pdf").wait_for()
        await page.locator(".theirs .album .photo").nth(1).wait_for()
        story = await copied(one)
    names = {}
    exec(compile(story, "recorded chat", "exec"), names)
    async with open_world() as another:
        await names["test_recorded_chat"](another, tmp_path / "replayed")
    assert "make_sample" in story
    assert 'await user.press(asked, "✖ Cancel")' in story
    assert 'await user.press(answer, "⬇ Original file")' in story
    assert 'await user.press(asked, "📚 All 2 photos")' in story
    assert 'await user.expect_album(2, text="✨ Done", within=30)' in story


async def test_a_recorded_group_with_answers_and_edits_is_a_test_that_passes(world, tmp_path, visit):
    anna, ivan = world.chat.add_user("Anna", user_id=1001), world.chat.add_user("Иван", "ru", user_id=1002)
    group = world.chat.add_group("Photo club", [anna, ivan])
    first, second = anna.in_chat(group), ivan.in_chat(group)
    async with running_bot(world.settings(tmp_path / "recorded")):
        question = await first.send_text('a "quoted" question')
        await second.send_text("an answer", reply_to=question)
        await first.edit(question, "another question")
        await first.send_album([pictures.jpeg(160, 120)] * 2, caption="two", as_file=True)
        await second.send_photo(make_sample("camera.webp"), caption=MENTION)
        await second.expect(photo=True, within=30)
        await second.until(lambda: not any(message.text for message in second.bot_messages), "only results", within=30)
    async with visit(world.telegram) as one:
        await one.page.locator(".person", has_text="Anna").locator(".chat", has_text="Photo club").click()
        story = await copied(one)
    names = {}
    exec(compile(story, "recorded group", "exec"), names)
    async with open_world() as another:
        await names["test_recorded_chat"](another, tmp_path / "replayed")
    for line in (
        'anna = world.chat.add_user("Anna", "en")',
        'user2 = world.chat.add_user("Иван", "ru")',
        'group = world.chat.add_group("Photo club", [anna, user2])',
        'sent = await anna.send_text("a \\"quoted\\" question")',
        'await user2.send_text("an answer", reply_to=sent)',
        'await anna.edit(sent, "another question")',
    ):
        assert f"        {line}\n" in story


async def copied(one):
    await one.choose("Copy this chat as a test")
    await one.page.get_by_text("Copied this chat as a test").wait_for()
    return await one.page.evaluate("() => navigator.clipboard.readText()")


async def test_it_works_on_a_phone_and_by_keyboard_alone(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path)), visit(world.telegram, viewport=PHONE, scheme="dark") as one:
        page = one.page
        await as_bot(world.telegram, "setMyCommands", commands=[{"command": "start", "description": "Begin"}])
        assert await page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
        await one.check_reading()
        assert await page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "Message"
        await page.keyboard.type("/")
        await page.locator(".commands li").first.wait_for()
        await page.keyboard.type("sta")
        await page.keyboard.press("Enter")
        await page.locator(".theirs .words", has_text="Just send me one").wait_for()
        await page.keyboard.press("Shift+Tab")
        assert await page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
        await one.choose_sample("lighthouse.jpg")
        await page.keyboard.press("Enter")
        await page.locator(".theirs .photo").wait_for()
        await page.locator(".theirs", has_text="accepted").wait_for(state="detached")
        assert await page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
        await one.keep("page-phone")
        await page.get_by_role("button", name="People and chats").click()
        await page.locator(".chat", has_text="Photo club").first.click()
        await page.locator(".title", has_text="Photo club").wait_for()
        await one.check_reading()


async def test_two_people_side_by_side_see_the_same_group_live(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path)), visit(world.telegram) as one:
        page = one.page
        group = "Photo club"
        await page.locator(".person", has_text="Anna").locator(".chat", has_text=group).click()
        await one.choose("Open another chat beside")
        await page.locator(".pane").nth(1).wait_for()
        await page.locator(".person", has_text="Иван").locator(".chat", has_text=group).click()
        first, second = page.locator(".pane").nth(0), page.locator(".pane").nth(1)
        await first.get_by_role("textbox", name="Message").fill("Hello from Anna")
        await page.keyboard.press("Enter")
        await first.locator(".mine", has_text="Hello from Anna").wait_for()
        await second.locator(".theirs", has_text="Hello from Anna").wait_for()
        await second.locator(".theirs .block-menu").focus()
        await page.keyboard.press("Enter")
        await page.get_by_role("menuitem", name="React with 🔥").click()
        await first.locator(".reaction", has_text="🔥").wait_for()
        await one.check_reading()
        await one.keep("page-beside")
