"""OpenTelemetry's collector: whether it takes traces. Nothing but those is missing where it does not."""

import os

from bot.addresses import host_of
from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.http_probe import NotReachedError, send

COLLECTOR = Part("collector")

_HEADERS_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
_NO_SPANS = b""  # an ExportTraceServiceRequest without any, in protobuf
_REFUSED = frozenset({401, 403})


async def check_collector(context: Context) -> Finding:
    """Whether the packages are there, and a request without spans is taken."""
    endpoint = context.settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        return COLLECTOR.ok("not set: no traces are drawn")
    try:
        from opentelemetry.exporter.otlp.proto.http import trace_exporter  # noqa: F401, PLC0415 - an optional extra
        from opentelemetry.util.re import parse_env_headers  # noqa: PLC0415
    except ModuleNotFoundError:
        what = (
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the packages for traces are not installed: the bot does not start"
        )
        return COLLECTOR.failed(what, "install requirements/otel.txt (pip install .[otel]), or unset it")
    given = next((value for name in _HEADERS_VARIABLES if (value := os.environ.get(name))), "")
    headers = {"Content-Type": "application/x-protobuf", **parse_env_headers(given, liberal=True)}
    host = host_of(endpoint)
    try:
        answer = await send(context.http, f"{endpoint}/v1/traces", _NO_SPANS, headers)
    except NotReachedError as error:
        fix = "start the collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT (OTLP over HTTP is port 4318, mostly)"
        return COLLECTOR.warning(f"{host} cannot be reached: {error}", fix)
    if answer.status == 200:
        return COLLECTOR.ok(f"traces are taken at {host}")
    if answer.status in _REFUSED:
        fix = "set OTEL_EXPORTER_OTLP_HEADERS in the environment to what the collector asks for"
        return COLLECTOR.warning(f"{host} refuses traces ({answer.status})", fix)
    fix = "correct OTEL_EXPORTER_OTLP_ENDPOINT: where OTLP over HTTP is taken, without /v1/traces"
    return COLLECTOR.warning(f"what answers at {host} takes no traces ({answer.status})", fix)
