"""The chat page with the real bot behind it. Pictures of what was seen stay in test-artifacts/."""

import re

from mock_server.replicate.scenario import Scenario
from mock_server.telegram.samples import make_sample
from tests.support import pictures
from tests.support.browser import IN_BROWSER, PHONE, as_bot
from tests.support.darkroom import open_world, running_bot
from tests.support.waiting import eventually

pytestmark = IN_BROWSER


async def test_a_newcomer_sends_a_photo_cancels_another_sends_an_album_and_changes_the_language(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path)), visit(world.telegram) as one:
        page = one.page
        await one.check_reading()
        await one.keep("page-empty")

        world.models.scenario = Scenario(hold="processing")
        await page.locator(".empty [data-sample='lighthouse.jpg']").click()
        await page.locator(".preview").wait_for()
        await page.get_by_role("textbox", name="Message").fill("<b>my</b> old print & more")
        await one.send()
        await page.get_by_text("Your photo is accepted").first.wait_for()
        await one.keep("page-accepted")
        world.models.scenario = Scenario()
        world.models.release()
        result = page.locator(".theirs .photo").first
        await result.wait_for()
        await page.locator(".theirs .words", has_text="Done").wait_for()
        await page.locator(".theirs", has_text="accepted").wait_for(state="detached")
        assert await page.locator(".mine .words").inner_text() == "<b>my</b> old print & more"
        assert await page.locator(".pings b").inner_text() == "1"
        assert await page.locator(".mine .ticks").get_attribute("title") == "The bot has it"

        await result.click()
        assert await page.locator("#viewer figcaption b").all_inner_texts() == ["Original", "Result"]
        await one.keep("page-viewer")
        await page.keyboard.press("Escape")

        world.models.scenario = Scenario(hold="processing")
        await one.choose_sample("portrait.jpg")
        await one.send()
        await page.get_by_role("button", name="✖ Cancel", exact=True).click()
        await page.locator(".theirs .words", has_text="Canceled").wait_for()
        assert "edited" in await page.locator(".theirs .meta").last.inner_text()
        assert await page.get_by_role("button", name="✖ Cancel", exact=True).count() == 0
        world.models.scenario = Scenario()

        await one.choose_sample("lighthouse.jpg")
        await one.choose_sample("mountain-lake.jpg")
        await one.send()
        await page.locator(".mine .album .photo").nth(1).wait_for()
        await eventually(lambda: page.locator(".theirs .photo").count(), within=15)
        while await page.locator(".theirs .photo").count() < 3:
            await page.locator(".theirs .photo").nth(2).wait_for()
        await one.check_reading()
        await one.keep("page-album")

        await page.get_by_label("Language of Anna").select_option("ru")
        await page.get_by_role("textbox", name="Message").fill("/start")
        await page.keyboard.press("Enter")
        await page.get_by_text("Пришлите фото").first.wait_for()

        shown = await page.locator(".pane .block").count()
        await page.reload()
        await page.locator("body[data-ready]").wait_for()
        assert await page.locator(".pane .block").count() == shown
        assert await page.locator(".pings b").inner_text() == "4"


async def test_the_inspector_tells_the_story_of_a_photo_and_keeps_secrets(world, tmp_path, visit):
    settings = world.settings(tmp_path)
    async with running_bot(settings), visit(world.telegram, scheme="dark") as one:
        page = one.page
        await page.get_by_role("button", name="Inspector", exact=True).click()
        await one.choose_sample("lighthouse.jpg")
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
        assert not re.search(r"[?&](ref|s)=\w", shown)


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
        give = """async ([kind, selector, name]) => {
          const blob = await (await fetch("/control/samples/mountain-lake.jpg")).blob();
          const data = new DataTransfer();
          data.items.add(new File([blob], name, { type: "image/jpeg" }));
          const field = kind === "paste" ? "clipboardData" : "dataTransfer";
          const made = kind === "paste" ? ClipboardEvent : DragEvent;
          const event = new made(kind, { bubbles: true, cancelable: true, [field]: data });
          document.querySelector(selector).dispatchEvent(event);
        }"""
        await page.evaluate(give, ["paste", ".pane .input", "pasted.jpg"])
        await page.locator(".preview-name", has_text="pasted.jpg").wait_for()
        await page.evaluate(give, ["dragenter", ".pane .messages", "x.jpg"])
        await page.get_by_text("Drop as file").wait_for()
        await page.evaluate(give, ["drop", ".drop-zone:last-child", "<i>dropped</i>.jpg"])
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
    async with running_bot(world.settings(tmp_path / "recorded")), visit(world.telegram) as one:
        page = one.page
        await page.get_by_role("button", name="START").click()
        await page.locator(".theirs .words").first.wait_for()
        await one.choose_sample("not-an-image.jpg")
        await one.send()
        await page.get_by_text("not a picture").first.wait_for()
        await one.choose_sample("lighthouse.jpg")
        await one.send()
        await page.get_by_role("button", name="✖ Cancel", exact=True).click()
        await page.locator(".theirs .words", has_text="Canceled").wait_for()
        story = await copied(one)
    names = {}
    exec(compile(story, "recorded chat", "exec"), names)
    async with open_world() as another:
        await names["test_recorded_chat"](another, tmp_path / "replayed")
    assert "make_sample" in story
    assert "await user.press(asked, " in story


async def test_a_recorded_group_with_answers_and_edits_is_a_test_that_passes(world, tmp_path, visit):
    anna, ivan = world.chat.add_user("Anna", user_id=1001), world.chat.add_user("Иван", "ru", user_id=1002)
    group = world.chat.add_group("Photo club", [anna, ivan])
    first, second = anna.in_chat(group), ivan.in_chat(group)
    async with running_bot(world.settings(tmp_path / "recorded")):
        question = await first.send_text('a "quoted" question')
        await second.send_text("an answer", reply_to=question)
        await first.edit(question, "another question")
        await first.send_album([pictures.jpeg(160, 120)] * 2, caption="two", as_file=True)
        sent = await second.send_photo(make_sample("camera.webp"))
        await second.expect(photo=True, after=sent, within=30)
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
