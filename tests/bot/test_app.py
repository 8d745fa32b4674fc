"""The composition root: opens in order, closes in reverse, leaves nothing behind."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import app_keys
from bot.app import Overrides, create_app
from bot.operator_errors.token import BotTokenRefusedError
from bot.settings import Settings
from storage.errors import StorageRefusedError
from tests.support import pictures
from tests.support.darkroom import open_world, running_bot
from tests.support.waiting import eventually

PHOTO = pictures.jpeg(160, 120)


@pytest.fixture
async def world():
    async with open_world() as world:
        yield world


async def status(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status


def paths(app):
    return {resource.canonical for resource in app.router.resources()}


def test_building_it_opens_nothing(tmp_path):
    create_app(Settings(data_dir=tmp_path / "data"))
    assert list(tmp_path.iterdir()) == []


def test_it_has_its_doors_and_files_only_with_file_storage():
    doors = {"/webhook/telegram", "/webhook/replicate", "/healthz", "/readyz", "/metrics", "/api/v1"}
    assert paths(create_app(Settings())) >= doors | {"/files/{key}"}
    with_bucket = paths(create_app(Settings(s3_bucket="a-bucket")))
    assert with_bucket >= doors
    assert "/files/{key}" not in with_bucket


async def test_it_is_ready_once_it_has_started_and_gone_once_it_has_stopped(world, tmp_path):
    settings = world.settings(tmp_path)
    async with running_bot(settings) as app:
        assert await status(f"{settings.base_url}/healthz") == 200
        assert await status(f"{settings.base_url}/readyz") == 200
        assert app[app_keys.TELEGRAM_SECRET] == settings.telegram_secret_token.get_secret_value().encode()
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(f"{settings.base_url}/healthz")


async def test_stopping_keeps_the_webhook_and_no_task_runs_on(world, tmp_path):
    before = asyncio.all_tasks()
    async with running_bot(world.settings(tmp_path)):
        assert asyncio.all_tasks() - before
    assert world.chat.journal.calls_of("setWebhook")
    assert not world.chat.journal.calls_of("deleteWebhook")
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not {name for name in left if name in {"sweep", "file expiry", "long polling"} or name.startswith("advance")}


async def test_it_can_be_started_again_on_the_same_directory(world, tmp_path):
    for _ in range(2):
        async with running_bot(world.settings(tmp_path)):
            pass


async def test_a_step_in_an_outside_call_is_let_finish_before_the_sessions_close(world, tmp_path):
    world.chat.fail("sendMessage", action="none", delay_s=0.3)
    with capture_logs() as lines:
        async with running_bot(world.settings(tmp_path)):
            person = world.person()
            await person.send_photo(PHOTO)
            await eventually(lambda: not world.chat.faults.armed(), because="the status message is being sent")
            assert person.bot_messages == []
    assert len(person.bot_messages) == 1
    events = [line["event"] for line in lines]
    assert events.index("queue_drained") > events.index("status_shown")
    (drained,) = (line for line in lines if line["event"] == "queue_drained")
    assert drained["cut_short"] == 0
    assert [line for line in lines if line["log_level"] in {"error", "critical"}] == []


async def test_a_step_that_takes_too_long_is_cut_short_and_done_by_the_next_process(world, tmp_path):
    settings = world.settings(tmp_path)
    world.chat.fail("getFile", action="none", delay_s=30)
    with capture_logs() as lines:
        async with running_bot(settings, Overrides(drain_s=0.05)):
            person = world.person()
            await person.send_photo(PHOTO)
            await eventually(lambda: not world.chat.faults.armed(), because="the file is being asked for")
    (drained,) = (line for line in lines if line["event"] == "queue_drained")
    assert drained["cut_short"] == 1
    async with running_bot(settings):
        await person.expect(photo=True, within=10)
    assert person.pings == 1


async def test_words_after_the_answer_are_still_said_on_stop(world, tmp_path):
    async with running_bot(world.settings(tmp_path)):
        person = world.person()
        world.chat.fail("sendMessage", action="none", delay_s=0.2)
        await person.send_text("/start")
        await eventually(lambda: world.chat.deliveries)
    assert len(person.bot_messages) == 1


async def start_and_stop(settings):
    runner = web.AppRunner(create_app(settings), access_log=None)
    try:
        await runner.setup()
    finally:
        await runner.cleanup()


async def test_a_wrong_token_stops_the_start_and_frees_the_directory(world, tmp_path):
    settings = world.settings(tmp_path, bot_token=SecretStr("4242424242:AAwrong-token-of-a-bot-that-is-not-here"))
    with pytest.raises(BotTokenRefusedError):
        await start_and_stop(settings)
    await start_and_stop(world.settings(tmp_path))


async def test_a_directory_in_use_stops_the_start(world, tmp_path):
    async with running_bot(world.settings(tmp_path)):
        with pytest.raises(StorageRefusedError, match="another process"):
            await start_and_stop(world.settings(tmp_path))


async def test_while_telegram_is_away_it_starts_all_the_same(world, tmp_path):
    world.chat.fail("setWebhook", error_code=502, description="Bad Gateway")
    settings = world.settings(tmp_path)
    async with running_bot(settings):
        assert await status(f"{settings.base_url}/readyz") == 200


async def test_figures_are_served_to_whoever_has_the_token(world, tmp_path):
    settings = world.settings(tmp_path, metrics_token=SecretStr("metrics-token"))
    async with running_bot(settings):
        person = world.person()
        await person.send_photo(PHOTO)
        await person.expect(photo=True)
        assert await status(f"{settings.base_url}/metrics") == 401
        headers = {"Authorization": "Bearer metrics-token"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{settings.base_url}/metrics") as page,
        ):
            text = await page.text()
    for sample in (
        'darkroom_updates_total{kind="message",outcome="taken"} 1.0',
        'darkroom_jobs_total{preset="restore",status="processing"} 1.0',
        'darkroom_outside_calls_total{call="sendPhoto",outcome="ok",party="telegram"} 1.0',
        'darkroom_outside_calls_total{call="download",outcome="ok",party="telegram_files"} 1.0',
        'darkroom_refused_requests_total{reason="metrics_token"} 1.0',
        'darkroom_party_up{party="telegram"} 1.0',
        "darkroom_queue_ready_jobs 0.0",
    ):
        assert sample in text
