"""Everything that the handlers ask for by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.jobs.erasure import PersonErasure, ResultErasure
from bot.jobs.moved_groups import MovedGroups
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.shared_state import Notes
from bot.jobs.results.result_service import ResultService
from bot.jobs.results.smaller import SmallerAgain
from bot.jobs.service import JobService
from bot.telegram.admin_queries import AdminQueries
from bot.telegram.alerts import AdminAlerts
from bot.telegram.history_cards import HistoryCards
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.showing import Showing
from replicate_gateway.presets import Preset
from storage.people import People
from storage.reminders import Reminders


@dataclass(frozen=True, slots=True)
class HandlerDependencies:
    """The names are those of the handlers' arguments."""

    jobs: JobService
    results: ResultService
    smaller: SmallerAgain
    result_erasure: ResultErasure
    person_erasure: PersonErasure
    moved_groups: MovedGroups
    people: People
    presets: Mapping[str, Preset]
    showing: Showing
    cards: HistoryCards
    alerts: AdminAlerts
    queries: AdminQueries
    reminders: Reminders
    notes: Notes
    clock: Clock
    rules: ChatRules
    replies: Replies
