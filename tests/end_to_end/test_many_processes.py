"""A bot and workers as real processes that share a real Redis and a real S3: killed, poisoned, stopped, cut off."""

import asyncio
import itertools
import os
import signal
from contextlib import suppress

import pytest
from pydantic import SecretStr

from bot.dead_letters import run_dead_letters
from bot.work_queue.job_leases import MAX_STARTS
from mock_server.replicate.config import MockReplicateConfig
from tests.support.crash_runs import Scene, scene, starter
from tests.support.crash_stock import take_stock
from tests.support.darkroom import open_world
from tests.support.flow import PHOTO
from tests.support.redis_servers import own_redis
from tests.support.waiting import eventually

LEASE_S = 1.0
SLOW = (0.2, 0.4)  # seconds per prediction, so that a killed worker has some in hand
WITHIN_S = 25

_numbers = itertools.count(os.getpid())


@pytest.fixture(scope="module")
def bots():
    with starter("storage.s3", "bot.work_queue.shared_places", "bot.work_queue.shared_state") as bots:
        yield bots


@pytest.fixture
async def at(bots, tmp_path, seaweedfs_server, redis_url):
    """A place to run a bot and its workers in."""
    number = 7_000_000 + next(_numbers)  # keys in the queue engine go by the bot's number
    token = f"{number}:SANDBOX-token-opens-no-real-bot-000"
    async with open_world(MockReplicateConfig(delay_s=SLOW, webhook_retry_base_s=0.02), bot_token=token) as world:
        server = seaweedfs_server
        shared = {
            "s3_bucket": f"photos-of-{number}",
            "s3_endpoint_url": server.endpoint_url,
            "aws_access_key_id": SecretStr(server.access_key_id),
            "aws_secret_access_key": SecretStr(server.secret_access_key),
            "aws_region": server.region,
            "queue_url": SecretStr(redis_url),
        }
        async with scene(world, bots, tmp_path, **shared) as at:
            at.extra["CRASH_LEASE_S"] = str(LEASE_S)
            yield at


async def send_from_many(at: Scene, photos: int, people: int = 3) -> None:
    persons = [at.world.person() for _ in range(people)]
    for number in range(photos):
        await at.send(persons[number % people], PHOTO)


async def all_delivered(at: Scene) -> None:
    await eventually(lambda: all(sent.results for sent in at.sent), within=WITHIN_S, because=at.log)


async def test_workers_share_the_work_and_a_killed_one_loses_and_doubles_nothing(at):
    await at.start()
    workers = [await at.start(role="worker") for _ in range(2)]
    await send_from_many(at, 12)
    for worker in workers:
        await eventually(at.world.models.predictions, within=WITHIN_S, because=at.log)
        worker.kill()
        await at.died(worker)
        await at.start(role="worker")
        await send_from_many(at, 4)
    await all_delivered(at)
    stock = take_stock(at)
    assert (stock.jobs, stock.delivered) == (20, 20)
    assert stock.flawless, stock


async def test_a_killed_bot_leaves_its_work_to_the_workers_and_its_updates_to_its_successor(at):
    bot = await at.start()
    await at.start(role="worker")
    await send_from_many(at, 6)
    await eventually(lambda: len(at.world.models.predictions()) >= 3, within=WITHIN_S, because=at.log)
    bot.kill()
    await at.died(bot)
    await send_from_many(at, 2)  # Telegram keeps trying
    await at.start()
    await all_delivered(at)
    stock = take_stock(at)
    assert (stock.jobs, stock.delivered) == (8, 8)
    assert stock.flawless, stock


async def test_a_job_that_kills_its_processes_is_set_aside_until_an_admin_revives_it(at, capsys):
    deadly = "fetch_input.perform.before"
    run = await at.start(deadly)
    await send_from_many(at, 1)
    for _ in range(MAX_STARTS - 1):
        await at.died(run)
        run = await at.start(deadly, role="worker")
    await at.died(run)
    await at.start()
    await eventually(lambda: at.said("job_set_aside"), within=WITHIN_S, because=at.log)
    assert await run_dead_letters(at.settings, None) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert not at.sent[0].results
    assert await run_dead_letters(at.settings, "all") == 0
    await all_delivered(at)
    assert await run_dead_letters(at.settings, "no-such-job") == 1
    assert take_stock(at).flawless


async def test_an_outage_of_the_engine_only_takes_longer(at, tmp_path):
    with own_redis(tmp_path) as url:
        port = url.rpartition(":")[2].removesuffix("/0")
        at.settings = at.settings.model_copy(update={"queue_url": SecretStr(url)})
        await at.start()
        await at.start(role="worker")
        await send_from_many(at, 3)
        await eventually(at.world.models.predictions, within=WITHIN_S, because=at.log)
    await send_from_many(at, 3)
    await eventually(lambda: at.said("queue_unreachable", "nudge_kept"), within=WITHIN_S, because=at.log)
    with own_redis(tmp_path, "--port", port):
        await all_delivered(at)
        stock = take_stock(at)
        assert (stock.jobs, stock.delivered) == (6, 6)
        assert stock.flawless, stock
        for run in at.runs:
            run.kill()


async def test_sigterm_ends_an_idle_worker_within_two_seconds(at):
    await at.start()
    worker = await at.start(role="worker")
    await send_from_many(at, 2)
    await all_delivered(at)
    begin = asyncio.get_running_loop().time()
    with suppress(ProcessLookupError):
        os.kill(worker.pid, signal.SIGTERM)
    assert await at.died(worker) == 0
    assert asyncio.get_running_loop().time() - begin < 2
