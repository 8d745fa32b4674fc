"""Traces for OpenTelemetry, where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector: one for each job, across processes.

The trace id is the job's id, so every process knows it without being told, and people find a trace by what they see in
the log. What steps and guards tell the meter anyway becomes spans; nothing else is touched, and without a collector
nothing of this is imported. Spans carry names, outcomes and ids of ours: no captions, links, persons or secrets.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

from structlog.contextvars import get_contextvars

from bot.jobs.guards.meter import CURRENT_ATTEMPT, Meter
from bot.settings import Settings
from bot.settings.errors import Fault, SettingsError
from bot.telemetry.spans import Span, Spans
from storage.job import Job, JobStatus

# What is no fault of the party that was called, nor of ours.
_FINE = frozenset({"ok", "postponed", "chat_gone", "not_found", "precondition_failed", "canceled"})


class JobMeter(Meter, Protocol):
    """A meter that also hears of every write of a job's record."""

    def job_written(self, before: Job | None, now: Job) -> None:
        """See `storage.repository.Watch`."""
        ...


@asynccontextmanager
async def open_meter(settings: Settings, metrics: JobMeter) -> AsyncIterator[JobMeter]:
    """`metrics` itself, or where a collector is named one that draws spans too; those left are sent at the end.

    Raises:
        SettingsError: the packages for it are not installed, or the environment wants another protocol.
    """
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        yield metrics
        return
    try:
        from bot.telemetry.otel_spans import OtelSpans  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        wants = "the packages of requirements/otel.txt (pip install .[otel]), or nothing"
        raise SettingsError([Fault("OTEL_EXPORTER_OTLP_ENDPOINT", repr(endpoint), wants)]) from None
    spans = OtelSpans(endpoint)
    try:
        yield TracedMeter(metrics, spans)
    finally:
        await asyncio.to_thread(spans.close)


class TracedMeter:
    """Tells `metrics` everything, and draws spans of what belongs to a job."""

    def __init__(self, metrics: JobMeter, spans: Spans) -> None:
        self._metrics, self._spans = metrics, spans

    def step_ended(self, step: str, outcome: str, duration_s: float) -> None:
        """See `Meter`."""
        self._metrics.step_ended(step, outcome, duration_s)
        attempt = CURRENT_ATTEMPT.get()
        span_id = attempt.span_id if attempt else None
        self._draw(f"step {step}", duration_s, outcome, span_id=span_id, above=True)

    def step_postponed(self, step: str, reason: str) -> None:
        """See `Meter`."""
        self._metrics.step_postponed(step, reason)

    def call_ended(self, party: str, call: str, outcome: str, duration_s: float) -> None:
        """See `Meter`."""
        self._metrics.call_ended(party, call, outcome, duration_s)
        if outcome != "held_back":
            self._draw(f"{party} {call}", duration_s, outcome, party=party)

    def storage_operation_ended(self, operation: str, outcome: str, duration_s: float) -> None:
        """See `Meter`."""
        self._metrics.storage_operation_ended(operation, outcome, duration_s)
        if outcome != "held_back":
            self._draw(f"storage {operation}", duration_s, outcome, party="storage")

    def update_taken(self, kind: str, outcome: str) -> None:
        """See `Meter`."""
        self._metrics.update_taken(kind, outcome)

    def job_written(self, before: Job | None, now: Job) -> None:
        """The whole job is the root of its trace, drawn once by whoever writes that it has ended."""
        self._metrics.job_written(before, now)
        if not now.status.terminal or (before is not None and before.status is now.status):
            return
        facts = {"darkroom.job.id": now.id, "darkroom.preset": now.preset, "darkroom.outcome": now.status.value}
        if now.outcome and now.outcome.code:
            facts["darkroom.code"] = now.outcome.code
        self._spans.draw(
            Span(
                f"job {now.preset}",
                trace_id=UUID(now.id).int,
                span_id=_root_of(now.id),
                parent_id=None,
                begun_ns=round(now.created_at.timestamp() * 1e9),
                ended_ns=round(now.updated_at.timestamp() * 1e9),
                facts=facts,
                failed=now.status is JobStatus.FAILED,
            )
        )

    def _draw(
        self,
        name: str,
        duration_s: float,
        outcome: str,
        *,
        party: str | None = None,
        span_id: int | None = None,
        above: bool = False,
    ) -> None:
        """Below the attempt that is being made, or, for that itself (`above`) and where there is none, the job."""
        job_id = get_contextvars().get("job_id")
        if not isinstance(job_id, str):
            return
        parent_id = _root_of(job_id)
        if not above and (attempt := CURRENT_ATTEMPT.get()):
            attempt.span_id = parent_id = attempt.span_id or self._spans.new_id()
        ended = self._spans.now()
        facts = {"darkroom.job.id": job_id, "darkroom.outcome": outcome} | ({"peer.service": party} if party else {})
        self._spans.draw(
            Span(
                name,
                trace_id=UUID(job_id).int,
                span_id=span_id,
                parent_id=parent_id,
                begun_ns=ended - round(duration_s * 1e9),
                ended_ns=ended,
                facts=facts,
                outside=party is not None,
                failed=outcome not in _FINE,
            )
        )


def _root_of(job_id: str) -> int:
    """The id of the job's own span, the same in every process; never 0, which is none."""
    return int.from_bytes(hashlib.sha256(job_id.encode()).digest()[:8]) or 1
