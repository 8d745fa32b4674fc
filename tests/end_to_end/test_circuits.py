"""A party that is down: told once in the log and in /readyz, asked by one caller at a time, and everything goes on."""

from collections import Counter

import aiohttp
import pytest

from bot.jobs.guards import circuit
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.server import run_mock_replicate
from tests.support.callback_posts import update
from tests.support.darkroom import FAST, World, running_bot
from tests.support.flow import PHOTO, all_closed, impatient
from tests.support.ports import free_port
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("logs")

CROWD = 8


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(circuit, "FIRST_PAUSE_S", 0.2)
    monkeypatch.setattr(circuit, "LONGEST_PAUSE_S", 0.4)


async def readiness(settings):
    async with aiohttp.ClientSession() as session, session.get(f"{settings.base_url}/readyz") as answer:
        return answer.status, await answer.json()


async def told_of(settings, party, status, word):
    async def told():
        found, body = await readiness(settings)
        return found == status and body["status"] == word and body["parts"][party] != "ok"

    await eventually(told, within=15, because=f"{party} is down")


async def all_ready(settings):
    async def ready():
        return (await readiness(settings))[1]["status"] == "ready"

    await eventually(ready, within=15)


def said_once(lines, party):
    events = Counter(line["event"] for line in lines if line.get("party") == party)
    assert events == {"party_down": 1, "party_back": 1}, lines


async def crowd(world, count=CROWD):
    people = [world.person() for _ in range(count)]
    for person in people:
        await person.send_photo(PHOTO)
    return people


async def everybody_has_one_picture(people, data_dir):
    for person in people:
        await person.until(lambda person=person: any(m.photo for m in person.bot_messages), "result", 20)
    await all_closed(data_dir)
    assert [person.pings for person in people] == [1] * len(people)


async def test_replicate(world, tmp_path, logs):
    config = MockReplicateConfig(delay_s=FAST, webhook_retry_base_s=0.02, port=free_port())
    async with run_mock_replicate(config) as mock:
        settings = World(world.telegram, mock).settings(tmp_path)
    async with running_bot(settings, impatient()):
        people = await crowd(world)
        await told_of(settings, "replicate", 200, "degraded")
        async with run_mock_replicate(config) as mock:
            await everybody_has_one_picture(people, tmp_path)
            await all_ready(settings)
            assert len(mock.control.predictions()) == CROWD
    said_once(logs, "replicate")


async def test_telegram(world, tmp_path, logs):
    settings = world.settings(tmp_path)
    async with running_bot(settings, impatient()):
        before = len(world.chat.calls)
        world.chat.fail("*", error_code=502, description="Bad Gateway", times=10**6)
        people = await crowd(world)
        await told_of(settings, "telegram", 200, "degraded")
        assert len(world.chat.calls) - before < 4 * CROWD, "not hammered"
        world.chat.faults.clear()
        await everybody_has_one_picture(people, tmp_path)
        await all_ready(settings)
    said_once(logs, "telegram")


async def test_storage(world, tmp_path, logs):
    """Jobs are recorded, then the directory is gone: as when a disk is not mounted, something else is in its place.

    It is exchanged in one step, so that the bot cannot make a new one in between.
    """
    disk, nothing = tmp_path / "disk", tmp_path / "nothing"
    disk.mkdir()
    nothing.write_bytes(b"")
    mount(tmp_path / "data", disk)
    # Replicate gives up calling back while the disk is away; then the result is asked for.
    settings = world.settings(tmp_path / "data", poll_interval_s=0.5)
    async with running_bot(settings, impatient()):
        world.chat.fail("getFile", action="none", delay_s=0.3, times=CROWD)
        people = await crowd(world)
        await eventually(lambda: len([c for c in world.chat.calls if c.method == "getFile"]) == CROWD)
        mount(tmp_path / "data", nothing)
        await told_of(settings, "storage", 503, "not ready")
        await eventually(lambda: any(line["event"] == "party_down" for line in logs))
        message = world.chat.deliveries[0].update["message"]
        late = update(settings, {"update_id": 9, "message": {**message, "message_id": 9, "caption": "another wish"}})
        assert (await late).status == 503
        mount(tmp_path / "data", disk)
        await everybody_has_one_picture(people, tmp_path / "data")
        await all_ready(settings)
    said_once(logs, "storage")


def mount(point, target):
    fresh = point.with_name("fresh")
    fresh.symlink_to(target)
    fresh.replace(point)
