"""A storage that fails for a while: the doors say "later", jobs in flight go on by themselves, nothing is lost."""

import asyncio

import aiohttp
import pytest
from botocore.retries import standard
from pydantic import SecretStr

from bot.jobs import worker
from mock_server.replicate.scenario import Scenario
from storage import s3_http
from tests.support.callback_posts import update
from tests.support.darkroom import running_bot
from tests.support.faulty_s3 import faulty_s3
from tests.support.flow import PHOTO, impatient, is_cancel, record
from tests.support.s3_servers import new_bucket_name, outside_of
from tests.support.waiting import eventually

FAULTS = {
    "500": lambda proxy: proxy.fail(500),
    "503": lambda proxy: proxy.fail(503),
    "gone": lambda proxy: proxy.disappear(),
    "answers lost": lambda proxy: proxy.lose_answers(),
}


@pytest.fixture
async def s3(moto_server):
    async with faulty_s3(moto_server.endpoint_url) as proxy:
        yield proxy


@pytest.fixture
def bucket(moto_server):
    with outside_of(moto_server) as outside:
        outside.bucket = new_bucket_name()
        yield outside


@pytest.fixture
def settings(world, s3, moto_server, bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "STORAGE_RETRY_S", 0.1)
    # Hardly a pause between the attempts at one request, botocore's (its longest wait, and its jitter) included.
    monkeypatch.setattr(s3_http, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(standard.ExponentialBackoff.__init__, "__defaults__", (20, lambda: 0.01))
    return world.settings(
        tmp_path,
        s3_bucket=bucket.bucket,
        s3_endpoint_url=s3.url,
        s3_public_endpoint_url=moto_server.endpoint_url,
        aws_access_key_id=SecretStr(moto_server.access_key_id),
        aws_secret_access_key=SecretStr(moto_server.secret_access_key),
        poll_interval_s=0.5,
    )


async def one_result(person):
    await person.expect(photo=True, within=15)
    await person.until(
        lambda: not any(is_cancel(b) for m in person.bot_messages for b in m.buttons()), "status taken away", 15
    )
    assert person.pings <= 1
    assert all(m.photo for m in person.bot_messages)


async def nothing_open(bucket):
    await eventually(
        lambda: asyncio.to_thread(lambda: not bucket.keys("open/") and not bucket.keys("tasks/")), within=15
    )


async def readiness(settings):
    async with aiohttp.ClientSession() as session, session.get(f"{settings.base_url}/readyz") as answer:
        return answer.status


async def test_a_photo_goes_through_s3(world, settings, bucket):
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await one_result(person)
        await nothing_open(bucket)
    assert person.pings == 1


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "answers lost"])
async def test_the_doors_say_later_and_everything_goes_on_afterwards(world, settings, s3, bucket, fault):
    world.models.scenario = Scenario(hold="processing")
    async with running_bot(settings, impatient()):
        early, late = world.person(), world.person()
        await early.send_photo(PHOTO)
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        FAULTS[fault](s3)
        assert await readiness(settings) == 503
        await late.send_photo(PHOTO)
        await eventually(lambda: [d for d in world.chat.deliveries if d.status == 503])
        world.models.release()
        await eventually(lambda: [d for d in world.models.deliveries if d.status == 503 and d.event == "completed"])
        assert not [m for p in (early, late) for m in p.bot_messages if m.photo]
        s3.heal()
        assert await readiness(settings) == 200
        await one_result(early)
        await eventually(lambda: len(world.models.predictions()) == 2, within=10)
        await eventually(lambda: world.models.predictions()[1].status == "processing")
        world.models.release()
        await one_result(late)
        await nothing_open(bucket)
    assert (early.pings, late.pings) == (1, 1)
    assert len(world.models.predictions()) == 2


async def test_a_door_that_cannot_record_names_the_time_to_come_back(world, settings, s3):
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_text("/start")
        await person.expect(text="Just send me one")
        s3.disappear()
        await person.send_photo(PHOTO)
        refused = await eventually(lambda: [d for d in world.chat.deliveries if d.status == 503])
        answer = await update(settings, refused[0].update)
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.body == b""
        s3.heal()
        await person.expect(photo=True, within=15)


async def outlives(s3, fault):
    """The bot meets the fault several times before it is over."""
    FAULTS[fault](s3)
    asked = s3.requests
    await eventually(lambda: s3.requests > asked + 3)
    s3.heal()


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("gone", "sendMessage"),
        ("gone", "getFile"),
        ("gone", "sendPhoto"),
        ("gone", "deleteMessages"),
        ("answers lost", "getFile"),
        ("answers lost", "sendPhoto"),
    ],
)
async def test_a_storage_that_fails_under_a_step_loses_and_doubles_nothing(world, settings, s3, bucket, step, fault):
    world.chat.fail(step, action="none", delay_s=0.15)
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(lambda: world.chat.faults.armed() == [])
        await outlives(s3, fault)
        await one_result(person)
        await nothing_open(bucket)
    assert person.pings == 1
    assert len(world.models.predictions()) == 1


@pytest.mark.parametrize("fault", ["gone", "answers lost"])
async def test_a_storage_that_fails_under_the_create_call_does_not_pay_twice(world, settings, s3, bucket, fault):
    world.models.scenario = Scenario(create_delay_s=0.3, webhook_lost=True)
    async with running_bot(settings, impatient()):
        person = world.person()
        await person.send_photo(PHOTO)
        await eventually(world.models.predictions)
        await outlives(s3, fault)
        await one_result(person)
        await nothing_open(bucket)
    assert person.pings == 1
    assert len(world.models.predictions()) == 1


async def test_a_slow_storage_only_takes_longer(world, settings, s3, bucket):
    async with running_bot(settings, impatient()):
        s3.slow_down(0.05)
        person = world.person()
        await person.send_photo(PHOTO)
        await one_result(person)
        await nothing_open(bucket)
    assert {d.status for d in world.chat.deliveries} == {200}
    assert person.pings == 1


async def test_a_storage_that_is_down_at_the_start_is_waited_for(world, settings, s3, monkeypatch):
    monkeypatch.setattr("bot.startup_retry._ASK_AGAIN_S", 0.1)
    s3.disappear()
    bot = running_bot(settings, impatient())
    starting = asyncio.ensure_future(bot.__aenter__())
    await eventually(lambda: s3.requests > 3)
    s3.heal()
    await starting
    try:
        person = world.person()
        await person.send_photo(PHOTO)
        await one_result(person)
    finally:
        await bot.__aexit__(None, None, None)


async def test_files_that_are_out_of_reach_for_a_while_lose_nothing(world, tmp_path, monkeypatch):
    """As when a disk is not mounted: there is something else in the directory's place."""
    monkeypatch.setattr(worker, "STORAGE_RETRY_S", 0.1)
    world.models.scenario = Scenario(hold="processing")
    directory, aside = tmp_path / "data", tmp_path / "aside"
    async with running_bot(world.settings(directory, poll_interval_s=0.3), impatient()):
        early, late = world.person(), world.person()
        await early.send_photo(PHOTO)
        await eventually(lambda: [p for p in world.models.predictions() if p.status == "processing"])
        await eventually(lambda: record(directory)["slots"][0].get("prediction_id"))
        directory.rename(aside)
        directory.touch()
        await late.send_photo(PHOTO)
        await eventually(lambda: [d for d in world.chat.deliveries if d.status == 503])
        directory.unlink()
        aside.rename(directory)
        world.models.release()
        await one_result(early)
        await eventually(lambda: len(world.models.predictions()) == 2, within=10)
        await eventually(lambda: world.models.predictions()[1].status == "processing")
        world.models.release()
        await one_result(late)
    assert (early.pings, late.pings) == (1, 1)
