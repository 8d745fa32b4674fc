"""What is measured: Darkroom, or the floor, as a process of its own, with an outside of its own in this one."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.memory_s3 import BUCKET, MemoryS3, run_memory_s3
from mock_server.replicate.config import MockReplicateConfig
from mock_server.sandbox import Sandbox, open_sandbox
from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.control import Control

DARKROOM: Sequence[str] = ("-m", "bot")
FLOOR: Sequence[str] = ("-m", "benchmarks.floor")
_ROOT = Path(__file__).parent.parent
_READY_S = 60.0
_KEPT_BYTES = 8_000_000_000  # on disk; photos must not be forgotten before the bot gets to them
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Subject:
    """One running process and its outside."""

    process: asyncio.subprocess.Process
    sandbox: Sandbox
    s3: MemoryS3
    url: str

    @property
    def chat(self) -> Control:
        """The people."""
        assert self.sandbox.telegram
        return self.sandbox.telegram.control

    def cpu_s(self) -> float:
        """Seconds of CPU so far, all its threads together. Linux only."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def rss_mb(self) -> float:
        """Megabytes of memory in use now."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@asynccontextmanager
async def running(
    command: Sequence[str], *, mock: MockReplicateConfig | None = None, s3: bool = True, **settings: str
) -> AsyncIterator[Subject]:
    """Start `python *command` with an outside that answers at once, and wait until it is ready.

    `settings` are environment variables; without `s3` files in a temporary folder are the storage.
    """
    async with outside(mock) as (sandbox, storage, environment):
        process = await start(command, environment | (s3_settings(storage) if s3 else {}) | settings)
        try:
            await ready(process, environment["BASE_URL"])
            yield Subject(process, sandbox, storage, environment["BASE_URL"])
        finally:
            await stop(process)


@asynccontextmanager
async def outside(
    mock: MockReplicateConfig | None = None, *, s3_delay_s: float = 0.0
) -> AsyncIterator[tuple[Sandbox, MemoryS3, dict[str, str]]]:
    """Telegram, Replicate and S3, and the environment of a bot that talks to the first two."""
    fast = MockReplicateConfig(delay_s=(0, 0), rate_limit_creates_per_min=0, rate_limit_requests_per_min=0)
    telegram = TelegramEmulatorConfig(max_stored_bytes=_KEPT_BYTES)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with (
            open_sandbox(telegram=telegram, replicate=mock or fast) as sandbox,
            run_memory_s3(s3_delay_s) as storage,
        ):
            yield sandbox, storage, _environment(sandbox, free_port(), Path(folder))


async def start(command: Sequence[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """`python *command`, with nothing in its environment but this."""
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=_ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL
    )


def _environment(sandbox: Sandbox, port: int, folder: Path) -> dict[str, str]:
    assert sandbox.telegram
    assert sandbox.replicate
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(_ROOT),
        "BOT_TOKEN": sandbox.telegram.bot_token,
        "TELEGRAM_API_URL": sandbox.telegram.base_url,
        "TELEGRAM_RATE_LIMIT": "0",
        "BASE_URL": f"http://127.0.0.1:{port}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "REPLICATE_BASE_URL": sandbox.replicate.base_url,
        "REPLICATE_API_TOKEN": "r8_" + "b" * 37,
        "REPLICATE_WEBHOOK_SECRET": sandbox.replicate.webhook_secret,
        "REPLICATE_MAX_ACTIVE": "100000",
        "USER_MAX_ACTIVE_JOBS": "100000",
        "USER_DAILY_JOBS": "100000",
        "DATA_DIR": str(folder),
        "LOG_FORMAT": "json",
    }


def s3_settings(s3: MemoryS3) -> dict[str, str]:
    """What leads a bot to this storage."""
    return {
        "S3_BUCKET": BUCKET,
        "S3_ENDPOINT_URL": s3.url,
        "AWS_ACCESS_KEY_ID": "bench-key-id",
        "AWS_SECRET_ACCESS_KEY": "bench-secret-of-no-use",
        "AWS_REGION": "us-east-1",
    }


async def ready(process: asyncio.subprocess.Process, url: str) -> None:
    """Wait until the process that listens at `url` can work."""
    async with asyncio.timeout(_READY_S), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            if process.returncode is not None:
                raise SystemExit(f"it ended with {process.returncode} before it was ready")
            await asyncio.sleep(0.05)


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ask it to end; it is killed if that takes too long."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
