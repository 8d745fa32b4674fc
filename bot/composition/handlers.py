"""Puts together what the chat's handlers ask for."""

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor

from aiogram import Bot

from bot.composition.from_settings import rules_of
from bot.composition.records import Records
from bot.jobs.assembly import Jobs
from bot.jobs.erasure import PersonErasure, ResultErasure
from bot.jobs.ports.clock import Clock
from bot.jobs.results.smaller import SmallerAgain
from bot.settings import Settings
from bot.telegram.admin_queries import AdminQueries
from bot.telegram.alerts import AdminAlerts
from bot.telegram.dependencies import HandlerDependencies
from bot.telegram.history_cards import HistoryCards
from bot.telegram.replies import Replies
from bot.telegram.showing import Showing
from bot.work_queue.engine import Engine
from replicate_gateway.presets import Preset
from storage.objects import ObjectStore


def handler_dependencies(
    settings: Settings,
    *,
    bot: Bot,
    records: Records,
    jobs: Jobs,
    store: ObjectStore,
    executor: Executor,
    presets: Mapping[str, Preset],
    alerts: AdminAlerts,
    replies: Replies,
    readiness: Callable[[], Awaitable[Mapping[str, str]]],
    engine: Engine,
    clock: Clock,
) -> HandlerDependencies:
    """What the handlers work with, on these parts."""
    mode, zone, rules = settings.replicate_mode, settings.timezone, rules_of(settings, bot)
    return HandlerDependencies(
        jobs=jobs.service,
        results=jobs.results,
        smaller=SmallerAgain(jobs.service, jobs.results, store, executor),
        result_erasure=ResultErasure(jobs.erasure, records.jobs),
        person_erasure=PersonErasure(
            jobs.erasure, records.jobs, store, records.people, records.spent, engine.queue, clock
        ),
        moved_groups=jobs.moved_groups,
        people=records.people,
        presets=presets,
        showing=Showing(jobs.results, executor, zone),
        cards=HistoryCards(records.jobs, jobs.service, jobs.results, presets, rules.keep, zone, clock),
        alerts=alerts,
        queries=AdminQueries(records.jobs, jobs.tally, records.pause, readiness, engine.queue.depth, mode, zone, clock),
        reminders=records.reminders,
        notes=engine.shared.notes,
        clock=clock,
        rules=rules,
        replies=replies,
    )
