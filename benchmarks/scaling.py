"""The same bot as one, two and four processes, waiting for an outside that takes its time; and while they are killed.

One process has the doors, the others are workers; Redis (or Valkey) is between them. The people grow with the
processes, so that each has as much to wait for: what is shown is what sharing costs, not how many cores there are. Of
every number of processes there are two runs. In the second one of them, the one with the doors included, is killed
every few seconds and started again at once; the next one dies when that one works again.
"""

import asyncio
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.report import Report
from benchmarks.subjects import DARKROOM, free_port, outside, ready, s3_settings, start, stop
from bot.work_queue.redis_streams import LEASE_S
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario import Scenario
from mock_server.sandbox import Sandbox
from mock_server.telegram.watching import ExpectationError
from tests.support.crash_runs import Sent
from tests.support.flow import PHOTO
from tests.support.redis_servers import own_redis

_WORKER = (*DARKROOM, "worker")
_PREDICTION_S = (0.5, 0.5)
# A killed process leaves its jobs to the others when its lease of 15 s is over; Replicate's word may be lost with it.
_SETTLE_S = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The load, and what the outside is like."""

    per_process: int
    seconds: float
    outside_s: float
    storage_s: float
    kill_every_s: float


@dataclass(slots=True)
class _Run:
    """One number of processes and its people."""

    sandbox: Sandbox
    members: list["_Member"]
    sent: list[Sent] = field(default_factory=list)
    sojourn_s: list[float] = field(default_factory=list)
    kills: int = 0


@dataclass(slots=True)
class _Member:
    """One of the processes, and how to start it again."""

    command: Sequence[str]
    environment: dict[str, str]
    process: asyncio.subprocess.Process

    async def is_ready(self) -> None:
        await ready(self.process, f"http://127.0.0.1:{self.environment['PORT']}")

    async def die_and_rise(self) -> None:
        self.process.kill()
        await self.process.wait()
        self.process = await start(self.command, self.environment)


async def measure_scaling(report: Report, numbers: tuple[int, ...], plan: Plan) -> None:
    """Two rows for each number of processes; a note instead where there is no server for the queue."""
    report.section(
        f"Processes, outside {plan.outside_s * 1000:.0f} ms, S3 {plan.storage_s * 1000:.0f} ms a call",
        "jobs", "jobs/s", "photo to result, median, s", "killed", "lost", "pinged twice", "shown twice",
        "predictions too many",
    )  # fmt: skip
    if shutil.which("redis-server") is None and shutil.which("valkey-server") is None:
        return report.note("left out: there is neither a redis-server nor a valkey-server on this machine")
    for number in numbers:
        for kill_every_s in (None, plan.kill_every_s) if number > 1 else (None,):
            async with _team(number, plan) as run:
                took_s = await _load(run, number * plan.per_process, plan.seconds, kill_every_s)
                await _settled(run)
                report.row(f"{number}{' under kills' if kill_every_s else ''}", *_figures(run, took_s))
    return None


@asynccontextmanager
async def _team(number: int, plan: Plan) -> AsyncIterator[_Run]:
    mock = MockReplicateConfig(
        delay_s=_PREDICTION_S,
        scenario=Scenario(create_delay_s=plan.outside_s, api_delay_s=plan.outside_s),
        rate_limit_creates_per_min=0,
        rate_limit_requests_per_min=0,
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, own_redis(Path(folder)) as queue:
        async with outside(mock, s3_delay_s=plan.storage_s) as (sandbox, storage, environment):
            assert sandbox.telegram
            sandbox.telegram.control.fail("*", times=None, action="none", delay_s=plan.outside_s)
            settings = environment | s3_settings(storage) | {"QUEUE_URL": queue, "LOG_LEVEL": "warning"}
            run = _Run(sandbox, [])
            try:
                for index in range(number):
                    command = _WORKER if index else DARKROOM
                    own = settings | ({"PORT": str(free_port())} if index else {})
                    run.members.append(_Member(command, own, await start(command, own)))
                await asyncio.gather(*(member.is_ready() for member in run.members))
                yield run
            finally:
                await asyncio.gather(*(stop(member.process) for member in run.members))


async def _load(run: _Run, people: int, seconds: float, kill_every_s: float | None) -> float:
    """People who send a photo as soon as they have the result of the one before; how long all took."""
    begun = time.perf_counter()
    killing = [_kill(run, kill_every_s, begun + seconds)] if kill_every_s else []
    await asyncio.gather(*killing, *(_person(run, begun + seconds) for _ in range(people)))
    return time.perf_counter() - begun


async def _person(run: _Run, until: float) -> None:
    assert run.sandbox.telegram
    while time.perf_counter() < until:
        person, begun = run.sandbox.telegram.control.add_user("Ada"), time.perf_counter()
        run.sent.append(Sent(person, await person.send_photo(PHOTO)))
        with suppress(ExpectationError):  # it is lost, and counted as such
            await person.expect(photo=True, within=_SETTLE_S)
        run.sojourn_s.append(time.perf_counter() - begun)


async def _kill(run: _Run, every_s: float, until: float) -> None:
    choice = random.Random(1)
    while time.perf_counter() + every_s < until:
        await asyncio.sleep(every_s)
        victim = choice.choice(run.members)
        await victim.die_and_rise()
        run.kills += 1
        await victim.is_ready()


async def _settled(run: _Run) -> None:
    """What still moves has come to its end: a second message would be here by now."""
    if run.kills:
        await asyncio.sleep(2 * LEASE_S)


def _figures(run: _Run, took_s: float) -> Sequence[float]:
    assert run.sandbox.replicate
    predictions = len(run.sandbox.replicate.control.predictions())
    return (
        len(run.sent),
        len(run.sent) / took_s,
        statistics.median(run.sojourn_s),
        run.kills,
        sum(not sent.results for sent in run.sent),
        sum(sent.pings > 1 for sent in run.sent),
        # Whoever was killed before it knew what became of its message had the status message edited into the result.
        sum(len(sent.results) > 1 for sent in run.sent),
        max(0, predictions - len(run.sent)),
    )
