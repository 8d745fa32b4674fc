"""Spans by the OpenTelemetry SDK, sent in batches from a thread of its own. The one module that imports it."""

import os
import threading
import time

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from bot.settings.errors import Fault, SettingsError
from bot.telemetry.spans import Span
from bot.version import VERSION

# https://opentelemetry.io/docs/specs/otel/protocol/exporter/
_PATH = "/v1/traces"
_PROTOCOL_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"
_SERVICE = "darkroom"
_SEND_TIMEOUT_S = 5.0
# A process that stops does not wait longer than this for a collector that does not answer.
_CLOSE_S = 3.0


class OtelSpans:
    """See `bot.telemetry.spans.Spans`. A collector that is away costs the spans of that time, and a log line."""

    def __init__(self, endpoint: str) -> None:
        """Raises `SettingsError` where the environment wants another protocol than OTLP over HTTP."""
        for variable in _PROTOCOL_VARIABLES:
            if (wanted := os.environ.get(variable, _PROTOCOL)) != _PROTOCOL:
                raise SettingsError([Fault(variable, repr(wanted), f"{_PROTOCOL}, which is all that is spoken here")])
        self._exporter = OTLPSpanExporter(f"{endpoint}{_PATH}", timeout=_SEND_TIMEOUT_S)
        self._ids = _ChosenIds()
        self._provider = TracerProvider(resource=_resource(), id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("darkroom", VERSION)

    def draw(self, span: Span) -> None:
        """See `bot.telemetry.spans.Spans`."""
        self._ids.trace_id, self._ids.span_id = span.trace_id, span.span_id
        drawn = self._tracer.start_span(
            span.name,
            context=self._below(span.trace_id, span.parent_id, span.name),
            kind=SpanKind.CLIENT if span.outside else SpanKind.INTERNAL,
            attributes=span.facts,
            start_time=span.begun_ns,
        )
        if span.failed:
            drawn.set_status(Status(StatusCode.ERROR))
        drawn.end(end_time=span.ended_ns)

    def new_id(self) -> int:
        """See `bot.telemetry.spans.Spans`."""
        return self._ids.random.generate_span_id()

    def now(self) -> int:
        """See `bot.telemetry.spans.Spans`."""
        return time.time_ns()

    def close(self) -> None:
        """Send what is left, and give up after three seconds. Blocks."""
        sending = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        sending.start()
        sending.join(_CLOSE_S)
        if sending.is_alive():
            self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library has no types there

    def _below(self, trace_id: int, parent_id: int | None, name: str) -> Context:
        """The sampler is asked for the trace as a whole, so that all processes decide alike."""
        if parent_id is None:
            return Context()
        taken = self._provider.sampler.should_sample(None, trace_id, name).decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if taken else TraceFlags.DEFAULT)
        return set_span_in_context(
            NonRecordingSpan(SpanContext(trace_id, parent_id, is_remote=True, trace_flags=flags))
        )


def _resource() -> Resource:
    """Who we are; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word."""
    told = Resource.create()
    named = {SERVICE_NAME: _SERVICE, SERVICE_VERSION: VERSION}
    unnamed = str(told.attributes[SERVICE_NAME]).startswith("unknown_service")
    return told.merge(Resource(named)) if unnamed else Resource(named).merge(told)


class _ChosenIds(RandomIdGenerator):
    """Gives the ids that were chosen for the span that is being drawn; all are drawn on one thread."""

    def __init__(self) -> None:
        self.random = RandomIdGenerator()
        self.trace_id = 0
        self.span_id: int | None = None

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id or self.random.generate_span_id()
