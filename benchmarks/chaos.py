"""Hundreds of `kill -9` under load, and what became of every photo: `make chaos`, or `python -m benchmarks.chaos`.

The bot is a real process; Telegram, Replicate and the storage are emulated in this one and live on. Every second kill
comes at a random moment, the others at a random boundary: before or after any step's phase, any call, any write. The
bot is started again at once. People go on sending photos meanwhile.
"""

import argparse
import asyncio
import json
import logging
import os
import platform
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from mock_server.replicate.config import MockReplicateConfig
from mock_server.telegram.actors import User
from tests.support.crash_runs import TERMINAL, BotProcess, Scene, Starter, scene, starter
from tests.support.crash_stock import Stock, take_stock
from tests.support.darkroom import open_world
from tests.support.flow import PHOTO, records, stored

# And passes at most so many boundaries before one of them is its last.
_MOST_BOUNDARIES = 400
_PEOPLE = 10
_PREDICTION_S = (0.05, 0.8)
_SETTLE_S = 180.0
_LOOK_EVERY_S = 0.02
_EMPTY_AT_THE_END = ("open/", "tasks/", "poison/")

Keys = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Storage:
    """The settings that lead to a storage, and a second way into it: the keys below a prefix, and all job records."""

    settings: dict[str, Any]
    keys: Keys
    records: Callable[[], list[dict[str, Any]]]


@dataclass(slots=True)
class Kills:
    """How often the bot died, by what chose the moment."""

    moments: int = 0
    boundaries: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.moments + self.boundaries


class Crowd:
    """People who send photos, with never more than `in_flight` of them unfinished."""

    def __init__(self, at: Scene, keys: Keys, *, jobs: int, in_flight: int, random: Random) -> None:
        self._at, self._keys = at, keys
        self._jobs, self._in_flight, self._random = jobs, in_flight, random
        self._people: list[User] = [at.world.person() for _ in range(_PEOPLE)]

    async def send(self, allowed: int) -> None:
        """Send what may be sent now, of the first `allowed` photos."""
        finished = sum(bool(sent.results) for sent in self._at.sent)
        while len(self._at.sent) < min(allowed, self._jobs) and len(self._at.sent) - finished < self._in_flight:
            await self._at.send(self._random.choice(self._people), PHOTO)


async def kill_and_restart(at: Scene, crowd: Crowd, args: argparse.Namespace, random: Random) -> Kills:
    """Live through all kills; photos are spread evenly over them."""
    kills = Kills()
    while kills.total < args.kills:
        allowed = -(-args.jobs * (kills.total + 1) // args.kills)
        at_boundary = kills.total % 2 == 1
        bot = await at.start(f"*#{random.randint(1, _MOST_BOUNDARIES)}" if at_boundary else "")
        before = len(at.crashed_at)
        await _live(at, bot, crowd, allowed, random.uniform(0.0, args.longest_life))
        if len(at.crashed_at) > before:
            kills.boundaries += 1
        else:
            kills.moments += 1
        if kills.total % 20 == 0 or kills.total == args.kills:
            _say(f"kill {kills.total} of {args.kills}, photo {len(at.sent)} of {args.jobs}")
    return kills


async def _live(at: Scene, bot: BotProcess, crowd: Crowd, allowed: int, life_s: float) -> None:
    """One run, which ends by itself at its boundary, or when its life is over."""
    end = asyncio.create_task(at.died(bot))
    until = time.monotonic() + life_s
    while not end.done():
        await crowd.send(allowed)
        await asyncio.wait({end}, timeout=_LOOK_EVERY_S)
        if time.monotonic() >= until and not end.done():
            bot.kill()
            break
    status = await end
    if status != -9:
        raise SystemExit(f"the bot ended by itself with {status}:\n{at.log}")


async def settle(at: Scene, storage: Storage) -> bool:
    """Let the bot finish what is left, undisturbed; whether everything was closed in time."""
    await at.start()
    deadline = time.monotonic() + _SETTLE_S
    while time.monotonic() < deadline:
        if await asyncio.to_thread(_closed, storage, len(at.sent)):
            return True
        await asyncio.sleep(0.2)
    return False


def _closed(storage: Storage, jobs: int) -> bool:
    if storage.keys("open/") or len(storage.keys("jobs/")) < jobs:
        return False
    return {record.get("status") for record in storage.records()} <= TERMINAL


@contextmanager
def file_storage(folder: Path) -> Iterator[Storage]:
    """Files below the scene's own folder."""
    yield Storage({}, lambda prefix: stored(folder / "data", prefix), lambda: records(folder / "data"))


@contextmanager
def s3_storage(_: Path) -> Iterator[Storage]:
    """An S3 in a thread of this process."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - takes a second, and only this needs it

    from tests.support.s3_servers import BlockingS3, S3Server  # noqa: PLC0415

    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    try:
        host, port = moto.get_host_and_port()
        server = S3Server(f"http://{host}:{port}", "chaos-key-id", "chaos-secret", "us-east-1", f"chaos-{uuid4().hex}")
        outside = BlockingS3(server)
        outside.make_bucket()
        settings = {
            "s3_bucket": server.bucket,
            "s3_endpoint_url": server.endpoint_url,
            "aws_access_key_id": server.access_key_id,
            "aws_secret_access_key": server.secret_access_key,
        }
        yield Storage(settings, lambda prefix: sorted(outside.keys(prefix)), lambda: _records(outside))
        outside.close()
    finally:
        moto.stop()


def _records(outside: Any) -> list[dict[str, Any]]:
    return [json.loads(outside.get(key)[0]) for key in outside.keys("jobs/")]


STORAGES = {"files": file_storage, "s3": s3_storage}
MODULES = {"files": (), "s3": ("storage.s3",)}


@asynccontextmanager
async def chaos_scene(bots: Starter, folder: Path, storage: Storage, *, own_links: bool) -> AsyncIterator[Scene]:
    """A world without limits, whose predictions live long enough to be interrupted."""
    mock = MockReplicateConfig(
        delay_s=_PREDICTION_S,
        webhook_retry_base_s=0.05,
        rate_limit_creates_per_min=0,
        rate_limit_requests_per_min=0,
        journal_size=1_000_000,
    )
    changes = storage.settings | {"replicate_max_active": 1000, "log_level": "warning", "poll_interval_s": 5}
    async with open_world(mock) as world, scene(world, bots, folder, **changes) as at:
        if own_links:
            at.extra.pop("CRASH_FILES_URL", None)
        yield at


def report(args: argparse.Namespace, kills: Kills, stock: Stock, left: list[int], wall_s: float) -> str:
    """The table for README."""
    rows = {
        "kills survived": f"{kills.total} ({kills.moments} random moments, {kills.boundaries} random boundaries)",
        "jobs": stock.jobs,
        "delivered": stock.delivered,
        "lost": stock.lost,
        "ended with an error instead": stock.failed,
        "delivered twice (two new messages)": stock.pinged_twice,
        "settled by editing the status message": stock.edited,
        "shown in the status message as well": stock.shown_twice,
        "status messages left behind": stock.left_behind,
        "predictions created twice, answer never seen": stock.created_twice - stock.created_twice_unexcused,
        "predictions created twice, without excuse": stock.created_twice_unexcused,
        "left in storage (open, tasks, poison)": " ".join(map(str, left)),
        "wall time": f"{wall_s:.0f} s",
    }
    width = max(map(len, rows))
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    links = ", links served by the bot itself" if args.own_links else ""
    head = f"{when}, {_processor()}, {os.cpu_count()} cores, storage {args.storage}{links}, seed {args.seed}"
    return "\n".join([head, *(f"  {name:<{width}}  {value}" for name, value in rows.items())])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


async def run(args: argparse.Namespace, bots: Starter, folder: Path) -> int:
    """All of it; the exit code."""
    for name in ("aiohttp.server", "werkzeug"):  # the emulators' callers die in mid-sentence
        logging.getLogger(name).setLevel(logging.CRITICAL)
    random = Random(args.seed)
    with STORAGES[args.storage](folder) as storage:
        async with chaos_scene(bots, folder, storage, own_links=args.own_links) as at:
            crowd = Crowd(at, storage.keys, jobs=args.jobs, in_flight=args.in_flight, random=random)
            begun = time.monotonic()
            kills = await kill_and_restart(at, crowd, args, random)
            settled = await settle(at, storage)
            wall_s = time.monotonic() - begun
            left = await asyncio.to_thread(lambda: [len(storage.keys(prefix)) for prefix in _EMPTY_AT_THE_END])
            stock = take_stock(at)
            print(report(args, kills, stock, left, wall_s))
            if stock.flawless and settled and not any(left):
                return 0
            _show_trouble(at)
            return 1


def _show_trouble(at: Scene) -> None:
    bad = [sent for sent in at.sent if not sent.results or sent.pings > 1]
    for sent in bad[:20]:
        answers = [(m.message_id, bool(m.photo), m.silent, m.deleted, m.edits, m.all_text[:80]) for m in sent.answers]
        _say(f"photo {sent.message.message_id} of {sent.person.id}: {answers}")
    _say(at.log)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=1500, help="photos at most; a slow machine gets through fewer")
    parser.add_argument("--in-flight", type=int, default=20, help="unfinished photos at most")
    parser.add_argument("--seed", type=int, default=1, help="chooses the moments; the machine has its say in them, too")
    parser.add_argument("--longest-life", type=float, default=2.5, help="seconds between two kills at most")
    parser.add_argument("--storage", choices=STORAGES, default="files")
    parser.add_argument(
        "--own-links", action="store_true", help="files only: links to the inputs die with the bot, as without a proxy"
    )
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="darkroom-chaos-") as folder,
        starter(*MODULES[args.storage]) as bots,
    ):
        return asyncio.run(run(args, bots, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
