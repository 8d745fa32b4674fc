"""Traces, as a collector on loopback gets them from the real SDK."""

import subprocess
import sys
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from structlog.contextvars import bound_contextvars

from bot.jobs.guards.meter import Timed, attempt_scope
from bot.settings import Settings, SettingsError
from bot.telemetry.metrics import Metrics
from bot.telemetry.tracing import open_meter
from tests.support.darkroom import open_world, running_bot
from tests.support.pictures import photo
from tests.support.ports import free_port
from tests.support.waiting import eventually
from tests.support.web_servers import listening

ROOT = Path(__file__).parents[3]
JOB = "8147e2ae-291f-5408-aefa-17d35c6de21f"
CAPTION = "a-caption-that-nobody-else-shall-read"


@asynccontextmanager
async def collector(status=200):
    """Gives its URL and the spans it gets, by name; each with ids as numbers, its facts and its resource."""
    spans, bodies = [], []

    async def take(request):
        body = await request.read()
        bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = {fact.key: fact.value.string_value for fact in resource.resource.attributes}["service.name"]
            spans.extend((service, span) for scope in resource.scope_spans for span in scope.spans)
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    async with listening(app) as url:
        yield f"{url}/", spans, bodies


def settings(url):
    return Settings(otel_exporter_otlp_endpoint=url)


def number(raw):
    return int.from_bytes(raw)


def facts(span):
    return {fact.key: fact.value.string_value for fact in span.attributes}


async def test_a_job_is_one_trace_with_its_steps_and_calls_and_without_anything_private(tmp_path):
    async with collector() as (url, spans, bodies), open_world() as world:
        options = world.settings(tmp_path, otel_exporter_otlp_endpoint=url, api_keys=("k" * 32,))
        async with running_bot(options):
            person = world.person()
            await person.send_photo(photo(160, 120), caption=CAPTION)
            await person.expect(photo=True, within=10)
            await eventually(lambda: not list((tmp_path / "open").glob("*")))
    drawn = [span for _, span in spans]
    [root] = [span for span in drawn if not span.parent_span_id]
    job_id = str(UUID(bytes=root.trace_id))
    assert (tmp_path / "jobs" / f"{job_id}.json").exists()
    assert {span.trace_id for span in drawn} == {root.trace_id}
    assert facts(root) == {"darkroom.job.id": job_id, "darkroom.preset": "restore", "darkroom.outcome": "completed"}
    names = {span.span_id: span.name for span in drawn}
    below = {(span.name, names[span.parent_span_id]) for span in drawn if span.parent_span_id}
    assert {
        ("step create", "job restore"),
        ("replicate create", "step create"),
        ("replicate_delivery download", "step archive"),
        ("telegram sendPhoto", "step tell"),
    } < below
    assert root.end_time_unix_nano > root.start_time_unix_nano
    assert not [span.name for span in drawn if span.status.code == span.status.STATUS_CODE_ERROR]
    sent = b"".join(bodies)
    private = [CAPTION, "http://", str(person.id), world.telegram.bot_token, *options.secret_values()]
    assert not [text for text in private if text.encode() in sent]


async def test_several_processes_draw_one_trace(monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "darkroom-here")
    async with collector() as (url, spans, _):
        for _ in range(2):
            async with open_meter(settings(url), Metrics()) as meter:
                told = partial(meter.call_ended, "replicate")
                step = Timed(meter.step_ended, "create", str)
                with bound_contextvars(job_id=JOB), attempt_scope(), step, Timed(told, "create", str):
                    pass
    drawn = [span for _, span in spans]
    assert {service for service, _ in spans} == {"darkroom-here"}
    assert [number(span.trace_id) for span in drawn] == [UUID(JOB).int] * 4
    steps = [span for span in drawn if span.name == "step create"]
    calls = [span for span in drawn if span.name == "replicate create"]
    assert len({span.parent_span_id for span in steps}) == 1
    assert {span.parent_span_id for span in calls} == {span.span_id for span in steps}
    assert len({span.span_id for span in drawn}) == 4


async def test_what_failed_is_marked_and_what_belongs_to_no_job_is_not_drawn():
    async with collector() as (url, spans, _), open_meter(settings(url), Metrics()) as meter:
        meter.call_ended("telegram", "getUpdates", "ok", 0.1)
        with bound_contextvars(job_id=JOB):
            meter.call_ended("replicate", "create", "unreachable", 0.1)
            meter.call_ended("replicate", "create", "held_back", 0.0)
            meter.storage_operation_ended("get", "not_found", 0.1)
            meter.storage_operation_ended("get", "unavailable", 0.1)
            meter.step_ended("create", "postponed", 0.1)
    failed = [span.name for _, span in spans if span.status.code == span.status.STATUS_CODE_ERROR]
    assert failed == ["replicate create", "storage get"]
    assert len(spans) == 4
    assert {span.parent_span_id for _, span in spans} != {b""}


async def test_the_standards_sampler_takes_whole_traces_or_nothing(monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    async with collector() as (url, spans, _), open_meter(settings(url), Metrics()) as meter:
        with bound_contextvars(job_id=JOB):
            meter.step_ended("create", "ok", 0.1)
    assert not spans


async def test_a_collector_that_refuses_or_is_away_costs_nothing_but_a_line(caplog):
    async with collector(status=400) as (url, _, bodies), open_meter(settings(url), Metrics()) as meter:
        with bound_contextvars(job_id=JOB):
            meter.step_ended("create", "ok", 0.1)
    assert bodies
    assert "400" in caplog.text


async def test_a_stop_does_not_wait_for_a_collector_that_is_away(monkeypatch):
    monkeypatch.setattr("bot.telemetry.otel_spans._CLOSE_S", 0.05)
    async with open_meter(settings(f"http://127.0.0.1:{free_port()}"), Metrics()) as meter:
        with bound_contextvars(job_id=JOB):
            meter.step_ended("create", "ok", 0.1)


async def test_without_a_collector_the_metrics_are_all_there_is():
    metrics = Metrics()
    async with open_meter(Settings(), metrics) as meter:
        assert meter is metrics


def test_without_a_collector_nothing_of_it_is_imported():
    code = (
        "import asyncio, sys\nfrom bot.settings import Settings\nfrom bot.telemetry.tracing import open_meter\n"
        "asyncio.run(open_meter(Settings(), None).__aenter__())\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


async def test_named_but_not_installed_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    monkeypatch.delitem(sys.modules, "bot.telemetry.otel_spans", raising=False)
    with pytest.raises(SettingsError) as caught:
        async with open_meter(settings("http://127.0.0.1:4318"), Metrics()):
            pass
    [line] = str(caught.value).splitlines()
    assert line.startswith("OTEL_EXPORTER_OTLP_ENDPOINT: got 'http://127.0.0.1:4318', wants the packages of")


async def test_another_protocol_of_the_standard_is_refused_in_one_line(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(SettingsError, match=r"OTEL_EXPORTER_OTLP_PROTOCOL: got 'grpc', wants http/protobuf"):
        async with open_meter(settings("http://127.0.0.1:4318"), Metrics()):
            pass
