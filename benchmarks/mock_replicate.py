"""What the mock Replicate adds to a call while many predictions with webhooks are in flight.

    python -m benchmarks.mock_replicate --predictions 200          # make bench runs it too, after the rest

The mock runs in a process of its own, held to one core; client and webhook receiver have the others. The same calls go
to a bare aiohttp handler under the same conditions: what the mock adds is the difference. Each prediction draws a
picture, sends all four webhook events, and takes two to five seconds.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.server import run_mock_replicate

TOKEN = {"Authorization": "Bearer r8_bench"}
EVENTS = ["start", "output", "logs", "completed"]
LIFE_S = (2.0, 5.0)
MEASURED_S = 10.0
PAUSE_S = 0.02
"""Between two measured calls: they are to meet a busy mock, not to make it busy."""
START_WITHIN_S = 30
COUNTED = 500
"""Calls whose CPU is counted, without load: a figure that a busy machine does not spoil."""


@dataclass(slots=True)
class Webhooks:
    """How many arrived, and where they go."""

    url: str = ""
    received: int = 0
    ended: set[str] = field(default_factory=set)


def _hold_to(cores: set[int]) -> None:
    if sys.platform == "linux":
        os.sched_setaffinity(0, cores)


def _serve_mock(cores: set[int], tell: Callable[[str], None]) -> None:
    _hold_to(cores)

    async def serve() -> None:
        config = MockReplicateConfig(delay_s=LIFE_S, rate_limit_creates_per_min=0, rate_limit_requests_per_min=0)
        async with run_mock_replicate(config) as mock:
            tell(mock.base_url)
            await asyncio.Event().wait()

    asyncio.run(serve())


def _serve_floor(cores: set[int], tell: Callable[[str], None]) -> None:
    _hold_to(cores)
    document = {"id": "x" * 26, "status": "starting", "input": {"prompt": "a cat"}, "urls": {"get": "http://x/" * 8}}

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text=json.dumps(document), content_type="application/json", status=201)

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        tell(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await asyncio.Event().wait()

    asyncio.run(serve())


def _cores() -> tuple[set[int], set[int]]:
    """One core for the server, the others for the client; the same one where there is only one."""
    usable = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0]
    return {usable[0]}, set(usable[1:] or usable)


@asynccontextmanager
async def _process(
    serve: Callable[[set[int], Callable[[str], None]], None], cores: set[int]
) -> AsyncIterator[tuple[str, int]]:
    """Where the server is, and its process."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=serve, args=(cores, sender.send), daemon=True)
    process.start()
    try:
        if not await asyncio.to_thread(receiver.poll, START_WITHIN_S):
            raise RuntimeError(f"{serve.__name__} did not start within {START_WITHIN_S} s")
        yield receiver.recv(), process.pid or 0
    finally:
        process.terminate()
        await asyncio.to_thread(process.join)


@asynccontextmanager
async def _webhooks() -> AsyncIterator[Webhooks]:
    hooks = Webhooks()

    async def receive(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        hooks.received += 1
        if body["completed_at"] is not None:
            hooks.ended.add(body["id"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hooks.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield hooks
    finally:
        await runner.cleanup()


async def _timed(call: Awaitable[aiohttp.ClientResponse]) -> float:
    begun = time.perf_counter()
    answer = await call
    await answer.read()
    answer.raise_for_status()
    return (time.perf_counter() - begun) * 1000


def _body(hooks: Webhooks) -> dict[str, object]:
    return {
        "version": "acme/any",
        "input": {"prompt": "a cat"},
        "webhook": hooks.url,
        "webhook_events_filter": EVENTS,
    }


async def _keep_in_flight(session: aiohttp.ClientSession, origin: str, hooks: Webhooks, count: int) -> None:
    """Creates a prediction for each that ends, so that `count` are in flight; for ever."""
    flying: set[str] = set()
    while True:
        flying -= hooks.ended
        if len(flying) >= count:
            await asyncio.sleep(PAUSE_S)
            continue
        async with session.post(f"{origin}/v1/predictions", json=_body(hooks)) as answer:
            flying.add((await answer.json())["id"])


async def _measured(session: aiohttp.ClientSession, origin: str, hooks: Webhooks) -> dict[str, list[float]]:
    """Milliseconds of each kind of call, one after the other."""
    times: dict[str, list[float]] = {"create": [], "get": [], "cancel": []}
    ends_at = time.perf_counter() + MEASURED_S
    while time.perf_counter() < ends_at:
        url = f"{origin}/v1/predictions"
        begun = time.perf_counter()
        async with session.post(url, json=_body(hooks)) as answer:
            prediction = (await answer.json())["id"]
        times["create"].append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(PAUSE_S)
        times["get"].append(await _timed(session.get(f"{url}/{prediction}")))
        await asyncio.sleep(PAUSE_S)
        times["cancel"].append(await _timed(session.post(f"{url}/{prediction}/cancel")))
        await asyncio.sleep(PAUSE_S)
    return times


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _counted(session: aiohttp.ClientSession, origin: str, process: int) -> dict[str, float]:
    """Milliseconds of CPU that a call takes of the server; nothing but Linux tells."""
    if sys.platform != "linux":
        return {}
    url, held = f"{origin}/v1/predictions", {"version": "acme/any", "input": {"mock_scenario": "hold=starting"}}
    spent: dict[str, float] = {}
    for kind in ("create", "get"):
        before = _cpu_s(process)
        for _ in range(COUNTED):
            if kind == "create":
                async with session.post(url, json=held) as answer:
                    prediction = (await answer.json())["id"]
            else:
                await _timed(session.get(f"{url}/{prediction}"))
        spent[kind] = (_cpu_s(process) - before) / COUNTED * 1000
    await _timed(session.post(f"{origin}/_mock/reset"))
    return spent


@dataclass(frozen=True, slots=True)
class Side:
    """What one server did: times per call in ms, CPU per call in ms, webhooks per second."""

    times: dict[str, list[float]]
    cpu: dict[str, float]
    webhooks_per_s: float


async def _side(serve: Callable[[set[int], Callable[[str], None]], None], cores: set[int], predictions: int) -> Side:
    async with (
        _process(serve, cores) as (origin, process),
        _webhooks() as hooks,
        aiohttp.ClientSession(headers=TOKEN, connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        cpu = await _counted(session, origin, process)
        load = asyncio.create_task(_keep_in_flight(session, origin, hooks, predictions)) if predictions else None
        await asyncio.sleep(LIFE_S[1] if predictions else 0.5)
        before, begun = hooks.received, time.perf_counter()
        times = await _measured(session, origin, hooks)
        rate = (hooks.received - before) / (time.perf_counter() - begun)
        if load is not None:
            load.cancel()
            await asyncio.wait({load})
        return Side(times, cpu, rate)


async def report(predictions: int) -> None:
    """Print what each kind of call takes, and what of that the mock adds."""
    server, client = _cores()
    _hold_to(client)
    floor, mock = await _side(_serve_floor, server, 0), await _side(_serve_mock, server, predictions)
    print(f"mock Replicate on one core, {predictions} predictions in flight, {mock.webhooks_per_s:.0f} webhooks/s")
    for kind, measured in mock.times.items():
        median, base = statistics.median(measured), statistics.median(floor.times[kind])
        p95, adds = statistics.quantiles(measured, n=20)[-1], median - base
        print(f"  {kind:8} median {median:6.2f} ms (p95 {p95:6.2f}), bare aiohttp {base:5.2f} ms: adds {adds:5.2f} ms")
    for kind, spent in mock.cpu.items():
        base = floor.cpu[kind]
        print(
            f"  {kind:8} CPU    {spent:6.2f} ms,              bare aiohttp {base:5.2f} ms: adds {spent - base:5.2f} ms"
        )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--predictions", type=int, default=200, help="in flight")
    asyncio.run(report(parser.parse_args().predictions))


if __name__ == "__main__":
    main()
