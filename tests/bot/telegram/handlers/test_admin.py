"""What admins see and do in the chat; for everybody else these commands do not exist."""

import re
from dataclasses import replace

import pytest

from bot.jobs.limits.pause import Pause
from bot.telegram.admin_texts import health_text
from bot.telegram.command_names import ADMIN
from bot.telegram.wording import text
from replicate_gateway.prediction import PredictionStatus
from storage.job import JobStatus, Slot, SlotState
from storage.lifecycle_events import OutcomeDecided
from storage.repository import JobRepository
from tests.support.chat_door import BEN, GROUP, SIZES, ChatDoor
from tests.support.fakes import BEGIN, new_job


@pytest.fixture
def door():
    return ChatDoor(admin_ids={7})


@pytest.mark.parametrize("command", ADMIN)
async def test_to_everybody_else_the_commands_do_not_exist(door, command):
    await door.message(text=f"/{command} 1001", sender=BEN, chat={"id": 8, "type": "private"})
    assert door.said == [text("send_a_photo", "en")]
    await door.message(text=f"/{command} 1001", sender=BEN, chat=GROUP)
    assert not await door.pause.active()
    assert not (await door.people.load("tg-1001")).banned


@pytest.mark.parametrize("command", ADMIN)
async def test_a_group_does_not_read_what_admins_read(door, command):
    await door.message(text=f"/{command} 1001", chat=GROUP)
    assert door.said == [text("personal_command", "en")]
    assert door.buttons == {text("open_chat", "en"): "https://t.me/a_bot?start=start"}
    assert not await door.pause.active()
    assert not (await door.people.load("tg-1001")).banned


@pytest.mark.parametrize(
    "words", ["/job", "/job xyz!", "/job ../jobs", "/ban", "/ban Anna", "/limit 1", "/limit 1 many"]
)
async def test_what_is_not_understood_gets_the_usage(door, words):
    await door.message(text=words)
    assert door.said == [text("admin_usage", "en")]


async def test_the_status_shows_queue_speed_webhook_and_parties(door):
    for number in (5, 6):
        await door.message(photo=SIZES, message_id=number)
    await door.process.run_ready()
    door.world.clock.advance(8)
    for prediction_id in door.world.replicate.running:
        door.world.replicate.succeed(prediction_id)
    await door.process.deliver_callbacks()
    await door.process.run_ready()
    await door.message(photo=SIZES, message_id=7)
    door.forget()
    webhook = {"url": "https://x", "has_custom_certificate": False, "pending_update_count": 2}
    door.session.succeed(webhook | {"last_error_date": 1_790_000_000, "last_error_message": "Wrong response: 503"})
    await door.message(text="/status")
    (said,) = door.said
    assert "mock" in said
    assert text("admin_open", "en", n=1) in said
    assert "p50 8 sec · p90 8 sec" in said
    assert text("admin_webhook", "en", url="https://x") in said
    assert text("admin_pending", "en", n=2) in said
    assert text("admin_queue", "en", ready=1, running=3, later=2) in said
    assert "results in 8 sec: 2" in said
    assert "$" not in said  # the mock costs nothing
    assert "Wrong response: 503" in said
    assert "🟢 storage: ok" in said
    assert "🔴 replicate: down since noon" in said


async def test_the_status_comes_although_telegram_does_not_say_how_the_webhook_is(door):
    door.session.refuse(502, "Bad Gateway")
    await door.message(text="/status")
    assert text("admin_webhook_unknown", "en") in door.said[-1]


async def test_the_stats_count_jobs_people_and_failures_by_cause(door):
    for number, sender in ((5, None), (6, BEN)):
        await door.message(photo=SIZES, message_id=number, **({"sender": sender} if sender else {}))
    await door.process.run_ready()
    first, second = door.jobs
    await door.repository.change(first.id, [OutcomeDecided(JobStatus.FAILED, BEGIN, "no_face")], BEGIN)
    await door.repository.change(second.id, [OutcomeDecided(JobStatus.CANCELED, BEGIN)], BEGIN)
    for job in (first, second):
        await door.process.queue.enqueue(job.id)
    await door.process.run_ready()
    door.forget()
    door.world.clock.advance(90 * 60)
    await door.message(text="/stats")
    (said,) = door.said
    assert said.count("📊") == 1
    assert "1 hr 30 min · jobs: 2 · people: 2" in said
    assert text("admin_counted_since", "en", at=BEGIN) in said
    assert "done: 0 · canceled: 1 · failed: 1" in said
    assert "no_face: 1" in said


async def test_the_stats_tell_a_week_only_once_one_was_counted(door):
    for days, spans in ((3, ["1 day", "3 days"]), (7, ["1 day", "7 days"])):
        door.world.clock.advance(days * 86_400)
        await door.message(text="/stats")
        assert re.findall(r"📊 (.*?) ·", door.said[-1]) == spans


async def test_the_status_of_a_bot_in_earnest_estimates_what_was_spent(door):
    (job,) = [await door.done()]
    queries = replace(door.dispatcher["queries"], mode="real")
    assert re.search(r"about \$0\.0[1-9] in 0 sec", health_text(await queries.health(), None, queries, "en"))
    assert job.status is JobStatus.COMPLETED


async def test_a_picture_that_was_refused_has_no_open_slot(door):
    await door.message(photo=SIZES)
    (job,) = door.jobs
    await door.repository.change(job.id, [OutcomeDecided(JobStatus.FAILED, BEGIN, "too_small")], BEGIN)
    await door.process.queue.enqueue(job.id)
    await door.process.run_ready()
    await door.message(text=f"/job {job.code}")
    assert "too_small" in door.said[-1]
    assert "open" not in door.said[-1]


async def test_a_job_is_found_by_the_code_that_people_quote(door):
    await door.message(photo=SIZES)
    await door.process.run_ready()
    (job,) = door.jobs
    await door.message(text=f"/job {job.code.upper()}")
    said = door.said[-1]
    assert job.id in said
    assert "tg-7" in said
    assert job.slots[0].prediction_id in said
    await door.message(text="/job 00000000")
    assert door.said[-1] == text("admin_no_job", "en", code="00000000")


async def test_a_failed_job_tells_what_replicate_said_and_the_end_of_the_models_logs(door):
    await door.message(photo=SIZES)
    await door.process.run_ready()
    (prediction_id,) = door.world.replicate.running
    door.world.replicate.tell(prediction_id, logs="x" * 3000 + "\nlayer 7 of 9")
    door.world.replicate.end(prediction_id, PredictionStatus.FAILED, error="CUDA kernel exploded: <b>&")
    await door.process.deliver_callbacks()
    await door.process.run_ready()
    (job,) = door.jobs
    await door.message(text=f"/job {job.code}")
    assert "1. ⚠️ CUDA kernel exploded: <b>&" in door.said[-1]
    assert door.said[-1].endswith("\nlayer 7 of 9")


@pytest.mark.parametrize("count", [1, 2, 5, 10])
async def test_the_words_of_many_runs_share_the_room_of_one_message(door, count):
    slot = Slot(state=SlotState.FAILED, failure="model_failed", error="e" * 200, logs="l" * 1990 + "\nlast line")
    job = new_job(slots=(slot,) * count)
    await JobRepository(door.world.store).create(job)
    await door.message(text=f"/job {job.code}")
    assert len(door.said[-1]) <= 3500
    assert door.said[-1].count("last line") == count


async def test_who_is_banned_gets_no_further_and_what_runs_is_stopped(door):
    ben = {"sender": BEN, "chat": {"id": 8, "type": "private"}}
    await door.message(photo=SIZES, **ben)
    await door.message(photo=SIZES, message_id=6, sender=BEN, chat=GROUP, caption="@a_bot")
    await door.process.run_ready()
    await door.message(text="/ban 8")
    assert [job.cancel_requested for job in door.jobs] == [True, True]
    await door.message(photo=SIZES, message_id=9, **ben)
    assert door.said[-1] == text("banned", "en")
    assert len(door.jobs) == 2
    await door.message(text="/unban tg-8")
    await door.message(photo=SIZES, message_id=9, **ben)
    assert len(door.jobs) == 3


async def test_a_persons_own_limit_counts_instead_of_everybodys(door):
    await door.message(text="/limit 7 0")
    await door.message(photo=SIZES)
    await door.process.run_ready()
    (job,) = door.jobs
    assert (job.outcome.code, job.outcome.facts["limit"]) == ("daily_quota", 0)
    await door.message(text="/limit 7 -")
    await door.message(photo=SIZES, message_id=6)
    await door.process.run_ready()
    assert {job.status for job in door.jobs} == {JobStatus.FAILED, JobStatus.PROCESSING}
    assert (await door.people.load("tg-7")).daily_jobs is None


async def test_while_paused_new_jobs_wait_and_say_so_and_resuming_lets_them_go_on_at_once(door):
    await door.message(photo=SIZES, message_id=5)
    await door.process.run_ready()
    await door.message(text="/pause")
    await door.message(photo=SIZES, message_id=6)
    await door.process.run_ready()
    waiting = next(job for job in door.jobs if job.origin.message_id == 6)
    assert waiting.status is JobStatus.PENDING
    assert waiting.status_shown == "waiting_for_pause"
    assert await Pause(door.world.store).active()  # it survives a restart
    await door.message(text="/resume")
    await door.process.run_ready()
    assert {job.status for job in door.jobs} == {JobStatus.PROCESSING}


async def test_admins_are_spoken_to_in_their_language(door):
    await door.people.change("tg-7", lambda person: replace(person, locale="ru"))
    await door.message(text="/pause")
    assert door.said == [text("admin_paused", "ru")]
