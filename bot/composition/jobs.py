"""Puts together what advances jobs: the use cases on the adapters that are open."""

from collections.abc import Mapping
from concurrent.futures import Executor
from random import Random

from bot.composition.from_settings import limits_of, links_of
from bot.composition.records import Records
from bot.downloads import Downloads
from bot.jobs.assembly import Dependencies, Jobs, assemble
from bot.jobs.background import Background
from bot.jobs.callback_reference import CallbackReference
from bot.jobs.guards.circuit import Circuit
from bot.jobs.guards.meter import Meter
from bot.jobs.limits.recorded_limits import RecordedLimits
from bot.jobs.ports.chat import Notifier
from bot.jobs.ports.clock import Clock
from bot.settings import Settings
from bot.telegram.wording import text
from bot.work_queue.engine import Engine
from replicate_gateway.presets import Preset
from replicate_gateway.protocol import ReplicateGateway
from storage.objects import ObjectStore


def open_jobs(
    settings: Settings,
    *,
    records: Records,
    store: ObjectStore,
    gateway: ReplicateGateway,
    presets: Mapping[str, Preset],
    notifier: Notifier,
    downloads: Downloads,
    callbacks: CallbackReference,
    engine: Engine,
    background: Background,
    storage_circuit: Circuit,
    executor: Executor,
    meter: Meter,
    clock: Clock,
    random: Random,
    gather_s: float,
) -> Jobs:
    """The use cases; nothing runs yet."""
    return assemble(
        limits_of(settings, gather_s),
        Dependencies(
            repository=records.jobs,
            store=store,
            gateway=gateway,
            presets=presets,
            notifier=notifier,
            photos=downloads.photos,
            web=downloads.web,
            outputs=downloads.outputs,
            links=links_of(settings, store, gateway),
            callbacks=callbacks if settings.replicate_reaches_us else None,
            queue=engine.queue,
            background=background,
            shared=engine.shared,
            storage_circuit=storage_circuit,
            clock=clock,
            random=random,
            people=RecordedLimits(records.people, records.pause),
            executor=executor,
            spent=records.spent,
            meter=meter,
            translate=text,
            timezone=settings.timezone,
        ),
    )
