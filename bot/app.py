"""The composition root: builds every object, opens in order, closes in reverse.

On stop the sockets close first and the requests in flight are answered; then polling, the sweep and the queue stop,
running steps are given time to finish, and only then are the sessions closed under them. Telegram's webhook is never
deleted: the next process, or another one, goes on taking the updates.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from random import Random
from typing import Any

import structlog
from aiohttp import web
from pydantic import SecretStr

from bot import app_keys
from bot.composition.adapters import file_link_key, open_replicate, open_store
from bot.composition.handlers import handler_dependencies
from bot.composition.jobs import open_jobs
from bot.composition.queue import open_queue
from bot.composition.records import open_records
from bot.composition.storage_setup import expire_files, expiry_rules, ready_storage
from bot.composition.watch import open_metrics, open_readiness
from bot.downloads import open_downloads
from bot.http_api import files as file_routes
from bot.http_api import health as health_routes
from bot.http_api import metrics as metrics_routes
from bot.http_api import routes as api_routes
from bot.http_api.door import DOOR
from bot.http_api.opening import api_door
from bot.http_limits import HttpLimits, bounded_bodies, readable_expectations, server_options
from bot.jobs.assembly import GATHER_S, Jobs
from bot.jobs.background import Background
from bot.jobs.callback_reference import CallbackReference
from bot.jobs.clock import SystemClock
from bot.jobs.guards.circuit import Circuit
from bot.jobs.guards.guarded_replicate import GuardedReplicate
from bot.jobs.guards.guarded_store import GuardedStore
from bot.jobs.ports.clock import Clock
from bot.log_throttle import LogThrottle
from bot.middleware import errors_to_answers
from bot.refused_requests import RefusedRequests
from bot.replicate_callback import routes as callback_routes
from bot.replicate_callback.intake import CallbackIntake
from bot.replicate_callback.signing_key import SigningKey
from bot.settings import Settings
from bot.telegram import routes as telegram_routes
from bot.telegram.alerts import AdminAlerts
from bot.telegram.api_texts import api_reason_text, api_refusal_text
from bot.telegram.apology import Apology
from bot.telegram.catalogues import load_catalogues, locales
from bot.telegram.guard import Guard
from bot.telegram.handlers import build_dispatcher
from bot.telegram.intake import UpdateIntake
from bot.telegram.opening import open_bot
from bot.telegram.profile import Profile
from bot.telegram.registration import Registration
from bot.telegram.reminder_bell import ReminderBell
from bot.telegram.replies import Replies
from bot.telegram.sample import sample_picture
from bot.telegram.sender import ChatNotifier
from bot.telemetry.metrics import Metrics
from bot.telemetry.tracing import open_meter
from bot.work_queue.engine import WorkQueue
from replicate_gateway.presets import Preset, load_presets
from storage.files import FileStore

# Most of a job's life is waiting for outside parties, so many may be advanced at a time by one core.
ADVANCE_CONCURRENCY = 100
# To Telegram; as many again for what is said to people beside: a result does not wait behind toasts.
BOT_CONNECTIONS = 2 * ADVANCE_CONCURRENCY
# Longer than any single outside call of a step, shorter than the 30 s that container runtimes wait before SIGKILL.
DRAIN_S = 20.0
BACKGROUND_DRAIN_S = 5.0
PICTURE_THREADS = 2
# Log lines a minute about requests that could not be recorded; the circuit says once since when that is so.
_OUTAGE_LINES = 5

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Overrides:
    """What tests, the demo and the benchmarks replace."""

    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=Random)
    drain_s: float = DRAIN_S
    http: HttpLimits = field(default_factory=HttpLimits)
    gather_s: float = GATHER_S
    presets: Mapping[str, Preset] | None = None  # instead of those that come along
    profile: bool = True  # whether Telegram is told what the bot looks like


Chore = Callable[[], Coroutine[Any, Any, None]]


class Role(StrEnum):
    """What a process does beside advancing jobs."""

    BOT = "bot"  # takes updates, callbacks and requests
    WORKER = "worker"  # nothing


def create_app(settings: Settings, overrides: Overrides | None = None, *, role: Role = Role.BOT) -> web.Application:
    """The web application; everything is opened when it starts and closed when it is cleaned up.

    Starting raises `PresetError`, `StorageRefusedError`, `EngineRefusedError` or `BotTokenRefusedError` when only the
    operator can help: see `bot.operator_errors`.
    """
    overrides = overrides or Overrides()
    http, metrics = overrides.http, Metrics()
    refusals = RefusedRequests(counted=metrics.request_refused)
    app = web.Application(
        middlewares=[errors_to_answers, bounded_bodies(http)],
        client_max_size=http.body_bytes,
        handler_args=server_options(http, refusals),
    )
    health_routes.add_routes(app)
    metrics_routes.add_routes(app)
    if role is Role.BOT:
        telegram_routes.add_routes(app)
        callback_routes.add_routes(app)
        api_routes.add_routes(app, settings.api_allowed_origins)
    if settings.s3_bucket is None:
        file_routes.add_routes(app)
    readable_expectations(app.router)
    app[app_keys.TELEGRAM_SECRET] = settings.telegram_secret_token.get_secret_value().encode()
    app[app_keys.REFUSED_REQUESTS], app[app_keys.OUTAGE_LINES] = refusals, LogThrottle(_OUTAGE_LINES)
    app[app_keys.API_ANSWERED] = metrics.api_answered

    async def run(app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _open(app, settings, overrides, role, metrics, stack)
            yield

    app.cleanup_ctx.append(run)
    return app


async def _open(
    app: web.Application,
    settings: Settings,
    overrides: Overrides,
    role: Role,
    metrics: Metrics,
    stack: AsyncExitStack,
) -> None:
    """Open in order of dependence; the stack closes in reverse."""
    clock = overrides.clock
    presets = overrides.presets or load_presets()
    await asyncio.to_thread(_load_texts_and_sample)
    circuits = {party: Circuit(party, clock) for party in ("storage", "replicate", "telegram")}
    meter = await stack.enter_async_context(open_meter(settings, metrics))
    bare_store = await stack.enter_async_context(open_store(settings))
    if isinstance(bare_store, FileStore):
        app[app_keys.FILE_LINKS] = app_keys.FileLinks(file_link_key(settings), bare_store.resolve)
    capabilities = await ready_storage(bare_store, settings)
    store = GuardedStore(bare_store, circuits["storage"], meter)
    engine = await stack.enter_async_context(open_queue(settings, concurrency=ADVANCE_CONCURRENCY))
    records = open_records(store, capabilities, engine, meter.job_written, settings.signing_key("spent quotas"))
    gateway = GuardedReplicate(await stack.enter_async_context(open_replicate(settings)), circuits["replicate"], meter)
    bot = await stack.enter_async_context(
        open_bot(settings, engine.pace, Guard(circuits["telegram"], meter), connections=BOT_CONNECTIONS)
    )
    downloads = await stack.enter_async_context(open_downloads(settings, bot, meter, connections=ADVANCE_CONCURRENCY))
    background = _background(stack)
    alerts, replies = AdminAlerts(bot, settings.admin_ids, clock, background), Replies(background)
    queue, notifier = engine.queue, ChatNotifier(bot, alerts, replies, presets, records.people, clock)
    executor = _picture_threads(stack)
    references = CallbackReference(
        f"{settings.base_url}{callback_routes.PATH}", settings.signing_key("replicate callback reference")
    )
    jobs = open_jobs(
        settings,
        records=records,
        store=store,
        gateway=gateway,
        presets=presets,
        notifier=notifier,
        downloads=downloads,
        callbacks=references,
        engine=engine,
        background=background,
        storage_circuit=circuits["storage"],
        executor=executor,
        meter=meter,
        clock=clock,
        random=overrides.random,
        gather_s=overrides.gather_s,
    )
    readiness = open_readiness(store, queue, circuits).parts
    dependencies = handler_dependencies(
        settings,
        bot=bot,
        records=records,
        jobs=jobs,
        store=store,
        executor=executor,
        presets=presets,
        alerts=alerts,
        replies=replies,
        readiness=readiness,
        engine=engine,
        clock=clock,
    )
    apologize = Apology(bot, replies, settings.default_locale).say
    updates = UpdateIntake(bot, build_dispatcher(dependencies), records.jobs, notifier, meter, apologize)
    app[app_keys.UPDATES] = updates
    signing_key = SigningKey(gateway, _clear(settings.replicate_webhook_secret))
    app[app_keys.CALLBACKS] = CallbackIntake(jobs.callbacks, references, signing_key, clock)
    app[DOOR] = api_door(
        settings, jobs, store, presets, clock, locales=locales(), explain=api_reason_text, refusal=api_refusal_text
    )
    app[app_keys.METRICS], app[app_keys.READINESS] = open_metrics(settings, metrics, queue, jobs, circuits), readiness
    stack.push_async_callback(_drain, jobs, queue, overrides.drain_s)
    queue.start(jobs.worker)
    registration = Registration(bot, settings, telegram_routes.PATH, updates) if role is Role.BOT else None
    chores: dict[str, Chore] = {
        "sweep": jobs.sweep.run,
        "alerts": alerts.run,
        "reminders": ReminderBell(bot, records.reminders, records.people, engine.shared.chores, clock).run,
    }
    if registration and overrides.profile:
        chores["profile"] = Profile(bot, presets, settings.admin_ids, settings.user_daily_jobs).run
    if isinstance(bare_store, FileStore):
        chores["file expiry"] = partial(expire_files, bare_store, expiry_rules(settings), clock)
    await _start_work(stack, registration, chores)


def _background(stack: AsyncExitStack) -> Background:
    """What is begun in passing, and given a moment to end."""
    background = Background()
    stack.push_async_callback(background.drain, BACKGROUND_DRAIN_S)
    return background


def _picture_threads(stack: AsyncExitStack) -> ThreadPoolExecutor:
    executor = ThreadPoolExecutor(PICTURE_THREADS, thread_name_prefix="pictures")
    stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    return executor


async def _start_work(
    stack: AsyncExitStack,
    registration: Registration | None,
    chores: Mapping[str, Chore],
) -> None:
    """The process's own activity; stopped first."""
    running = Background()
    # These never end by themselves, so draining them without patience cancels them.
    stack.push_async_callback(running.drain, 0)
    if registration:
        await registration.start(running)
    for name, chore in chores.items():
        running.spawn(chore(), name=name)


def _clear(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _load_texts_and_sample() -> None:
    """What lies beside the code and takes a moment to read: before the first person comes."""
    load_catalogues()
    sample_picture()


async def _drain(jobs: Jobs, queue: WorkQueue, grace_s: float) -> None:
    jobs.advancer.stop()
    await jobs.follower.stop()
    cut_short = await queue.stop(grace_s)
    _log.info("queue_drained", cut_short=cut_short)
