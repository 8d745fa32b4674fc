"""The figures of this process for Prometheus: https://prometheus.io/docs/practices/naming/. docs/metrics.md lists them.

The registry belongs to one application and not to the process, so that two of them (in tests, say) do not count
together. What happens is told as it happens; what can be looked at is looked at when the figures are read.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bot.jobs.errors import EngineUnavailableError
from bot.jobs.guards.circuit import Circuit
from bot.jobs.ports.queue import QueueDepth
from storage.job import Job

_CALL_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STORAGE_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15)
_STEP_S = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_JOB_S = (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
_UNKNOWN = float("nan")


class Metrics:
    """A `Meter` whose figures can be read."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._updates = self._counter("updates", "Updates from Telegram.", "kind", "outcome")
        self._jobs = self._counter("jobs", "Jobs that came into a status.", "preset", "status")
        self._job_s = self._histogram("job", "From recorded to ended.", _JOB_S, "preset", "status")
        self._step_s = self._histogram("step", "One attempt at one part of a step.", _STEP_S, "step", "outcome")
        self._postponed = self._counter("step_postponements", "Attempts that are repeated later.", "step", "reason")
        self._calls = self._counter("outside_calls", "Calls to outside parties.", "party", "call", "outcome")
        self._call_s = self._histogram("outside_call", "Calls to outside parties.", _CALL_S, "party", "call")
        self._stored = self._counter("storage_operations", "Operations on the storage.", "operation", "outcome")
        self._stored_s = self._histogram("storage_operation", "Operations on the storage.", _STORAGE_S, "operation")
        self._refused = self._counter("refused_requests", "Requests without a valid secret, by what it was.", "reason")
        self._api = self._counter("api_requests", "Answers of the HTTP API.", "operation", "status")
        self._ready = self._gauge("queue_ready_jobs", "Jobs that wait to be advanced now.")
        self._later = self._gauge("queue_delayed_jobs", "Jobs that are to be advanced later.")
        self._running = self._gauge("queue_running_jobs", "Jobs that are being advanced.")
        self._oldest = self._gauge("queue_oldest_ready_seconds", "How long the first ready job has waited.")
        self._bytes = self._gauge("image_bytes_in_work", "Memory reserved for pictures.")
        self._up = self._gauge("party_up", "0 while an outside party is taken to be down.", "party")
        self._depth: Callable[[], Awaitable[QueueDepth]] | None = None

    def step_ended(self, step: str, outcome: str, duration_s: float) -> None:
        """See `Meter`."""
        self._step_s.labels(step, outcome).observe(duration_s)

    def step_postponed(self, step: str, reason: str) -> None:
        """See `Meter`."""
        self._postponed.labels(step, reason).inc()

    def call_ended(self, party: str, call: str, outcome: str, duration_s: float) -> None:
        """See `Meter`. A call that was held back took no time, and tells nothing of the party."""
        self._calls.labels(party, call, outcome).inc()
        if outcome != "held_back":
            self._call_s.labels(party, call).observe(duration_s)

    def storage_operation_ended(self, operation: str, outcome: str, duration_s: float) -> None:
        """See `Meter`."""
        self._stored.labels(operation, outcome).inc()
        self._stored_s.labels(operation).observe(duration_s)

    def update_taken(self, kind: str, outcome: str) -> None:
        """See `Meter`."""
        self._updates.labels(kind, outcome).inc()

    def job_written(self, before: Job | None, now: Job) -> None:
        """What the repository is to tell (`watch`): each status of a job is counted once, by whoever wrote it."""
        if before is not None and before.status is now.status:
            return
        self._jobs.labels(now.preset, now.status.value).inc()
        if now.status.terminal:
            lasted_s = (now.updated_at - now.created_at).total_seconds()
            self._job_s.labels(now.preset, now.status.value).observe(lasted_s)

    def request_refused(self, reason: str) -> None:
        """A request without a valid secret."""
        self._refused.labels(reason).inc()

    def api_answered(self, operation: str, status: int) -> None:
        """The HTTP API has answered."""
        self._api.labels(operation, str(status)).inc()

    def look_at(
        self,
        *,
        depth: Callable[[], Awaitable[QueueDepth]],
        bytes_in_work: Callable[[], int],
        circuits: Mapping[str, Circuit],
    ) -> None:
        """From now on the figures hold what these give when they are read."""
        self._depth = depth
        self._bytes.set_function(bytes_in_work)
        for party, circuit in circuits.items():
            self._up.labels(party).set_function(partial(_is_up, circuit))

    async def page(self, accept: str) -> tuple[bytes, str]:
        """All figures and their media type, for an `Accept` header. NaN is what cannot be told now."""
        try:
            depth = await self._depth() if self._depth else None
        except EngineUnavailableError:
            depth = None
        self._ready.set(depth.ready if depth else _UNKNOWN)
        self._later.set(depth.later if depth else _UNKNOWN)
        self._running.set(depth.running if depth else _UNKNOWN)
        self._oldest.set(depth.oldest_s if depth else _UNKNOWN)
        encode, content_type = choose_encoder(accept)
        return encode(_WithoutCreated(self._registry)), content_type

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"darkroom_{name}_total", meaning, labels, registry=self._registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        full_name = f"darkroom_{name}_duration_seconds"
        return Histogram(full_name, f"Seconds. {meaning}", labels, buckets=buckets, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"darkroom_{name}", meaning, labels, registry=self._registry)


class _WithoutCreated(Collector):
    """Leaves out when each series began: a third more lines, which nothing here needs.

    The library's own switch for that is one for the whole process.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


def _is_up(circuit: Circuit) -> float:
    return float(circuit.state == "ok")
