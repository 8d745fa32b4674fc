"""Puts together what people see who watch over the bot: `/readyz` and `/metrics`."""

from collections.abc import Mapping

from bot.app_keys import MetricsPage
from bot.http_api.readiness import Readiness
from bot.jobs.assembly import Jobs
from bot.jobs.guards.circuit import Circuit
from bot.log_config import log_trouble
from bot.settings import Settings
from bot.telemetry.metrics import Metrics
from bot.work_queue.engine import WorkQueue
from storage.errors import StorageError
from storage.objects import ObjectStore


def open_readiness(store: ObjectStore, queue: WorkQueue, circuits: Mapping[str, Circuit]) -> Readiness:
    """Storage and queue are asked; of the others it is told how they were last met."""

    async def ask() -> dict[str, str]:
        queue_state = await queue.state()
        try:
            await store.verify()
        except StorageError as error:
            storage_state = type(error).__name__
        else:
            storage_state = "ok"
        states = {party: circuit.state for party, circuit in circuits.items()}
        return states | {"queue": queue_state, "storage": storage_state, "log": log_trouble() or "ok"}

    return Readiness(ask)


def open_metrics(
    settings: Settings, metrics: Metrics, queue: WorkQueue, jobs: Jobs, circuits: Mapping[str, Circuit]
) -> MetricsPage:
    """The page, and who may read it."""
    metrics.look_at(depth=queue.depth, bytes_in_work=lambda: jobs.budget.held, circuits=circuits)
    token = settings.metrics_token
    return MetricsPage(token.get_secret_value().encode() if token else None, metrics.page)
