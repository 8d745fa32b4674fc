"""Messages that the bot edits while somebody is at them: pressing a button, on their way by keyboard, marking words."""

import aiohttp

from tests.support import pictures
from tests.support.browser import IN_BROWSER, as_bot
from tests.support.waiting import eventually

pytestmark = IN_BROWSER

CANCEL = {"text": "Cancel", "callback_data": "c"}
KEYS = {"inline_keyboard": [[CANCEL | {"style": "danger"}]]}
LONG = "So long that it takes more than one line. " * 7 + "So long."


async def asked(emulator, person, *rows, text="Working", **more):
    """The bot's message with these buttons; gives what an edit of it needs."""
    markup = {"inline_keyboard": rows}
    sent = await as_bot(emulator, "sendMessage", chat_id=person.id, text=text, reply_markup=markup, **more)
    return {"chat_id": person.id, "message_id": sent["message_id"]}


async def edit(emulator, page, target, *rows, text="Still working"):
    """Edit as the bot, until the page shows it."""
    await as_bot(emulator, "editMessageText", **target, text=text, reply_markup={"inline_keyboard": rows})
    await page.locator(".words", has_text=text).wait_for()


async def heard(emulator, *presses):
    """Wait until the bot has heard of that many presses; they are these."""

    async def data():
        updates = await as_bot(emulator, "getUpdates")
        return [update["callback_query"]["data"] for update in updates if "callback_query" in update]

    async def are_enough():
        return len(await data()) >= len(presses)

    await eventually(are_enough, within=10)
    assert await data() == list(presses)


FIRST = {"text": "First", "callback_data": "f"}
EDITS = [
    ("Other words", [CANCEL]),
    (LONG, [CANCEL]),
    ("A row before", [FIRST], [CANCEL]),
    ("A button before", [FIRST, CANCEL]),
    ("Another label", [CANCEL | {"text": "Cancel (2)"}]),
]


async def test_a_press_counts_though_the_message_is_edited_before_the_release(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    async with visit(emulator) as one:
        page = one.page
        for number, (text, *rows) in enumerate(EDITS, 1):
            target = await asked(emulator, anna, [CANCEL], text=f"Before {text}")
            await page.locator(".block", has_text=f"Before {text}").get_by_role("button", name="Cancel").hover()
            await page.mouse.down()
            await edit(emulator, page, target, *rows, text=text)
            await page.mouse.up()
            await heard(emulator, *["c"] * number)


async def test_a_press_counts_though_its_button_moves_away_before_the_release(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    for number in range(20):  # more than fits: what comes moves the rest
        await anna.send_text(f"message {number}")
    await asked(emulator, anna, [CANCEL])
    async with visit(emulator) as one:
        page = one.page
        button = page.get_by_role("button", name="Cancel")
        await button.hover()
        before = await button.bounding_box()
        await page.mouse.down()
        await as_bot(emulator, "sendMessage", chat_id=anna.id, text=LONG)
        await page.locator(".words", has_text=LONG).wait_for()
        assert (await button.bounding_box())["y"] < before["y"] - before["height"]
        await page.mouse.up()
        await heard(emulator, "c")


async def test_what_was_pressed_and_let_go_elsewhere_or_is_gone_by_then_is_no_press(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    target = await asked(emulator, anna, [CANCEL])
    async with visit(emulator) as one:
        page = one.page
        await page.get_by_role("button", name="Cancel").hover()
        await page.mouse.down()
        await page.mouse.move(5, 5)
        await page.mouse.up()
        await page.get_by_role("button", name="Cancel").hover()
        await page.mouse.down()
        await edit(emulator, page, target, [{"text": "Delete", "callback_data": "d"}], text="Done")
        await page.mouse.up()
        await page.get_by_role("button", name="Delete").click()
        await heard(emulator, "d")


async def test_a_message_that_is_seen_to_go_takes_no_press_any_more(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    target = await asked(emulator, anna, [CANCEL])
    await asked(emulator, anna, [FIRST], text="Another")
    async with visit(emulator) as one:
        page = one.page
        await page.emulate_media(reduced_motion="no-preference")
        await page.locator(".block").first.evaluate("(one) => { one.style.animationDuration = '60s'; }")
        await page.get_by_role("button", name="Cancel").hover()
        await page.mouse.down()
        await as_bot(emulator, "deleteMessage", **target)
        await page.locator(".leaving").wait_for()
        await page.mouse.up()
        await page.mouse.down()
        await page.mouse.up()
        await page.get_by_role("button", name="First").click()
        await heard(emulator, "f")


async def test_the_focus_stays_where_somebody_went_while_a_photo_was_sent(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    async with visit(emulator) as one:
        page = one.page

        async def hold_back(route):
            response = await route.fetch()
            await asked(emulator, anna, [CANCEL])
            cancel = page.get_by_role("button", name="Cancel")
            await cancel.hover()
            await page.mouse.down()
            await route.fulfill(response=response)
            await page.locator(".preview").wait_for(state="detached")
            await page.mouse.up()

        await page.route("**/media", hold_back)
        await one.attach("lighthouse.jpg")
        await one.send()
        await heard(emulator, "c")
        assert await page.evaluate("() => document.activeElement.textContent") == "Cancel"


async def test_by_keyboard_a_button_is_pressed_over_an_edit_and_its_place_is_kept_where_it_goes(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    back, onward = {"text": "◀", "callback_data": "0"}, {"text": "▶", "callback_data": "2"}
    target = await asked(emulator, anna, [back, onward])
    focused = "() => document.activeElement.textContent"
    async with visit(emulator) as one:
        page = one.page
        await page.get_by_role("button", name="▶").focus()
        await page.keyboard.down("Space")
        await edit(emulator, page, target, [CANCEL], [back, onward])
        await page.keyboard.up("Space")
        await heard(emulator, "2")
        await edit(emulator, page, target, [CANCEL], [back | {"callback_data": "1"}, onward | {"callback_data": "3"}])
        assert await page.evaluate(focused) == "▶", "the next page's is still the same button to people"
        await page.keyboard.press("Enter")
        await heard(emulator, "2", "3")
        await edit(emulator, page, target, [CANCEL], [back], text="The last one")
        await page.keyboard.press("Tab")
        assert await page.evaluate("() => document.activeElement.title") == "Attach photos or files"


async def test_marked_words_an_open_menu_and_the_place_in_the_chat_outlive_edits(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    first = await asked(emulator, anna, [CANCEL], text="Working on it: 8% done")
    target = await asked(emulator, anna, [CANCEL], text="Another")
    for number in range(40):
        await anna.send_text(f"message {number}")
    mark = """() => {
      const [text] = document.querySelector(".words").childNodes;
      getSelection().setBaseAndExtent(text, 0, text, "Working on it".length);
    }"""
    async with visit(emulator) as one:
        page = one.page
        await page.evaluate("() => (document.querySelector('.scroller').scrollTop = 0)")
        await page.evaluate(mark)
        await edit(emulator, page, first, [CANCEL], text="Working on it: 12% done")
        assert await page.evaluate("() => getSelection().toString()") == "Working on it"

        more = page.locator(".theirs", has_text="Another").get_by_role("button", name="Actions on this message")
        await more.press("Enter")
        reaction = [{"type": "emoji", "emoji": "👀"}]
        await as_bot(emulator, "setMessageReaction", **target, reaction=reaction)
        await page.locator(".theirs .reaction").wait_for()
        await page.keyboard.press("Escape")
        focused = "() => document.activeElement.closest('.block').textContent"
        assert "Another" in await page.evaluate(focused)

        seen = page.locator(".words", has_text="message 9")
        await seen.evaluate("(one) => one.scrollIntoView()")
        place = (await seen.bounding_box())["y"]
        await edit(emulator, page, first, [CANCEL], [CANCEL], text=LONG)
        assert abs((await seen.bounding_box())["y"] - place) < 1


async def test_an_edit_keeps_focus_selection_and_what_was_revealed(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    words = "Working <tg-spoiler>secret</tg-spoiler>"
    sent = await as_bot(
        emulator, "sendMessage", chat_id=anna.id, text=f"{words} 0", parse_mode="HTML", reply_markup=KEYS
    )
    target = {"chat_id": anna.id, "message_id": sent["message_id"], "parse_mode": "HTML", "reply_markup": KEYS}
    async with visit(emulator) as one:
        page = one.page
        await page.locator(".spoiler").click()
        await page.get_by_role("button", name="Cancel").focus()
        select = "(one) => { getSelection().selectAllChildren(one); one.mark = 1; }"
        await page.locator(".spoiler").evaluate(select)
        for number in range(1, 30):
            await as_bot(emulator, "editMessageText", **target, text=f"{words} {number}")
        await page.locator(".words", has_text="29").wait_for()
        assert await page.evaluate("() => document.activeElement.textContent") == "Cancel"
        assert await page.evaluate("() => getSelection().toString()") == "secret"
        assert await page.evaluate("() => document.querySelector('.spoiler').mark") == 1
        assert await page.locator(".spoiler.shown").count() == 1
        assert await page.locator(".pings b").inner_text() == "1"

        form = aiohttp.FormData({"chat_id": str(anna.id), "message_id": str(sent["message_id"])})
        form.add_field("media", '{"type": "photo", "media": "attach://x", "caption": "Done"}')
        form.add_field("x", pictures.jpeg(), filename="x.jpg")
        url = f"{emulator.base_url}/bot{emulator.bot_token}/editMessageMedia"
        async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
            assert response.status == 200
        await page.locator(".theirs .photo img").wait_for()
        assert await page.locator(".block").count() == 1
        assert await page.get_by_role("button", name="Cancel").count() == 0


async def test_a_press_is_answered_by_a_note_or_by_an_alert(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    await as_bot(emulator, "sendMessage", chat_id=anna.id, text="Done", reply_markup=KEYS)

    async def pressed():
        await page.get_by_role("button", name="Cancel").click()
        await page.locator(".key.waiting").wait_for()
        (update,) = await as_bot(emulator, "getUpdates", offset=-1, timeout=5)
        return update["callback_query"]["id"]

    async with visit(emulator) as one:
        page = one.page
        await as_bot(emulator, "answerCallbackQuery", callback_query_id=await pressed(), text="Stopping")
        note = page.locator(".toast", has_text="Stopping")
        await note.wait_for()
        below = (await page.locator(".keys").bounding_box())["y"]
        assert sum([(await note.bounding_box())[side] for side in ("y", "height")]) < below, "it hides no button"
        assert await page.locator(".key.waiting").count() == 0
        answer = {"callback_query_id": await pressed(), "text": "Only Anna may", "show_alert": True}
        await as_bot(emulator, "answerCallbackQuery", **answer)
        await page.get_by_role("dialog").get_by_text("Only Anna may").wait_for()
        await page.get_by_role("button", name="Close", exact=True).click()


async def test_an_answer_that_overtakes_its_press_ends_the_waiting(emulator, visit):
    anna = emulator.control.add_user("Anna", user_id=1001)
    await as_bot(emulator, "sendMessage", chat_id=anna.id, text="Done", reply_markup=KEYS)
    async with visit(emulator) as one:
        page = one.page

        async def hold_back(route):
            response = await route.fetch()
            query_id = (await response.json())["query_id"]
            await as_bot(emulator, "answerCallbackQuery", callback_query_id=query_id, text="Quick")
            await page.locator(".toast", has_text="Quick").wait_for()
            assert await page.locator(".key.waiting").count() == 1
            await route.fulfill(response=response)

        await page.route("**/press", hold_back)
        await page.get_by_role("button", name="Cancel").click()
        await page.locator(".key:not(.waiting)").wait_for(timeout=5000)
