"""What a person sees while a model works, where one process hears of it and any other may advance the job."""

import itertools
import os
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.app import Overrides, Role
from bot.composition.adapters import engine_bot_id
from bot.telegram.wording import text
from bot.work_queue.redis_client import Keys
from mock_server.replicate.config import MockReplicateConfig
from tests.support.clocks import RunningClock
from tests.support.darkroom import open_world, running_bot
from tests.support.flow import PHOTO, Impatient
from tests.support.model_runs import begun
from tests.support.ports import free_port
from tests.support.waiting import eventually

STEP_S = 10.0
SLOW = MockReplicateConfig(delay_s=(10 * STEP_S, 10 * STEP_S), webhook_throttle_s=0)  # by the mock's own clock
WORKERS = 2

_numbers = itertools.count(8_000_000 + os.getpid())


class Team:
    """A bot and its workers on one Redis and one S3."""

    def __init__(self, world, settings, clock, redis):
        self.world, self.settings, self.clock, self.redis = world, settings, clock, redis
        self.keys = Keys(engine_bot_id(settings))

    async def pause_is_over(self, person):
        """The chat's pause, which Redis measures in real time."""
        self.clock.put_forward(4)
        await self.redis.delete(self.keys("turn", f"edit/{person.chat.id}"))

    @property
    def edits(self):
        calls = self.world.chat.journal.calls_of("editMessageText")
        return [call.params["text"] for call in calls if call.status == 200]


@asynccontextmanager
async def at_work(tmp_path, server, redis_url):
    number = next(_numbers)
    token, clock = f"{number}:SANDBOX-token-opens-no-real-bot-000", RunningClock()
    overrides = Overrides(clock=clock, random=Impatient())
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(SLOW, bot_token=token))
        settings = world.settings(
            tmp_path,
            s3_bucket=f"photos-of-{number}",
            s3_endpoint_url=server.endpoint_url,
            aws_access_key_id=SecretStr(server.access_key_id),
            aws_secret_access_key=SecretStr(server.secret_access_key),
            aws_region=server.region,
            queue_url=SecretStr(redis_url),
        )
        redis = Redis.from_url(redis_url)
        stack.push_async_callback(redis.aclose)
        await stack.enter_async_context(running_bot(settings, overrides))
        for _ in range(WORKERS):
            alike = settings.model_copy(update={"port": free_port()})
            await stack.enter_async_context(running_bot(alike, overrides, role=Role.WORKER))
        yield Team(world, settings, clock, redis)


@pytest.mark.parametrize(
    ("caption", "told"),
    [("", text("working_percent", "en", percent=10)), ("describe", "✍ Writing…\n\nThe")],
    ids=["percent", "text"],
)
async def test_what_a_model_reports_is_shown_whoever_advances_the_job(
    tmp_path, seaweedfs_server, redis_url, caption, told
):
    async with at_work(tmp_path, seaweedfs_server, redis_url) as team:
        person = team.world.person()
        await person.send_photo(PHOTO, caption=caption)
        prediction = await begun(team.world.models)
        team.world.models.advance(STEP_S)
        await eventually(lambda: team.edits)
        await team.pause_is_over(person)
        # If an edit has just gone out all the same, the next one follows after the pause.
        await eventually(lambda: any(words.startswith(told) for words in team.edits))
        assert prediction.status == "processing"
        team.world.models.advance(20 * STEP_S)
        await eventually(lambda: person.pings == 1)
        expected = {"start", "output", "completed"} if caption else {"start", "logs", "completed"}
        await eventually(lambda: {delivery.event for delivery in team.world.models.deliveries} >= expected)
    assert len(person.bot_messages) == 1
