"""What admins see and do in the chat."""

from bot.telegram.wording import text
from bot.version import VERSION
from mock_server.replicate.scenario import Scenario
from tests.support.darkroom import running_bot
from tests.support.flow import PHOTO, all_closed, impatient, records


async def test_admins_see_how_things_are_find_jobs_and_are_told_what_only_they_can_mend(world, tmp_path):
    boss, person = world.chat.add_user("Boss"), world.person()
    settings = world.settings(tmp_path, admin_ids=frozenset({boss.id}))
    async with running_bot(settings, impatient()):
        await person.send_photo(PHOTO)
        await person.expect(photo=True, within=10)
        world.models.next_scenario(Scenario(create_status=402))
        await person.send_photo(PHOTO)
        failure = await person.expect(text=text("service_credit", "en"), within=10)
        assert not list(failure.buttons())
        await boss.expect(text="service_credit")
        await all_closed(tmp_path)

        await boss.send_text("/status")
        status = await boss.expect(text="🩺")
        assert "mock" in status.text
        assert VERSION in status.text
        assert "p50" in status.text
        assert text("admin_webhook", "en", url=f"{settings.base_url}/webhook/telegram") in status.text
        assert "🧵 queue: ready 0" in status.text
        assert text("admin_open", "en", n=0) in status.text
        assert "🟢 storage: ok" in status.text
        await boss.send_text("/stats")
        stats = await boss.expect(text="📊")
        assert "jobs: 2 · people: 1" in stats.text
        assert "service_credit: 1" in stats.text
        code = next(record["id"][:8] for record in records(tmp_path) if record["status"] == "failed")
        await boss.send_text(f"/job {code}")
        found = await boss.expect(text="🔎")
        assert f"tg-{person.id}" in found.text
        await person.send_text("/status")
        await person.expect(text=text("send_a_photo", "en"))


async def test_ban_limit_and_pause_hold_at_once(world, tmp_path):
    boss, person = world.chat.add_user("Boss"), world.person()
    async with running_bot(world.settings(tmp_path, admin_ids=frozenset({boss.id})), impatient()):
        await boss.send_text(f"/limit {person.id} 0")
        await boss.expect(text=f"tg-{person.id}")
        await person.send_photo(PHOTO)
        await person.expect(text="You have used")
        await boss.send_text(f"/limit {person.id} -")
        await boss.expect(text=f"tg-{person.id}")

        await boss.send_text("/pause")
        await boss.expect(text=text("admin_paused", "en"))
        await person.send_photo(PHOTO)
        await person.expect(text=text("waiting_for_pause", "en"))
        await boss.send_text("/resume")
        await person.expect(photo=True, within=10)

        await boss.send_text(f"/ban {person.id}")
        await boss.expect(text="shut out")
        await person.send_photo(PHOTO)
        await person.expect(text=text("banned", "en"))
        await boss.send_text(f"/unban {person.id}")
        await boss.expect(text="come in again")
        await person.send_photo(PHOTO)
        await person.expect(photo=True, within=10)
        await all_closed(tmp_path)


async def test_feedback_goes_to_the_admins_and_their_answer_comes_back(world, tmp_path):
    boss, person = world.chat.add_user("Boss"), world.person("ru")
    async with running_bot(world.settings(tmp_path, admin_ids=frozenset({boss.id})), impatient()):
        await person.send_text("/help")
        await person.press(await person.expect(button=text("feedback", "ru")), text("feedback", "ru"))
        await person.expect(text=text("feedback_ask", "ru"))
        words = await person.send_text("Очень нравится!")
        await person.expect(text=text("feedback_sent", "ru"))
        feedback = await boss.expect(text="Очень нравится!")
        assert f"Ada · tg-{person.id}" in feedback.all_text
        answer = await boss.send_text("Спасибо!", reply_to=feedback)
        heard = await person.expect(text=text("feedback_answer", "ru", words="Спасибо!"))
        assert heard.reply_to is words
        await boss.until(lambda: ["👍"] in answer.reactions.values(), "sign that it was delivered")
        await person.send_text("and more")
        await person.expect(text=text("send_a_photo", "ru"))


async def test_the_same_trouble_many_times_is_one_alert(world, tmp_path):
    boss, person = world.chat.add_user("Boss"), world.person()
    world.models.scenario = Scenario(create_status=402)
    async with running_bot(world.settings(tmp_path, admin_ids=frozenset({boss.id})), impatient()):
        for _ in range(4):
            await person.send_photo(PHOTO)
        await person.until(
            lambda: sum(text("service_credit", "en") in m.all_text for m in person.bot_messages) == 4, "four", 10
        )
        await all_closed(tmp_path)
        assert len(boss.bot_messages) == 1
