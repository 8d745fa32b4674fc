"""What this machine does with Darkroom: hot pieces alone, and whole jobs through emulator, bot and mock.

    make bench                     # or: make bench ARGS="--jobs 200 --width 32"

Everything shares one process and one core here, the outside parties included, so the figures are for comparing two
versions of the code in one sitting, not for sizing a machine. Last comes the mock Replicate in a process of its own.
"""

import argparse
import asyncio
import socket
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from PIL import Image

from benchmarks import mock_replicate
from bot.app import Overrides, create_app
from bot.log_config import configure_logging
from bot.sandbox import with_built_in_parties
from bot.settings import Settings
from mock_server.replicate.config import MockReplicateConfig
from replicate_gateway.signature import decode_secret, verify
from storage.files import open_file_store
from storage.job import InputImage, Job, Origin, Slot
from storage.records import dump_job, load_job

ROUNDS = 2000


def timed(name: str, work: Callable[[], object]) -> None:
    """Print the microseconds of CPU that one call takes."""
    work()
    begin = time.process_time()
    for _ in range(ROUNDS):
        work()
    print(f"{name:42} {(time.process_time() - begin) / ROUNDS * 1e6:10.1f} us")


async def timed_async(name: str, work: Callable[[int], Awaitable[object]]) -> None:
    """The same for a coroutine, one after the other; CPU of the process, threads included."""
    await work(-1)
    begin = time.process_time()
    for number in range(ROUNDS // 10):
        await work(number)
    print(f"{name:42} {(time.process_time() - begin) / (ROUNDS // 10) * 1e6:10.1f} us")


def pieces() -> None:
    """Signature and record."""
    mock = MockReplicateConfig()
    from mock_server.replicate.signing import sign, signing_key  # noqa: PLC0415 - the mock's own signer

    body, now = b'{"id":"p","status":"succeeded","output":"https://replicate.delivery/x.png"}' * 8, int(time.time())
    signature = sign(signing_key(mock.webhook_secret), "id", now, body)
    headers = {"webhook-id": "id", "webhook-timestamp": str(now), "webhook-signature": signature}
    key = decode_secret(mock.webhook_secret)
    timed(
        "verify a callback's signature", lambda: verify(key=key, headers=headers, body=body, tolerance_s=300, now_s=now)
    )
    at = datetime.now(UTC)
    job = Job("x" * 36, Origin("tg-1", "en", 1, 2), "restore", (InputImage("f" * 60),), (Slot(1),), at, at, at)
    record = dump_job(job)
    timed("write a job as JSON", lambda: dump_job(job))
    timed("read a job from JSON", lambda: load_job(record, "x"))


async def storage(directory: Path) -> None:
    """The file store, each write flushed to the disk."""
    async with open_file_store(directory, public_url="http://localhost", signing_key=b"k" * 32) as store:
        await timed_async(
            "put a record (files)", lambda n: store.put(f"jobs/{n}.json", b"x" * 600, content_type="application/json")
        )
        await timed_async("get a record (files)", lambda n: store.get(f"jobs/{max(n, 0)}.json", max_bytes=1000))


async def jobs(directory: Path, count: int, width: int) -> None:
    """Whole jobs, `width` at a time, each with a model that ends at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(
        port=port, sandbox_port=1024, data_dir=directory, telegram_rate_limit=0, user_max_active_jobs=1000,
        user_daily_jobs=100_000, replicate_max_active=1000,
    ).model_copy(update={"sandbox_port": 0})  # fmt: skip
    mock = MockReplicateConfig(delay_s=(0, 0), rate_limit_creates_per_min=0, rate_limit_requests_per_min=0)
    photo = Image.effect_noise((320, 240), 40).convert("RGB")
    photo.save(directory / "photo.jpg")
    async with with_built_in_parties(settings, mock=mock) as (complete, sandbox):
        runner = web.AppRunner(create_app(complete, Overrides(profile=False)), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, complete.host, complete.port).start()
        assert sandbox.telegram
        control, times, cpu, begin = sandbox.telegram.control, [], time.process_time(), time.perf_counter()
        places = asyncio.Semaphore(width)

        async def one() -> None:
            async with places:
                person, sent = control.add_user("Ada"), time.perf_counter()
                await person.send_photo(directory / "photo.jpg")
                await person.expect(photo=True, within=60)
                times.append(time.perf_counter() - sent)

        await asyncio.gather(*(one() for _ in range(count)))
        wall = time.perf_counter() - begin
        print(f"{'whole jobs, all parties in one process':42} {count / wall:10.1f} jobs/s")
        print(f"{'  of CPU per job':42} {(time.process_time() - cpu) / count * 1e3:10.1f} ms")
        print(f"{'  photo to result, median':42} {statistics.median(times) * 1e3:10.1f} ms")
        await runner.cleanup()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--width", type=int, default=16, help="jobs in flight")
    parser.add_argument(
        "--mock", type=int, default=200, help="predictions in flight at the mock alone; 0 leaves it out"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, Path("/dev/null").open("w") as nowhere:
        writer = configure_logging("info", "json", stream=nowhere)
        try:
            pieces()
            asyncio.run(storage(Path(directory) / "store"))
            asyncio.run(jobs(Path(directory), arguments.jobs, arguments.width))
            if arguments.mock:
                asyncio.run(mock_replicate.report(arguments.mock))
        finally:
            writer.close()


if __name__ == "__main__":
    main()
