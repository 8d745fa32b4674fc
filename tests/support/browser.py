"""The chat page in a real Chromium: one visit to it, and what must hold on it at any time."""

import base64
import functools
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from mock_server.telegram.samples import make_sample
from tests.support import pictures
from tests.support.programs import needs
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

IN_BROWSER = [
    pytest.mark.asyncio(loop_scope="session"),  # one browser for all
    needs(str(CHROMIUM)),
]
"""For `pytestmark` of a module."""

# Every text that is on the page with too little contrast to the colour behind it, and how many were looked at. Where a
# gradient is behind a text its colours all count; pictures are left out.
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
  const coloursIn = (image) =>
    (image.match(/rgba?\\([^)]*\\)|color\\([^)]*\\)/g) ?? []).map(rgba).filter(([, , , a]) => a === 1);
  const grounds = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (at.matches(".photo, .viewer img")) return [];
      const colour = rgba(style.backgroundColor);
      const plain = colour[3] === 1 ? [colour] : [];
      const solid = style.backgroundImage === "none" ? plain : coloursIn(style.backgroundImage);
      const seen = (one) => layers.reduceRight((below, top) => over(top, below), one.slice(0, 3));
      if (solid.length) return solid.map(seen);
      layers.push(colour);
    }
    return [];
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const UNREAD = "template, script, noscript, :disabled, .spoiler:not(.shown), .leaving, .entering";
  const top = document.querySelector("dialog[open]") ?? document.body; // what is behind a dialog is out of reach
  const found = [];
  let seen = 0;
  const walker = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest(UNREAD)) continue;
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    for (const behind of grounds(node)) {
      seen += 1;
      const [a, b] = [light(over(rgba(getComputedStyle(node).color), behind)), light(behind)].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) found.push(`${ratio.toFixed(2)} "${walker.currentNode.data.trim()}" .${node.className}`);
    }
  }
  return { found, seen };
}
"""
UNNAMED_CONTROLS = """
() => [...document.querySelectorAll("button, a, input, select, textarea, img, [role=button], [role=img]")]
  .filter((one) => one.checkVisibility() && !one.closest("template"))
  .filter((one) => {
    if (one.matches("img")) return !one.hasAttribute("alt");
    const words = [one.getAttribute("aria-label"), one.textContent, one.labels?.[0]?.textContent, one.title];
    return ![...words, one.querySelector("img")?.alt].some((word) => word?.trim());
  })
  .map((one) => one.outerHTML.slice(0, 120))
"""

HAND_OVER = """
([kind, selector, name, body]) => {
  const bytes = Uint8Array.from(atob(body), (one) => one.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/jpeg" }));
  const field = kind === "paste" ? "clipboardData" : "dataTransfer";
  const made = kind === "paste" ? ClipboardEvent : DragEvent;
  document.querySelector(selector).dispatchEvent(new made(kind, { bubbles: true, cancelable: true, [field]: data }));
}
"""


async def holds(page, look, about=None):
    """Wait until `look`, a JavaScript function that is given `about`, gives something true; returns it.

    Asked from here each time: what the page asks itself later its content security policy forbids, now and then.
    """
    return await eventually(lambda: page.evaluate(look, about))


@functools.cache
def small_scene(name):
    """A sample photo, 480 pixels wide."""
    return pictures.saved(pictures.opened(make_sample(name)).resize((480, 360)), "JPEG")


class Tab:
    """Shows one visit after another: each in a tab of its own would start three processes for it.

    What a page keeps, it keeps for its host and port, which are the emulator's own.
    """

    def __init__(self, browser):
        self._browser, self._free = browser, None

    @asynccontextmanager
    async def visit(self, emulator, *, viewport=DESKTOP, scheme="light"):
        """Open the page of an emulator; in the end nothing may have gone wrong on it."""
        page, self._free = self._free or await self._new_page(), None
        await page.set_viewport_size(viewport)
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        one = Visit(page, emulator.base_url)
        await one.open()
        yield one
        assert one.complaints == []
        await one.leave()
        self._free = page  # and one on which something failed is left alone

    async def _new_page(self):
        context = await self._browser.new_context()
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        page.set_default_timeout(LOADED_WITHIN_MS)
        return page


class Visit:
    """A page that remembers what should not have happened on it."""

    def __init__(self, page, base_url):
        self.page, self.base_url = page, base_url
        self.complaints, self.asked = [], []  # `asked`: (kind, path) of each request
        self._listeners = {"console": self._hear, "pageerror": self._fail, "request": self._see}
        for event, listener in self._listeners.items():
            page.on(event, listener)

    def _fail(self, error):
        self.complaints.append(f"error: {error}")

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _see(self, request):
        self.asked.append((request.resource_type, urlsplit(request.url).path))
        host = urlsplit(self.base_url).netloc
        if urlsplit(request.url).scheme not in ("blob", "data") and urlsplit(request.url).netloc != host:
            self.complaints.append(f"request elsewhere: {request.url}")

    async def open(self):
        await self.page.goto(self.base_url)
        await self.ready()

    async def leave(self):
        """Leave nothing behind for who comes next."""
        await self.page.unroute_all()
        await self.page.evaluate("() => localStorage.clear()")
        await self.page.goto("about:blank")
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)

    async def ready(self):
        await self.page.locator("body[data-ready]").wait_for()

    async def keep(self, name):
        """Keep a picture of what is seen, for people. A PNG would take a tenth of a second to make."""
        ARTIFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTIFACTS / f"{name}.jpg", quality=90)

    async def check_reading(self):
        """Every text has contrast, every control a name."""
        await self.page.wait_for_timeout(0)
        contrast = await self.page.evaluate(FAINT_TEXTS)
        assert not contrast["found"], contrast["found"]
        assert contrast["seen"] > 2
        unnamed = await self.page.evaluate(UNNAMED_CONTROLS)
        assert not unnamed, unnamed

    async def read_back_to(self, message_id):
        """Scroll up until this message is on the page, and stay there."""
        look = """(id) => {
          document.querySelector(".scroller").scrollTop = 0;
          return document.querySelector(`.block[data-first="${id}"]`) !== null;
        }"""
        await holds(self.page, look, message_id)

    async def attach(self, *names):
        """Choose small photos from the disk, so that what is made of them costs little."""
        files = [{"name": f"small-{name}", "mimeType": "image/jpeg", "buffer": small_scene(name)} for name in names]
        await self.page.get_by_label("Photos or files to send").first.set_input_files(files)
        await self.page.locator(".preview").nth(len(names) - 1).wait_for()

    async def give(self, kind, selector, name):
        """Paste a photo (kind "paste"), or drag it ("dragenter", "drop") to a place of the page."""
        body = base64.b64encode(small_scene("mountain-lake.jpg")).decode()
        await self.page.evaluate(HAND_OVER, [kind, selector, name, body])

    async def choose_sample(self, name):
        await self.page.get_by_role("button", name="Sample photos").click()
        await self.page.locator(f".menu [data-sample='{name}']").click()
        await self.page.locator(".preview-name", has_text=name).wait_for()

    async def send(self, text=None):
        if text is not None:
            await self.page.get_by_role("textbox", name="Message").fill(text)
        await self.page.get_by_role("button", name="Send", exact=True).click()

    async def choose(self, item):
        """Choose from the menu of the chat."""
        await self.page.get_by_role("button", name="More about this chat").click()
        await self.page.get_by_role("menuitem", name=item).click()


async def as_bot(emulator, method, **params):
    """Call the Bot API beside the bot that runs, if any; gives the result."""
    url = f"{emulator.base_url}/bot{emulator.bot_token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, json=params) as response:
        answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]
