"""The figures: as documented, counted where things happen, by application and not by process."""

import contextlib
import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import GetMe
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from bot import app_keys
from bot.http_api.metrics import add_routes
from bot.jobs.errors import EngineUnavailableError
from bot.jobs.guards.circuit import Circuit
from bot.jobs.guards.guarded_replicate import GuardedReplicate
from bot.jobs.guards.guarded_store import GuardedStore
from bot.jobs.guards.measured_sources import MeasuredOutputs, MeasuredPictures
from bot.jobs.ports.queue import QueueDepth
from bot.refused_requests import RefusedRequests
from bot.telegram.guard import Guard
from bot.telemetry.metrics import Metrics
from replicate_gateway.errors import (
    GatewayBusyError,
    GatewayError,
    GatewayUnavailableError,
    GatewayUnreachableError,
    OutcomeUnknownError,
    PredictionRejectedError,
)
from storage.errors import ObjectNotFoundError, PreconditionFailedError, StorageRefusedError
from storage.job import JobStatus
from storage.repository import JobRepository
from tests.support.fakes import FrozenClock, World, build, new_job, storage_down, submission

DOCS = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
TOKEN = "metrics-token"
METHOD = GetMe()


async def families(metrics):
    body, _ = await metrics.page("")
    return {family.name: family for family in text_string_to_metric_families(body.decode())}


async def figures(metrics):
    """(name, labels) -> value of every sample."""
    found = await families(metrics)
    return {(s.name, *sorted(s.labels.items())): s.value for family in found.values() for s in family.samples}


def of(samples, name, **labels):
    return samples.get((name, *sorted(labels.items())), 0)


# ---------------------------------------------------------------- the catalogue


async def test_the_catalogue_is_complete_and_true():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|(.*?)\| .{15,} \|$", DOCS, re.MULTILINE)
    documented = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    metrics = Metrics()
    kinds = {
        name + ("_total" if family.type == "counter" else ""): family.type
        for name, family in (await families(metrics)).items()
    }
    labels = {
        collector._name + ("_total" if collector._type == "counter" else ""): collector._labelnames
        for collector in vars(metrics).values()
        if hasattr(collector, "_labelnames")
    }
    served = {name: (kind, labels[name]) for name, kind in kinds.items() if not name.startswith("process_")}
    assert documented == served


async def test_names_and_units_follow_the_conventions():
    for name, family in (await families(Metrics())).items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
        assert family.type != "histogram" or name.endswith("_seconds")
        assert family.documentation.endswith(".")


async def test_beginnings_of_series_are_left_out():
    metrics = Metrics()
    metrics.update_taken("message", "taken")
    assert not [name for name, *_ in await figures(metrics) if name.endswith("_created")]


async def test_two_applications_do_not_count_together():
    one, two = Metrics(), Metrics()
    one.update_taken("message", "taken")
    assert of(await figures(one), "darkroom_updates_total", kind="message", outcome="taken") == 1
    assert of(await figures(two), "darkroom_updates_total", kind="message", outcome="taken") == 0


# ---------------------------------------------------------------- what is counted


async def test_each_status_of_a_job_is_counted_once_and_its_whole_way_is_timed():
    metrics, job = Metrics(), new_job()
    at_work = replace(job, status=JobStatus.PROCESSING)
    done = replace(at_work, status=JobStatus.COMPLETED, updated_at=job.created_at + timedelta(seconds=40))
    for before, now in ((None, job), (job, job), (job, at_work), (at_work, at_work), (at_work, done)):
        metrics.job_written(before, now)
    seen = await figures(metrics)
    for status in ("pending", "processing", "completed"):
        assert of(seen, "darkroom_jobs_total", preset="restore", status=status) == 1
    assert of(seen, "darkroom_job_duration_seconds_sum", preset="restore", status="completed") == 40


async def test_a_whole_job_leaves_its_figures_where_it_passed():
    metrics, world = Metrics(), World()
    store = GuardedStore(world.store, Circuit("storage", world.clock), metrics)
    process = build(
        world,
        meter=metrics,
        store=store,
        repository=JobRepository(store, watch=metrics.job_written),
        gateway=GuardedReplicate(world.replicate, Circuit("replicate", world.clock), metrics),
        photos=MeasuredPictures(world.photos, "telegram_files", metrics),
        outputs=MeasuredOutputs(world.outputs, metrics),
    )
    world.faults.fail("chat.announce", storage_down())
    await process.submit(submission())
    await process.run_for(30)
    world.replicate.succeed(world.replicate.running[0])
    await process.deliver_callbacks()
    await process.run_for(30)
    seen = await figures(metrics)
    for step in ("admit", "announce", "fetch_input", "create", "archive", "decide", "tell"):
        assert of(seen, "darkroom_step_duration_seconds_count", step=step, outcome="ok") >= 1
    assert of(seen, "darkroom_step_duration_seconds_count", step="announce", outcome="storage") == 1
    for party, call in (("replicate", "create"), ("telegram_files", "download"), ("replicate_delivery", "download")):
        assert of(seen, "darkroom_outside_calls_total", party=party, call=call, outcome="ok") == 1
        assert of(seen, "darkroom_outside_call_duration_seconds_count", party=party, call=call) == 1
    puts = world.faults.calls["store.put"]
    assert of(seen, "darkroom_storage_operations_total", operation="put", outcome="ok") == puts
    assert of(seen, "darkroom_jobs_total", preset="restore", status="completed") == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (GatewayBusyError("slow down", retry_after_s=1), "busy"),
        (GatewayUnreachableError("no connection"), "unreachable"),
        (GatewayUnavailableError("502"), "unreachable"),
        (OutcomeUnknownError("dropped"), "unknown"),
        (PredictionRejectedError("no"), "refused"),
    ],
)
async def test_calls_to_replicate_are_told_apart_by_how_they_ended(error, outcome):
    metrics, world = Metrics(), World()
    guarded = GuardedReplicate(world.replicate, Circuit("replicate", world.clock), metrics)
    if error:
        world.faults.fail("replicate.webhook_secret", error)
    with contextlib.suppress(GatewayError):
        await guarded.webhook_secret()
    call = {"party": "replicate", "call": "webhook_secret"}
    assert of(await figures(metrics), "darkroom_outside_calls_total", **call, outcome=outcome) == 1


async def test_a_call_that_is_held_back_is_counted_but_not_timed():
    metrics, world = Metrics(), World()
    circuit = Circuit("replicate", world.clock)
    for _ in range(5):
        circuit.failed()
    with pytest.raises(GatewayUnreachableError):
        await GuardedReplicate(world.replicate, circuit, metrics).get("p")
    seen, call = await figures(metrics), {"party": "replicate", "call": "get"}
    assert of(seen, "darkroom_outside_calls_total", **call, outcome="held_back") == 1
    assert of(seen, "darkroom_outside_call_duration_seconds_count", **call) == 0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (TelegramRetryAfter(METHOD, "flood", 3), "busy"),
        (TelegramNetworkError(METHOD, "reset"), "unreachable"),
        (TelegramServerError(METHOD, "502"), "unreachable"),
        (TelegramBadRequest(METHOD, "chat not found"), "refused"),
    ],
)
async def test_calls_to_telegram_are_told_apart_by_how_they_ended(error, outcome):
    metrics, clock = Metrics(), FrozenClock()

    async def request(bot, method):
        if error:
            raise error

    with contextlib.suppress(TelegramAPIError):
        await Guard(Circuit("telegram", clock), metrics)(request, None, METHOD)
    call = {"party": "telegram", "call": "getMe"}
    assert of(await figures(metrics), "darkroom_outside_calls_total", **call, outcome=outcome) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ObjectNotFoundError("k"), "not_found"),
        (PreconditionFailedError("k"), "precondition_failed"),
        (storage_down(), "unavailable"),
        (StorageRefusedError("no"), "refused"),
    ],
)
async def test_operations_on_the_storage_are_told_apart_by_how_they_ended(error, outcome):
    metrics, world = Metrics(), World()
    circuit = Circuit("storage", world.clock)
    store = GuardedStore(world.store, circuit, metrics)
    await store.put("k", b"x", content_type="text/plain")
    world.faults.fail("store", error, times=9)
    operations = {
        "get": lambda: store.get("k", max_bytes=9),
        "put": lambda: store.put("k", b"x", content_type="text/plain"),
        "put_file": lambda: store.put_file("k", io.BytesIO(b"x"), size=1, content_type="text/plain"),
        "stream": lambda: anext(store.stream("k")),
        "delete": lambda: store.delete(["k"]),
        "list": lambda: anext(store.list("k")),
        "prepare": lambda: store.prepare(()),
        "verify": store.verify,
    }
    for call in operations.values():
        with pytest.raises(type(error)):
            await call()
        circuit.succeeded()
    seen = await figures(metrics)
    for operation in operations:
        labels = {"operation": operation, "outcome": outcome}
        assert of(seen, "darkroom_storage_operations_total", **labels) == 1, operation


async def test_a_queue_that_cannot_be_asked_is_told_as_unknown():
    metrics = Metrics()

    async def away():
        raise EngineUnavailableError

    metrics.look_at(depth=away, bytes_in_work=lambda: 0, circuits={})
    assert str(of(await figures(metrics), "darkroom_queue_ready_jobs")) == "nan"


async def test_what_can_be_looked_at_is_looked_at_when_it_is_read():
    metrics, clock = Metrics(), FrozenClock()
    circuit, held = Circuit("telegram", clock), [0]

    async def depth():
        return QueueDepth(ready=3, later=4, running=5, oldest_s=6.5)

    metrics.look_at(depth=depth, bytes_in_work=lambda: held[0], circuits={"telegram": circuit})
    before = await figures(metrics)
    held[0] = 7
    for _ in range(5):
        circuit.failed()
    after = await figures(metrics)
    assert [of(before, f"darkroom_queue_{n}") for n in ("ready_jobs", "delayed_jobs", "running_jobs")] == [3, 4, 5]
    assert of(before, "darkroom_queue_oldest_ready_seconds") == 6.5
    assert [of(seen, "darkroom_party_up", party="telegram") for seen in (before, after)] == [1, 0]
    assert [of(seen, "darkroom_image_bytes_in_work") for seen in (before, after)] == [0, 7]


# ---------------------------------------------------------------- the route


@pytest.fixture
async def client():
    app, metrics = web.Application(), Metrics()
    add_routes(app)
    app[app_keys.METRICS] = app_keys.MetricsPage(TOKEN.encode(), metrics.page)
    app[app_keys.REFUSED_REQUESTS] = RefusedRequests(counted=metrics.request_refused)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer тайна"},
    ],
)
async def test_without_the_token_there_are_no_figures(client, headers):
    with capture_logs() as lines:
        async with client.get("/metrics", headers=headers) as answer:
            assert answer.status == 401
            assert await answer.read() == b""
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert [line["reason"] for line in lines] == ["metrics_token"]


async def test_with_the_token_there_are_and_the_refusals_are_among_them(client):
    async with client.get("/metrics"):
        pass
    async with client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        text = await answer.text()
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert 'darkroom_refused_requests_total{reason="metrics_token"} 1.0' in text


async def test_a_scraper_that_prefers_openmetrics_gets_it(client):
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/openmetrics-text; version=1.0.0"}
    async with client.get("/metrics", headers=headers) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert (await answer.text()).endswith("# EOF\n")
