"""The composition root: builds every object, opens in order, closes in reverse.

On stop the sockets close first and the requests in flight are answered; then polling, the sweep and the queue stop,
running steps are given time to finish, and only then are the sessions closed under them. Telegram's webhook is never
deleted: the next process, or another one, goes on taking the updates.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

import structlog
from aiogram import Bot
from aiohttp import web

from bot import app_keys
from bot.downloads import open_downloads
from bot.few_lines import FewLines
from bot.http_api import files as file_routes
from bot.http_api import health as health_routes
from bot.http_api import metrics as metrics_routes
from bot.http_api import routes as api_routes
from bot.http_api.door import DOOR
from bot.http_api.opening import api_door
from bot.http_api.readiness import Readiness
from bot.http_limits import HttpLimits, bounded_bodies, readable_expectations, server_options
from bot.jobs.assembly import GATHER_S, JobLimits, Jobs, Surroundings, assemble
from bot.jobs.background import Background
from bot.jobs.callback_reference import CallbackReference
from bot.jobs.circuit import Circuit
from bot.jobs.clock import SystemClock
from bot.jobs.everybody import Everybody
from bot.jobs.guarded_replicate import GuardedReplicate
from bot.jobs.guarded_store import GuardedStore
from bot.jobs.links import PresignedLinks, UploadedLinks
from bot.jobs.ports import Clock, InputLinks
from bot.metrics import Metrics
from bot.middleware import errors_to_answers
from bot.openers import engine_bot_id, file_link_key, open_replicate, open_store
from bot.refusals import Refusals
from bot.replicate_callback import routes as callback_routes
from bot.replicate_callback.intake import CallbackIntake
from bot.replicate_callback.signing_key import SigningKey
from bot.settings import Settings
from bot.storage_setup import expire_files, expiry_rules, ready_storage
from bot.telegram import routes as telegram_routes
from bot.telegram.alerts import AdminAlerts
from bot.telegram.apology import Apology
from bot.telegram.guard import Guard
from bot.telegram.handlers import ChatRules, build_dispatcher
from bot.telegram.intake import UpdateIntake
from bot.telegram.messages import reason_text, refusal_text, text
from bot.telegram.opening import open_bot
from bot.telegram.registration import Registration
from bot.telegram.sender import ChatNotifier
from bot.telegram.talk import Talk
from bot.work_queue.engine import Engine, Shares, WorkQueue, open_engine
from replicate_gateway.presets import load_presets
from replicate_gateway.protocol import ReplicateGateway
from storage.errors import StorageError
from storage.files import FileStore
from storage.objects import ObjectStore
from storage.repository import JobRepository

DEFAULT_PRESET = "restore"
# Most of a job's life is waiting for outside parties, so many may be advanced at a time by one core.
ADVANCE_CONCURRENCY = 100
# Longer than any single outside call of a step, shorter than the 30 s that container runtimes wait before SIGKILL.
DRAIN_S = 20.0
BACKGROUND_DRAIN_S = 5.0
PICTURE_THREADS = 2
STATUS_EDITS_PER_S = 10.0  # where Telegram's own limit is switched off
# Log lines a minute about requests that could not be recorded; the circuit says once since when that is so.
_OUTAGE_LINES = 5

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Overrides:
    """What tests replace."""

    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=Random)
    drain_s: float = DRAIN_S
    http: HttpLimits = field(default_factory=HttpLimits)
    gather_s: float = GATHER_S


class Role(StrEnum):
    """What a process does beside advancing jobs."""

    BOT = "bot"  # takes updates, callbacks and requests
    WORKER = "worker"  # nothing


def create_app(settings: Settings, overrides: Overrides | None = None, *, role: Role = Role.BOT) -> web.Application:
    """The web application; everything is opened when it starts and closed when it is cleaned up.

    Starting raises `StorageRefusedError`, `EngineRefusedError`, `TelegramUnauthorizedError` or `OSError` when only the
    operator can help.
    """
    overrides = overrides or Overrides()
    http, metrics = overrides.http, Metrics()
    refusals = Refusals(counted=metrics.request_refused)
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
    app[app_keys.REFUSALS], app[app_keys.OUTAGE_LINES] = refusals, FewLines(_OUTAGE_LINES)
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
    circuits = {party: Circuit(party, clock) for party in ("storage", "replicate", "telegram")}
    bare_store = await stack.enter_async_context(open_store(settings))
    if isinstance(bare_store, FileStore):
        app[app_keys.FILE_LINKS] = app_keys.FileLinks(file_link_key(settings), bare_store.resolve)
    capabilities = await ready_storage(bare_store, expiry_rules(settings))
    store = GuardedStore(bare_store, circuits["storage"], metrics)
    engine = await stack.enter_async_context(_open_engine(settings))
    repository = JobRepository(
        store,
        conditional_writes=capabilities.conditional_writes,
        sole=engine.team.alone,
        locks=None if capabilities.conditional_writes else engine.locks,
        watch=metrics.job_written,
    )
    gateway = GuardedReplicate(
        await stack.enter_async_context(open_replicate(settings)), circuits["replicate"], metrics
    )
    bot = await stack.enter_async_context(open_bot(settings, engine.pace, Guard(circuits["telegram"], metrics)))
    downloads = await stack.enter_async_context(open_downloads(settings, bot, metrics, connections=ADVANCE_CONCURRENCY))
    presets = load_presets()
    background = Background()
    stack.push_async_callback(background.drain, BACKGROUND_DRAIN_S)
    notifier = ChatNotifier(bot, AdminAlerts(bot, settings.admin_ids, clock, background))
    queue, presets = engine.queue, load_presets()
    executor = ThreadPoolExecutor(PICTURE_THREADS, thread_name_prefix="pictures")
    stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    references = CallbackReference(
        f"{settings.base_url}{callback_routes.PATH}", settings.signing_key("replicate callback reference")
    )
    jobs = assemble(
        _limits(settings, overrides.gather_s),
        Surroundings(
            repository=repository,
            store=store,
            gateway=gateway,
            presets=presets,
            notifier=notifier,
            photos=downloads.photos,
            web=downloads.web,
            outputs=downloads.outputs,
            links=_links(settings, store, gateway),
            callbacks=references if settings.replicate_reaches_us else None,
            queue=queue,
            background=background,
            team=engine.team,
            storage_circuit=circuits["storage"],
            clock=clock,
            random=overrides.random,
            people=Everybody(),
            executor=executor,
            meter=metrics,
            say=text,
            timezone=settings.timezone,
        ),
    )
    talk = Talk(background)
    dispatcher = build_dispatcher(jobs.service, _rules(settings, bot, presets), talk)
    apology = Apology(bot, talk, settings.default_locale)
    updates = UpdateIntake(bot, dispatcher, repository, notifier, metrics, apology.say)
    secret = settings.replicate_webhook_secret
    signing_key = SigningKey(gateway, secret.get_secret_value() if secret else None)
    app[app_keys.UPDATES] = updates
    app[app_keys.CALLBACKS] = CallbackIntake(jobs.service, references, signing_key, clock)
    app[DOOR] = api_door(settings, jobs, store, presets, clock, explain=reason_text, refusal=refusal_text)
    metrics.look_at(depth=queue.depth, bytes_in_work=lambda: jobs.budget.held, circuits=circuits)
    token = settings.metrics_token
    app[app_keys.METRICS] = app_keys.MetricsPage(token.get_secret_value().encode() if token else None, metrics.page)
    app[app_keys.READINESS] = Readiness(lambda: _readiness(store, queue, circuits)).parts
    stack.push_async_callback(_drain, jobs, queue, overrides.drain_s)
    queue.start(jobs.worker)
    registration = Registration(bot, settings, telegram_routes.PATH, updates) if role is Role.BOT else None
    await _start_work(settings, stack, jobs, registration, bare_store, clock)


async def _start_work(
    settings: Settings,
    stack: AsyncExitStack,
    jobs: Jobs,
    registration: Registration | None,
    store: ObjectStore,
    clock: Clock,
) -> None:
    """The process's own activity; stopped first."""
    running = Background()
    # These never end by themselves, so draining them without patience cancels them.
    stack.push_async_callback(running.drain, 0)
    if registration:
        await registration.start(running)
    running.spawn(jobs.sweep.run(), name="sweep")
    if isinstance(store, FileStore):
        running.spawn(expire_files(store, expiry_rules(settings), clock), name="file expiry")


def _open_engine(settings: Settings) -> AbstractAsyncContextManager[Engine]:
    url = settings.queue_url
    return open_engine(
        url.get_secret_value() if url else None,
        engine_bot_id(settings),
        Shares(
            jobs_per_person=settings.user_max_active_jobs,
            jobs_per_key=settings.api_max_active_jobs,
            predictions=settings.replicate_max_active,
            messages_per_s=settings.telegram_rate_limit,
        ),
        concurrency=ADVANCE_CONCURRENCY,
    )


def _links(settings: Settings, store: ObjectStore, gateway: ReplicateGateway) -> InputLinks:
    reachable = settings.s3_bucket or settings.replicate_reaches_us or settings.replicate_mode == "mock"
    return PresignedLinks(store, settings.presigned_url_ttl_s) if reachable else UploadedLinks(store, gateway)


def _limits(settings: Settings, gather_s: float) -> JobLimits:
    return JobLimits(
        user_daily=settings.user_daily_jobs,
        api_max_active=settings.api_max_active_jobs,
        api_daily=settings.api_daily_jobs,
        replicate_max_active=settings.replicate_max_active,
        max_image_bytes=settings.max_image_bytes,
        job_timeout_s=settings.job_timeout_s,
        poll_interval_s=settings.poll_interval_s,
        gather_s=gather_s,
        # A third of what Telegram takes: results go first.
        status_edits_per_s=settings.telegram_rate_limit / 3 if settings.telegram_rate_limit else STATUS_EDITS_PER_S,
    )


def _rules(settings: Settings, bot: Bot, presets: Collection[str]) -> ChatRules:
    return ChatRules(
        bot_id=bot.id,
        default_locale=settings.default_locale,
        preset=DEFAULT_PRESET,
        max_image_mb=settings.max_image_mb,
        presets=presets,
        allowed_ids=settings.allowed_ids,
    )


async def _readiness(store: ObjectStore, queue: WorkQueue, circuits: Mapping[str, Circuit]) -> dict[str, str]:
    """Storage and queue are asked; of the others it is told how they were last met."""
    queue_state = await queue.state()
    try:
        await store.verify()
    except StorageError as error:
        storage_state = type(error).__name__
    else:
        storage_state = "ok"
    return {party: circuit.state for party, circuit in circuits.items()} | {
        "queue": queue_state,
        "storage": storage_state,
    }


async def _drain(jobs: Jobs, queue: WorkQueue, grace_s: float) -> None:
    jobs.advancer.stop()
    await jobs.follower.stop()
    cut_short = await queue.stop(grace_s)
    _log.info("queue_drained", cut_short=cut_short)
