"""What 500 front ends that poll their tasks every three seconds cost: `python -m benchmarks.api_polling`.

The bot is a process of its own, and only its CPU is counted; clients, Telegram and Replicate are emulated in this one.
Every client has a task that is at work, a connection that is kept, and the ETag of its last answer. Reads of the
storage come from the bot's own /metrics.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import re
import socket
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import aiohttp

from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.scenario import Scenario
from mock_server.sandbox import open_sandbox
from mock_server.telegram.config import TelegramEmulatorConfig
from tests.support.flow import PHOTO
from tests.support.front_end import KEY

_EVERY_S = 3.0
_STARTS_AT_ONCE = 8
_PATIENCE_S = 120.0
_SPARE_S = 0.01
_SETTLE_S = 3.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_READS = re.compile(r'^darkroom_storage_operations_total\{operation="(?:get|stream)".*\} (\S+)$', re.MULTILINE)


class Bot:
    """The bot as a process, over its API."""

    def __init__(self, process: asyncio.subprocess.Process, base_url: str, session: aiohttp.ClientSession) -> None:
        self._process, self._base_url, self._session = process, base_url, session

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU it has used, in user and in system mode."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    async def ready(self) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with self._session.get(f"{self._base_url}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.1)

    async def storage_reads(self) -> float:
        """How many objects it has read since it was started; the sweep's listing, once a minute, is none."""
        async with self._session.get(f"{self._base_url}/metrics") as answer:
            return sum(map(float, _READS.findall(await answer.text())))

    async def start(self) -> str:
        """A task; its id."""
        form = aiohttp.FormData()
        form.add_field("person_image", PHOTO, filename="photo.jpg", content_type="image/jpeg")
        async with self._session.post(f"{self._base_url}/api/v1/tasks", data=form) as answer:
            assert answer.status == 202, await answer.text()
            return str((await answer.json())["task_id"])

    async def poll(self, task_id: str, etag: str) -> tuple[int, str, str | None]:
        """HTTP status, ETag and, where there is a body, the task's status."""
        headers = {"If-None-Match": etag} if etag else {}
        async with self._session.get(f"{self._base_url}/api/v1/tasks/{task_id}", headers=headers) as answer:
            status = (await answer.json())["status"] if answer.status == 200 else None
            return answer.status, answer.headers["ETag"], status


async def started(bot: Bot, clients: int) -> list[str]:
    """So many tasks, all of them at work."""
    places = asyncio.Semaphore(_STARTS_AT_ONCE)

    async def one() -> str:
        async with places:
            return await bot.start()

    tasks = await asyncio.gather(*(one() for _ in range(clients)))
    for task_id in tasks:
        await at_work(bot, task_id)
    return list(tasks)


async def at_work(bot: Bot, task_id: str) -> None:
    """Wait until its model works on it, within the rate that a key may have."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            await asyncio.sleep(_SPARE_S)
            _, _, status = await bot.poll(task_id, "")
            if status == "processing":
                return


async def polled(bot: Bot, tasks: list[str], seconds: float, *, conditional: bool) -> tuple[list[int], list[float]]:
    """Every client polls every three seconds, each with a beginning of its own; HTTP statuses and latencies."""
    chance, end = Random(1), time.perf_counter() + seconds
    statuses: list[int] = []
    latencies: list[float] = []

    async def client(task_id: str) -> None:
        etag = ""
        await asyncio.sleep(chance.uniform(0, _EVERY_S))
        while (begin := time.perf_counter()) < end:
            status, etag, _ = await bot.poll(task_id, etag if conditional else "")
            statuses.append(status)
            latencies.append(time.perf_counter() - begin)
            await asyncio.sleep(max(0.0, begin + _EVERY_S - time.perf_counter()))

    await asyncio.gather(*map(client, tasks))
    return statuses, latencies


async def measure(bot: Bot, arguments: argparse.Namespace) -> bool:
    """Print the figures; whether they hold what was promised."""
    tasks = await started(bot, arguments.clients)
    await asyncio.sleep(_SETTLE_S)
    idle_cpu, begin = bot.cpu_s, time.perf_counter()
    await asyncio.sleep(_SETTLE_S)
    idle = (bot.cpu_s - idle_cpu) / (time.perf_counter() - begin)
    print(f"{'the same tasks, nobody polls':44} {idle:8.1%} of one core")
    shares = []
    for conditional in (True, False):
        reads, cpu, begin = await bot.storage_reads(), bot.cpu_s, time.perf_counter()
        statuses, latencies = await polled(bot, tasks, arguments.seconds, conditional=conditional)
        share = (bot.cpu_s - cpu) / (time.perf_counter() - begin)
        shares.append(share)
        name = f"{arguments.clients} clients every {_EVERY_S:g} s, {'with' if conditional else 'without'} ETag"
        print(f"{name:44} {share:8.1%} of one core")
        print(f"{'  answers: 304 of all':44} {statuses.count(304)} of {len(statuses)}")
        print(f"{'  CPU per poll':44} {(share - idle) * arguments.seconds / len(statuses) * 1e6:8.0f} us")
        percentiles = statistics.quantiles(latencies, n=100)
        print(f"{'  latency, half and 99 of 100':44} {percentiles[49] * 1e3:8.1f} {percentiles[98] * 1e3:8.1f} ms")
        print(f"{'  reads of the storage':44} {await bot.storage_reads() - reads:8.0f}")
    return bool(max(shares) < arguments.most)


async def run(arguments: argparse.Namespace, folder: Path) -> bool:
    """The bot and all around it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mock = MockReplicateConfig(rate_limit_creates_per_min=0, rate_limit_requests_per_min=0)
    headers = {"Authorization": f"Bearer {KEY}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        open_sandbox(telegram=TelegramEmulatorConfig(), replicate=mock) as sandbox,
        aiohttp.ClientSession(headers=headers, connector=connector) as session,
    ):
        assert sandbox.telegram
        assert sandbox.replicate
        sandbox.replicate.control.scenario = Scenario(hold="processing")
        environ = {
            "BOT_TOKEN": sandbox.telegram.bot_token,
            "TELEGRAM_API_URL": sandbox.telegram.base_url,
            "REPLICATE_BASE_URL": sandbox.replicate.base_url,
            "REPLICATE_WEBHOOK_SECRET": sandbox.replicate.webhook_secret,
            "REPLICATE_MAX_ACTIVE": "100000",
            "BASE_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
            "DATA_DIR": str(folder),
            "API_KEYS": KEY,
            "API_MAX_ACTIVE_JOBS": "100000",
            "API_DAILY_JOBS": "100000",
            "POLL_INTERVAL_S": "3600",
            "LOG_FORMAT": "json",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", env={**os.environ, **environ}, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            bot = Bot(process, environ["BASE_URL"], session)
            await bot.ready()
            return await measure(bot, arguments)
        finally:
            process.terminate()
            await process.wait()


def main() -> int:
    """Print the figures; the exit code tells whether the CPU stayed below the promised share."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--most", type=float, default=0.15, help="share of one core that polling may cost")
    arguments = parser.parse_args()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}")
    with tempfile.TemporaryDirectory(prefix="darkroom-polling-") as folder:
        return 0 if asyncio.run(run(arguments, Path(folder))) else 1


if __name__ == "__main__":
    sys.exit(main())
