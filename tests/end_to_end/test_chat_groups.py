"""In groups: silence unless asked, and buttons that only the person who asked can use."""

from bot.telegram.wording import text
from mock_server.replicate.scenario import Scenario
from mock_server.telegram.config import TelegramEmulatorConfig
from tests.support import pictures
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, impatient, records
from tests.support.waiting import eventually

MENTION = f"@{TelegramEmulatorConfig().bot_username}"


async def test_the_bot_is_silent_unless_asked_and_then_quotes(world, tmp_path):
    anna, ben = world.chat.add_user("Anna"), world.chat.add_user("Ben")
    group = world.chat.add_group("Family", [anna, ben])
    async with running_bot(world.settings(tmp_path), impatient()):
        here, there = anna.in_chat(group), ben.in_chat(group)
        await here.send_text("look at this")
        photo = await here.send_photo(PHOTO)
        await there.send_text("nice")
        wish = await there.send_text("/upscale", reply_to=photo)
        result = await there.expect(photo=True, text="Upscale", within=10)
        assert result.reply_to is wish
        assert photo.reactions == {}

        await here.send_photo(PHOTO, caption=MENTION)
        await here.expect(photo=True, text="Restore", within=10)
        await there.send_text(f"{MENTION} faces", reply_to=photo)
        await there.expect(photo=True, text="Fix faces", within=10)
        await here.send_text("/settings")
        pointed = await here.expect(text=text("personal_command", "en"))
        assert next(iter(pointed.buttons()))["url"].startswith("https://t.me/")
        await all_closed(tmp_path)
        assert len([m for m in here.bot_messages if m.photo]) == 3


async def test_a_group_that_becomes_a_supergroup_gets_its_result_there_once(world, tmp_path):
    """Its messages stayed behind, and their numbers are other messages in the new chat."""
    anna, ben = world.chat.add_user("Anna"), world.chat.add_user("Ben")
    group, supergroup = (world.chat.add_group("Family", [anna, ben]) for _ in range(2))
    world.models.next_scenario(Scenario(hold="processing"))
    async with running_bot(world.settings(tmp_path), impatient()):
        here, there = anna.in_chat(group), anna.in_chat(supergroup)
        photo = await here.send_photo(PHOTO, caption=MENTION)
        status = await here.expect(button=text("cancel", "en"))
        moved = {"error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat"}
        world.chat.fail(chat_id=group.id, times=None, migrate_to_chat_id=supergroup.id, **moved)
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        world.models.release()
        result = await there.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)
        assert result.reply_to is None
        assert [m for m in there.bot_messages if m.photo] == [result]
        assert not [m for m in here.bot_messages if m.photo]
        said = [c.params for c in world.chat.calls if str(c.params.get("chat_id")) == str(supergroup.id)]
        assert said
        assert not [p for p in said for old in (photo, status) if str(old.message_id) in str(p)]

        await there.press(result, text("again", "en"))
        again = await there.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)
        assert again.reply_to is None
        await there.press(result, "🗑")
        await there.expect(button=text("delete_for_good", "en"))
        press = await there.press(result, text("delete_for_good", "en"))
        assert (await press.answer())["text"] == text("deleted", "en")
        assert (result.deleted, again.deleted, photo.deleted, status.deleted) == (True, False, False, False)


async def test_a_card_in_private_acts_in_private_and_deletes_in_the_group_too(world, tmp_path):
    """A topic's number means nothing in private, and the numbers of the group's messages are others' there."""
    anna = world.chat.add_user("Anna")
    group = world.chat.add_group("Family", [anna])
    async with running_bot(world.settings(tmp_path), impatient()):
        here = anna.in_chat(group)
        await here.send_photo(PHOTO, caption=MENTION, thread_id=77)
        result = await here.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)
        assert result.thread_id == 77

        await anna.send_text("/history")
        card = await anna.expect(button="1/1")
        await anna.press(card, text("again", "en"))
        again = await anna.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)
        assert (again.reply_to, again.thread_id) == (None, None)
        await anna.press(card, text("original_file", "en"))
        original = await anna.expect(document=True)
        assert (original.reply_to, original.thread_id) == (card, None)

        await anna.press(card, "🗑")
        await anna.expect(button=text("delete_for_good", "en"))
        press = await anna.press(card, text("delete_for_good", "en"))
        assert (await press.answer())["text"] == text("deleted", "en")
        assert result.deleted
        assert card.deleted
        assert not again.deleted
        assert [m for m in here.bot_messages if m.photo] == []


async def test_what_an_anonymous_admin_asks_for_is_the_groups_and_any_admin_may_use_its_buttons(world, tmp_path):
    """All anonymous admins of all groups come as one user of Telegram's; a press comes from the person themselves."""
    anna, ben, carl = (world.chat.add_user(name) for name in ("Anna", "Ben", "Carl"))
    group = world.chat.add_group("Family", [carl], admins=[anna, ben])
    here, there, guest = (person.in_chat(group) for person in (anna, ben, carl))
    await here.remain_anonymous()
    async with running_bot(world.settings(tmp_path), impatient()):
        photo = await here.send_photo(PHOTO, caption=MENTION)
        result = await here.expect(photo=True, text="Done", within=10)
        assert result.reply_to is photo
        await all_closed(tmp_path)
        press = await guest.press(result, text("again", "en"))
        assert (await press.answer())["text"] == text("not_yours_unnamed", "en")
        for person in (here, there):
            await person.press(result, text("again", "en"))
            await person.expect(photo=True, text="Done", within=10)
            await all_closed(tmp_path)
        assert {record["origin"]["user"] for record in records(tmp_path)} == {f"tg-{group.id}"}


async def test_a_group_that_puts_the_bot_out_has_the_running_predictions_of_everybody_canceled(world, tmp_path):
    anna, ben = world.chat.add_user("Anna"), world.chat.add_user("Ben")
    group = world.chat.add_group("Family", [anna, ben])
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(world.settings(tmp_path), impatient()):
        here, there = anna.in_chat(group), ben.in_chat(group)
        for person in (here, there):
            await person.send_photo(PHOTO, caption=MENTION)
        await eventually(lambda: len([p for p in world.models.predictions() if p.status == "processing"]) == 2)
        await there.remove_bot()
        await all_closed(tmp_path)
    assert [world.models.status(p.id) for p in world.models.predictions()] == ["canceled"] * 2


async def test_what_is_nobody_elses_business_is_opened_in_private(world, tmp_path):
    anna, ben = world.chat.add_user("Anna"), world.chat.add_user("Ben")
    group = world.chat.add_group("Family", [anna, ben])
    async with running_bot(world.settings(tmp_path), impatient()):
        here, there = anna.in_chat(group), ben.in_chat(group)
        await here.send_photo(pictures.jpeg(20, 20), caption=MENTION)
        reason = await here.expect(button=text("how_to", "en"), within=10)
        await all_closed(tmp_path)
        for person in (here, there):
            press = await person.press(reason, text("how_to", "en"))
            _, _, payload = (await press.answer())["url"].partition("?start=")
        assert here.bot_messages == [reason]
        await ben.start(payload)
        await ben.expect(text="MB")
        await here.start("settings")
        pointed = await here.expect(button=text("open_chat", "en"))
        assert next(iter(pointed.buttons()))["url"].endswith("?start=settings")


async def test_who_is_asked_for_words_when_the_group_becomes_a_supergroup_answers_there(world, tmp_path):
    anna, ben = world.chat.add_user("Anna"), world.chat.add_user("Ben")
    group, supergroup = (world.chat.add_group("Family", [anna, ben]) for _ in range(2))
    async with running_bot(world.settings(tmp_path), impatient()):
        here, there = anna.in_chat(group), anna.in_chat(supergroup)
        await here.send_photo(PHOTO, caption=f"{MENTION} edit")
        await here.expect(text=text("ask_prompt", "en"))
        moved = {"error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat"}
        world.chat.fail(chat_id=group.id, times=None, migrate_to_chat_id=supergroup.id, **moved)
        await ben.in_chat(group).send_other(migrate_to_chat_id=supergroup.id)
        question = await there.expect(text=text("ask_prompt", "en"))
        await there.send_text("make it winter", reply_to=question)
        await there.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)
        assert not [m for m in here.bot_messages if m.photo]


async def test_only_the_person_who_asked_can_use_the_buttons(world, tmp_path):
    anna, ben = world.chat.add_user("Anna"), world.chat.add_user("Ben")
    group = world.chat.add_group("Family", [anna, ben])
    world.models.next_scenario(Scenario(hold="processing"))
    async with running_bot(world.settings(tmp_path), impatient()):
        here, there = anna.in_chat(group), ben.in_chat(group)
        await here.send_photo(PHOTO, caption=MENTION)
        status = await here.expect(button=text("cancel", "en"))
        press = await there.press(status, text("cancel", "en"))
        assert (await press.answer())["text"] == text("not_yours", "en", name="Anna")
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        world.models.release()
        result = await here.expect(photo=True, within=10)
        press = await there.press(result, "🗑")
        assert (await press.answer())["text"] == text("not_yours", "en", name="Anna")
        await here.press(result, text("again", "en"))
        await here.expect(photo=True, text="Done", within=10)
        await all_closed(tmp_path)
