"""`kill -9` anywhere, then start: the result comes, nobody is pinged twice, no prediction is paid for twice.

The bot is a real process, killed by SIGKILL. Telegram, Replicate and the storage's links live on, as they would.
`make chaos` does the same for many minutes.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from bot.telegram.wording import text
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario import Scenario
from tests.support.crash_points import AFTER, step_points
from tests.support.crash_runs import TERMINAL, BotProcess, Scene, Sent, closed, scene
from tests.support.crash_stock import take_stock
from tests.support.darkroom import FAST, World, open_world
from tests.support.flow import PHOTO, records, stored
from tests.support.waiting import eventually

# Dozens of kills in one test, each followed by a start, on a machine that may be busy.
pytestmark = pytest.mark.timeout(300)
AT_ONCE = 4
POINTS = step_points()
STEPS = list(dict.fromkeys(point.partition(".")[0] for point in POINTS))


async def send_one(at: Scene) -> Sent:
    return await at.send(at.world.person(), PHOTO)


async def send_and_cancel(at: Scene) -> Sent:
    person = at.world.person()
    sent = await at.send(person, PHOTO)
    status = await person.expect(button="✖ Cancel", within=40)
    await eventually(lambda: [p for p in at.world.models.predictions() if p.status == "processing"], within=40)
    await person.press(status, "✖ Cancel")
    return sent


async def send_album(at: Scene) -> Sent:
    person = at.world.person()
    sent = await at.send_album(person, [PHOTO, PHOTO])
    await person.press(await person.expect(button="📚 All 2 photos", within=40), "📚 All 2 photos")
    return sent


async def send_two_for_one(at: Scene) -> Sent:
    """The second photo, sent only once it was asked for, is no job that anybody hears of."""
    person = at.world.person()
    sent = await at.send(person, PHOTO, caption="try_on")
    await person.expect(text=text("ask_image", "en"), within=40)
    await person.send_photo(PHOTO)
    await eventually(lambda: len(stored(at.settings.data_dir, "jobs")) == 2, within=40, because="both are recorded")
    return sent


@dataclass(frozen=True)
class Story:
    """What happens to a photo; chosen so that certain steps have something to do."""

    scenario: Scenario = field(default_factory=Scenario)
    settings: dict[str, Any] = field(default_factory=dict)
    act: Callable[[Scene], Awaitable[Sent]] = send_one
    answer_dropped: str = ""  # of this method, once
    result: bool = True
    reports: int = 0

    def prepare(self, world: World) -> None:
        world.models.scenario = self.scenario
        if self.answer_dropped:
            world.chat.fail(self.answer_dropped, action="drop_answer_after_delivery")


ORDINARY = Story()
ALBUM = Story(act=send_album, reports=1)
# Steps that an ordinary photo does not come to.
STORIES = {
    "poll": Story(Scenario(webhook_lost=True), {"poll_interval_s": 0.2}),
    "find_orphan": Story(Scenario(create_dropped=True, webhook_lost=True), {"poll_interval_s": 0.2}),
    "stop": Story(Scenario(hold="processing"), act=send_and_cancel, result=False),
    "settle_telling": Story(answer_dropped="sendPhoto"),
    "join": Story(act=send_two_for_one),
    **dict.fromkeys(("gather", "plan", "compose_report", "show_report", "conclude"), ALBUM),
    "follow_up": replace(ALBUM, answer_dropped="sendMediaGroup"),
}


async def crash(bots, folder, story: Story, point: str) -> bool:
    """One photo; the bot is killed at the point and started again. Gives whether it came to the point at all."""
    mock = MockReplicateConfig(delay_s=FAST, webhook_retry_base_s=0.02)
    async with open_world(mock) as world, scene(world, bots, folder, **story.settings) as at:
        story.prepare(world)
        bot = await at.start(point)
        told = asyncio.create_task(story.act(at))
        killed = await came_to_the_point(at, bot, told)
        assert at.crashed_at == [point.partition("#")[0]] * killed
        if killed:
            await at.start()
        sent = await told
        try:
            await closed(at)
        except AssertionError as error:
            raise AssertionError(f"{sent.person.transcript()}\n{at.log}") from error
        check(at, story)
        return killed


async def came_to_the_point(at: Scene, bot: BotProcess, told: asyncio.Task[Sent]) -> bool:
    """Wait for its death. Should the story end without, it is stopped, and may still die of what it ends with."""

    async def story_ended() -> None:
        await asyncio.shield(told)
        await closed(at)

    died, ended = asyncio.create_task(at.died(bot)), asyncio.create_task(story_ended())
    await asyncio.wait({died, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    await asyncio.wait({ended})
    if not died.done():
        with suppress(ProcessLookupError):
            os.kill(bot.pid, signal.SIGTERM)
    status = await died
    assert status in {0, -signal.SIGKILL}, at.log
    return status == -signal.SIGKILL


def check(at: Scene, story: Story = ORDINARY) -> None:
    data, stock = at.settings.data_dir, take_stock(at)
    found = [sent.person.transcript() for sent in at.sent], at.log
    assert {record.get("status") for record in records(data)} <= TERMINAL
    assert all(len(sent.reports) == story.reports for sent in at.sent), found
    for prefix in ("open", "drafts", "tasks", "poison"):
        assert stored(data, prefix) == [], found
    assert stock.pinged_twice == 0, found
    assert stock.created_twice_unexcused == 0, found
    if story.result:
        assert stock.delivered == stock.jobs, found
    else:
        assert {record["status"] for record in records(data)} == {"canceled"}, found
        assert sum(sent.pings for sent in at.sent) == 0, found


async def crash_at_each(bots, tmp_path, story: Story, points: list[str]) -> list[str]:
    """One run per point, a few at a time; tells all points that failed, and gives those that it did not come to."""
    free, missed = asyncio.Semaphore(AT_ONCE), []

    async def one(point: str) -> str | None:
        folder = tmp_path / point
        folder.mkdir()
        async with free:
            try:
                if not await crash(bots, folder, story, point):
                    missed.append(point)
            except (AssertionError, TimeoutError) as error:
                return f"{point}: {type(error).__name__} {error}"
        return None

    failures = [failure for failure in await asyncio.gather(*map(one, points)) if failure]
    assert not failures, "\n\n".join(failures)
    return missed


@pytest.mark.parametrize("step", STEPS)
async def test_a_job_survives_a_kill_at_every_boundary_of_the_step(bots, tmp_path, step):
    points = [point for point in POINTS if point.startswith(f"{step}.")]
    assert await crash_at_each(bots, tmp_path, STORIES.get(step, ORDINARY), points) == []


async def points_passed(bots, folder, story: Story) -> list[str]:
    async with open_world() as world, scene(world, bots, folder, **story.settings) as at:
        story.prepare(world)
        await at.start(trace=True)
        await story.act(at)
        await closed(at)
        return at.traced


# Each story once, by the name of the last step that it is for.
BY_NAME = {name: story for name, story in STORIES.items() if story is not ALBUM} | {"album": ALBUM}


# How many of the calls that a story made may not be made another time: whether a status is shown, or a nudge comes
# after a job's end, is a matter of moments.
BY_CHANCE = 3


@pytest.mark.parametrize("story", [ORDINARY, *BY_NAME.values()], ids=["ordinary", *BY_NAME])
async def test_a_job_survives_a_kill_right_after_every_call_on_its_surroundings(bots, tmp_path, story):
    """The calls are those that a run of the story makes; what the ordinary one makes is not repeated.

    What is done right before a call differs from right after the one before it by nothing that outlives the process.
    """
    (tmp_path / "plain").mkdir()
    points = set(await points_passed(bots, tmp_path / "plain", story)) - set(POINTS)
    if story is not ORDINARY:
        (tmp_path / "ordinary").mkdir()
        points -= set(await points_passed(bots, tmp_path / "ordinary", ORDINARY))
    wanted = sorted(point for point in points if point.endswith(f".{AFTER}"))
    assert len(await crash_at_each(bots, tmp_path, story, wanted)) <= BY_CHANCE


async def test_a_photo_comes_back_although_the_bot_was_dead_when_the_model_read_it(bots, world, tmp_path):
    """With file storage and no server beside the bot, the link to the input leads to the bot itself."""
    async with scene(world, bots, tmp_path) as at:
        del at.extra["CRASH_FILES_URL"]
        world.models.next_scenario(Scenario(hold="processing"))
        bot = await at.start("create.write.after")
        sent = await send_one(at)
        assert await at.died(bot) == -signal.SIGKILL, at.log
        (prediction,) = world.models.predictions()
        world.models.release()
        await world.models.ended(prediction.id)
        await at.start()
        await closed(at)
        assert sent.results, sent.person.transcript()
        assert sent.pings == 1


async def test_twenty_jobs_survive_three_kills_at_random_moments(bots, tmp_path):
    chance = Random(3)
    async with open_world() as world, scene(world, bots, tmp_path) as at:
        people = [world.person() for _ in range(4)]
        for number in range(3):
            bot = await at.start()
            for person in people if number else people * 3:
                await at.send(person, PHOTO)
            asyncio.get_running_loop().call_later(chance.uniform(0.1, 1.0), bot.kill)
            assert await at.died(bot) == -signal.SIGKILL, at.log
        await at.start()
        await closed(at)
        check(at)
        assert len(at.sent) == 20
