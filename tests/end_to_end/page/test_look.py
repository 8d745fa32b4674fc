"""Everything a bot can send, as the page shows it: readable in both themes, whole, at home on a phone."""

import io
import json
import re

import aiohttp
import pytest
import pytest_asyncio

from mock_server.telegram.samples import make_sample
from mock_server.telegram.server import run_telegram_emulator
from tests.support import pictures
from tests.support.browser import DESKTOP, IN_BROWSER, PHONE, as_bot

pytestmark = IN_BROWSER

TEXT = """<b>bold</b> <i>italic</i> <u>under</u> <s>struck</s> <code>inline</code> <a href="https://example.org">link</a>
<tg-spoiler>a secret</tg-spoiler> /help @somebody https://example.org/x <b>both <i>at once</i></b>
<pre><code class="language-python">print("two\nlines")</code></pre>
<blockquote>a quote</blockquote>
<blockquote expandable>one\ntwo\nthree\nfour\nfive</blockquote>
the end"""
KEYS = [
    [{"text": "✨ Restore", "callback_data": "a", "style": "primary"}, {"text": "Upscale", "callback_data": "b"}],
    [{"text": "◀", "callback_data": "c"}, {"text": "3/17", "callback_data": "d"}, {"text": "▶", "callback_data": "e"}],
    [{"text": "A button with a label that is far too long for a single line of a narrow phone", "callback_data": "f"}],
    [{"text": "Site", "url": "https://example.org"}, {"text": "Code", "copy_text": {"text": "7F3A"}}],
    [
        {"text": "Delete", "callback_data": "g", "style": "danger"},
        {"text": "OK", "callback_data": "h", "style": "success"},
    ],
]


STICKING_OUT = """
() => {
  const pane = document.querySelector(".scroller").getBoundingClientRect();
  return [...document.querySelectorAll(".messages *")]
    .filter((one) => !one.closest(".block-menu, svg, pre, .covered"))
    .filter((one) => {
      const { left, right, width } = one.getBoundingClientRect();
      return width && (left < pane.left || right > pane.right);
    })
    .map((one) => one.outerHTML.slice(0, 120));
}
"""


async def upload(emulator, method, files, **params):
    form = aiohttp.FormData(quote_fields=False)
    for name, value in params.items():
        form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    for name, (filename, body) in files.items():
        form.add_field(name, io.BytesIO(body), filename=filename)
    url = f"{emulator.base_url}/bot{emulator.bot_token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
        answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]


async def send_album(emulator, chat_id, sizes, *, kind="photo"):
    media = [{"type": kind, "media": f"attach://f{number}"} for number in range(len(sizes))]
    media[0]["caption"] = f"album of {len(sizes)}"
    name = "a.jpg" if kind == "photo" else "report.pdf"
    files = {f"f{number}": (name, pictures.jpeg(*size)) for number, size in enumerate(sizes)}
    return await upload(emulator, "sendMediaGroup", files, chat_id=chat_id, media=media)


async def fill(emulator):
    """A chat with all there is; gives the person."""
    anna, ivan = emulator.control.add_user("Anna", user_id=1001), emulator.control.add_user("Иван", "ru", user_id=1002)
    chat = {"chat_id": anna.id}
    sent = await anna.send_photo(make_sample("portrait.jpg"), caption="please <b>restore</b>")
    await as_bot(emulator, "sendMessage", **chat, text=TEXT, parse_mode="HTML", disable_notification=True)
    await as_bot(emulator, "sendMessage", **chat, text="What now?", reply_markup={"inline_keyboard": KEYS})
    await as_bot(
        emulator, "setMessageReaction", **chat, message_id=sent.message_id, reaction=[{"type": "emoji", "emoji": "👀"}]
    )
    reply = {"message_id": sent.message_id}
    photo = {"photo": ("a.jpg", make_sample("lighthouse.jpg"))}
    await upload(
        emulator,
        "sendPhoto",
        photo,
        **chat,
        caption="Done",
        reply_parameters=reply,
        reply_markup={"inline_keyboard": KEYS[:1]},
    )
    await upload(emulator, "sendPhoto", photo, **chat, has_spoiler=True, caption="sensitive")
    await upload(emulator, "sendPhoto", photo, **chat, show_caption_above_media=True, caption="above")
    await upload(emulator, "sendPhoto", {"photo": ("tall.jpg", pictures.jpeg(100, 1200))}, **chat)
    await upload(emulator, "sendPhoto", {"photo": ("small.jpg", pictures.jpeg(60, 40))}, **chat)
    await upload(emulator, "sendDocument", {"document": ("report.pdf", b"%PDF" * 5000)}, **chat, caption="The report")
    await upload(emulator, "sendDocument", {"document": ("no-suffix", b"?")}, **chat)
    await upload(
        emulator,
        "sendDocument",
        {"document": ("a_very_long_name_that_has_no_end_" * 2 + ".png", pictures.png())},
        **chat,
    )
    for count in range(2, 11):
        await send_album(
            emulator,
            anna.id,
            [(160, 120), (120, 160), (300, 100)] * 3 + [(100, 100)] if count == 10 else [(160, 120)] * count,
        )
    await send_album(emulator, anna.id, [(160, 120)] * 2, kind="document")
    await anna.send_sticker(make_sample("camera.webp"))
    await anna.send_live_photo(make_sample("live-lake.jpg"))
    await anna.send_text("🎉❤️")
    await anna.send_other(voice={"file_id": "v", "file_unique_id": "v", "duration": 1})
    edited = await as_bot(emulator, "sendMessage", **chat, text="one")
    await as_bot(emulator, "editMessageText", **chat, message_id=edited["message_id"], text="two")
    group = emulator.control.add_group("Photo club", [anna, ivan])
    await ivan.in_chat(group).send_text("hello")
    await as_bot(emulator, "sendMessage", chat_id=group.id, text="hello all")
    return anna


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def gallery():
    async with run_telegram_emulator() as emulator:
        yield emulator, await fill(emulator)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_all_there_is_can_be_read_in_both_themes(gallery, visit, scheme, viewport):
    emulator, anna = gallery
    async with visit(emulator, viewport=viewport, scheme=scheme) as one:
        page = one.page
        await one.read_back_to(anna.messages[0].message_id)
        assert await page.evaluate("() => document.documentElement.scrollWidth") == viewport["width"]
        await one.check_reading()
        assert await page.evaluate(STICKING_OUT) == []
        await one.keep(f"look-{scheme}-{viewport['width']}")
        await page.get_by_role("button", name="Sample photos").click()
        await page.locator(".menu.samples").wait_for()
        await one.check_reading()
        await page.keyboard.press("Escape")
        await page.locator(".theirs .quote").first.scroll_into_view_if_needed()
        await page.locator(".block:has(.quote) .photo").first.click()
        await one.check_reading()
        await page.get_by_role("button", name="Compare by dragging").click()
        await one.check_reading()
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Inspector", exact=True).click()
        await page.get_by_role("tab", name="Faults").click()
        await page.get_by_role("button", name="Server error").click()
        await page.locator(".armed li").first.wait_for()
        await one.check_reading()
        emulator.control.faults.clear()  # others look at this gallery too


async def test_formatting_files_albums_and_keys_come_out_as_sent(gallery, visit):
    emulator, anna = gallery
    async with visit(emulator) as one:
        page = one.page
        await one.read_back_to(anna.messages[0].message_id)
        words = page.locator(".words", has_text="bold italic under struck")
        assert await words.locator("strong").all_inner_texts() == ["bold", "both at once"]
        assert await words.locator("strong em").inner_text() == "at once"
        assert await words.locator(".code-block pre").inner_text() == 'print("two\nlines")'
        assert await words.locator(".code-head").inner_text() == "python\ncopy"
        assert "\n\n" not in await words.inner_text()
        await words.locator(".code-head button").click()
        assert await page.evaluate("() => navigator.clipboard.readText()") == 'print("two\nlines")'
        spoiler = words.locator(".spoiler")
        hidden = await spoiler.evaluate("(one) => getComputedStyle(one).color")
        await spoiler.press("Enter")
        assert await spoiler.evaluate("(one) => getComputedStyle(one).color") != hidden
        quote = words.locator(".expandable")
        height = (await quote.bounding_box())["height"]
        await quote.click()
        assert (await quote.bounding_box())["height"] > height
        assert (
            await words.get_by_role("link", name="https://example.org/x").get_attribute("rel") == "noopener noreferrer"
        )
        await words.get_by_role("button", name="/help").click()
        await page.locator(".mine .words", has_text="/help").wait_for()
        assert anna.messages[-1].text == "/help"

        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download report.pdf").first.click()
        assert (await download.value).suggested_filename == "report.pdf"
        assert await page.locator(".file-preview.kind-pdf").first.inner_text() == "PDF"

        for count in range(2, 11):
            album = (
                page.locator(".block", has_text=f"album of {count}")
                .filter(has=page.locator(".photo:nth-child(1)"))
                .first
            )
            boxes = [await photo.bounding_box() for photo in await album.locator(".photo").all()]
            assert len(boxes) == count
            whole = await album.locator(".album").bounding_box()
            covered = sum(box["width"] * box["height"] for box in boxes)
            assert covered > 0.95 * whole["width"] * whole["height"]  # no holes
        assert await page.locator(".files .file").count() == 5

        assert await page.locator(".file + .words").inner_text() == "album of 2", "a file's caption is under that file"
        worded = page.locator(".block", has=page.locator(".album")).filter(has_text="album of 3")
        second = anna.bot_messages[[one.caption for one in anna.bot_messages].index("album of 3") + 1]
        await as_bot(emulator, "editMessageCaption", chat_id=anna.id, message_id=second.message_id, caption="2/3")
        await worded.wait_for(state="detached")  # apps show none of several captions
        await as_bot(emulator, "editMessageCaption", chat_id=anna.id, message_id=second.message_id)
        await worded.wait_for()

        keys = page.locator(".keys", has_text="3/17")
        widths = [
            round((await key.bounding_box())["width"])
            for key in await keys.locator(".key-row").nth(1).locator(".key").all()
        ]
        assert len(set(widths)) == 1
        await keys.get_by_role("button", name="Code").click()
        assert await page.evaluate("() => navigator.clipboard.readText()") == "7F3A"
        covered = page.locator(".photo.covered")
        await covered.click()
        assert not await page.locator("#viewer").is_visible()
        await covered.click()
        await page.locator("#viewer img").wait_for()
        await page.keyboard.press("Escape")
        await page.locator(".sticker").click()
        assert re.search(r"\b512 . 512\b", await page.locator("#viewer figcaption").inner_text())
