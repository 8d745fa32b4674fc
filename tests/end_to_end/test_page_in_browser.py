"""The chat page in a real browser, with the real bot behind it. Pictures of what was seen stay in test-artifacts/."""

import os
import re
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from mock_server.replicate.scenario import Scenario
from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.server import run_telegram_emulator
from tests.support.darkroom import free_port, open_world, running_bot
from tests.support.waiting import eventually

CHROMIUM = Path("/usr/bin/chromium")
ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
SWITCHES = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
LOADED_WITHIN_MS = 15_000

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),  # one browser for all
    pytest.mark.skipif(not CHROMIUM.exists() and not os.environ.get("CI"), reason=f"there is no {CHROMIUM}"),
    pytest.mark.timeout(180),
]

# Every text that is on the page with too little contrast to the colour behind it; pictures and gradients are left out.
FAINT_TEXTS = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const colour = rgba(style.backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) return layers.reverse().reduce((below, top) => over(top, below), colour.slice(0, 3));
    }
    return null;
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const UNREAD = "template, script, noscript, :disabled, .spoiler, .leaving, .entering";
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest(UNREAD)) continue;
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const behind = ground(node);
    if (!behind) continue;
    const [a, b] = [light(over(rgba(getComputedStyle(node).color), behind)), light(behind)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} "${walker.currentNode.data.trim()}" .${node.className}`);
  }
  return found;
}
"""
UNNAMED_CONTROLS = """
() => [...document.querySelectorAll("button, a, input, select, textarea, img")]
  .filter((one) => one.checkVisibility() && !one.closest("template"))
  .filter((one) => {
    if (one.matches("img")) return !one.hasAttribute("alt");
    const words = [one.getAttribute("aria-label"), one.textContent, one.labels?.[0]?.textContent];
    return ![...words, one.querySelector("img")?.alt].some((word) => word?.trim());
  })
  .map((one) => one.outerHTML.slice(0, 120))
"""


class Visit:
    """A page that remembers what should not have happened on it."""

    def __init__(self, page, host):
        self.page, self.host = page, host
        self.complaints = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._see)

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _see(self, request):
        if urlsplit(request.url).scheme not in ("blob", "data") and urlsplit(request.url).netloc != self.host:
            self.complaints.append(f"request elsewhere: {request.url}")

    async def keep(self, name):
        ARTIFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    async def check_reading(self):
        await self.page.wait_for_timeout(0)
        assert await self.page.evaluate(FAINT_TEXTS) == []
        assert await self.page.evaluate(UNNAMED_CONTROLS) == []

    async def choose_sample(self, name):
        await self.page.get_by_role("button", name="Sample photos").click()
        await self.page.locator(f".menu [data-sample='{name}']").click()
        await self.page.locator(".preview-name", has_text=name).wait_for()

    async def send(self):
        await self.page.get_by_role("button", name="Send", exact=True).click()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser():
    # Where Chromium is, a missing Playwright is a mistake in the set-up, not a reason to skip.
    from playwright.async_api import async_playwright

    async with async_playwright() as started:
        opened = await started.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def world():
    async with open_world() as opened:
        yield opened


@pytest.fixture
def visit(browser, world):
    @asynccontextmanager
    async def open_page(*, viewport=DESKTOP, scheme="light"):
        context = await browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        page.set_default_timeout(LOADED_WITHIN_MS)
        one = Visit(page, urlsplit(world.telegram.base_url).netloc)
        await page.goto(world.telegram.base_url)
        await page.locator("body[data-ready]").wait_for()
        yield one
        assert one.complaints == []
        await context.close()

    return open_page


async def test_a_newcomer_sends_a_photo_cancels_another_sends_an_album_and_changes_the_language(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path)), visit() as one:
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
        await page.locator(".theirs .words", has_text="It does not count").wait_for()
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
    async with running_bot(settings), visit(scheme="dark") as one:
        page = one.page
        await page.get_by_role("button", name="Inspector", exact=True).click()
        await one.choose_sample("lighthouse.jpg")
        await one.send()
        await page.locator(".job .state", has_text="delivered").wait_for()
        await page.locator(".row-title", has_text="webhook completed").wait_for()
        titles = await page.locator(".job .row-title").all_inner_texts()
        assert titles[0] == "update: photo"
        assert {"sendMessage", "getFile", "POST /v1/predictions", "webhook completed", "sendPhoto"} <= set(titles)
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
    async with running_bot(world.settings(tmp_path)), visit() as one:
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
    async with running_bot(world.settings(tmp_path)), visit() as one:
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
    async with running_bot(world.settings(tmp_path / "recorded")), visit() as one:
        page = one.page
        await page.get_by_role("button", name="START").click()
        await page.locator(".theirs .words").first.wait_for()
        await one.choose_sample("not-an-image.jpg")
        await one.send()
        await page.get_by_text("not a picture").first.wait_for()
        await one.choose_sample("lighthouse.jpg")
        await one.send()
        await page.get_by_role("button", name="✖ Cancel", exact=True).click()
        await page.locator(".theirs .words", has_text="It does not count").wait_for()
        await page.get_by_role("button", name="Copy this chat as a test").click()
        await page.get_by_text("Copied this chat as a test").wait_for()
        story = await page.evaluate("() => navigator.clipboard.readText()")
    names = {}
    exec(compile(story, "recorded chat", "exec"), names)
    async with open_world() as another:
        await names["test_recorded_chat"](another, tmp_path / "replayed")
    assert "make_sample" in story
    assert "person.press(" in story


async def test_it_works_on_a_phone_and_by_keyboard_alone(world, tmp_path, visit):
    async with running_bot(world.settings(tmp_path)), visit(viewport=PHONE, scheme="dark") as one:
        page = one.page
        assert await page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
        await one.check_reading()
        assert await page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "Message"
        await page.keyboard.type("/")
        await page.locator(".menu.commands").wait_for()
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
    async with running_bot(world.settings(tmp_path)), visit() as one:
        page = one.page
        group = "Photo club"
        await page.locator(".person", has_text="Anna").locator(".chat", has_text=group).click()
        await page.get_by_role("button", name="Open another chat beside").click()
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


async def test_a_long_chat_is_drawn_in_portions_and_stays_where_it_is_while_older_ones_come(world, visit):
    ada = world.person()
    for number in range(1000):
        await ada.send_text(f"message {number}")
    async with visit() as one:
        page = one.page
        await page.locator(".words", has_text=re.compile("^message 999$")).wait_for()
        assert await page.locator(".block").count() == 60
        stays = "() => { const s = document.querySelector('.scroller'); s.scrollTop = 40; }"
        await page.evaluate(stays)
        await page.locator(".block").nth(61).wait_for(state="attached")
        assert await page.evaluate("() => document.querySelector('.scroller').scrollTop") > 40
        while await page.locator(".block").count() < 1000:
            count = await page.locator(".block").count()
            await page.evaluate(stays)
            await page.locator(".block").nth(count).wait_for(state="attached")
        texts = await page.locator(".words").all_inner_texts()
        assert texts == [f"message {number}" for number in range(1000)]
        slowest = await page.evaluate(
            """async () => {
              const scroller = document.querySelector(".scroller");
              let slowest = 0, before = performance.now();
              for (let step = 0; step < 40; step += 1) {
                scroller.scrollTop = (step / 40) * scroller.scrollHeight;
                await new Promise(requestAnimationFrame);
                const now = performance.now();
                slowest = Math.max(slowest, now - before);
                before = now;
              }
              return slowest;
            }"""
        )
        assert slowest < 500  # a busy machine draws slowly; a page that cannot cope takes seconds


async def test_the_page_finds_its_feet_again_when_the_sandbox_restarts(browser):
    config = TelegramEmulatorConfig(port=free_port())
    page = await browser.new_page()
    page.set_default_timeout(LOADED_WITHIN_MS)
    async with run_telegram_emulator(config) as emulator:
        await page.goto(emulator.base_url)
        await page.get_by_role("textbox", name="Message").fill("before")
        await page.keyboard.press("Enter")
        await page.locator(".mine .words", has_text="before").wait_for()
    await page.get_by_text("The emulator does not answer").wait_for()
    async with run_telegram_emulator(config) as emulator:
        await page.get_by_text("The emulator does not answer").wait_for(state="hidden")
        await page.get_by_role("button", name="START").wait_for()
        assert await page.get_by_text("before").count() == 0
        await emulator.control.users()[0].send_text("after")
        await page.locator(".mine .words", has_text="after").wait_for()
    await page.close()
