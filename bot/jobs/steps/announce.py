"""The one living status message of a job: sent once, edited when what it says is no longer true."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.jobs.errors import NotDoneError
from bot.jobs.limits.quota import DailyQuota
from bot.jobs.ports.chat import Notifier
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.people import People
from bot.jobs.ports.shared_state import ChoreLeases
from bot.jobs.questions import SPENDING, open_question
from bot.jobs.results.previews import Previews
from bot.jobs.status import Status
from bot.jobs.steps.step import Due, Step
from bot.jobs.waiting.edit_pace import EditPace, edit_pause
from bot.jobs.waiting.live_notes import LiveNotes
from bot.jobs.waiting.live_status import LiveStatus
from bot.jobs.waiting.progress import Progress
from bot.jobs.waiting.run_times import RunTimes
from replicate_gateway.presets import Preset
from storage.chat_events import Announced, StatusShown
from storage.draft_events import AnswerAwaited
from storage.errors import StorageError
from storage.event import Event
from storage.job import Job, JobStatus
from storage.repository import JobRepository

_A_MOMENT = timedelta(seconds=2)
# The clock of whoever keeps the turns starts a moment after ours.
_EARLY_S = 0.5

_log = structlog.get_logger()


class Announce(Step):
    """Not claimed: sending it again after a crash makes no ping, and an edit repeated changes nothing.

    A question may be put late, after an outage: the time for its answer, `answer_within`, begins when it is.

    An edit costs no write: what the message says is known to this process, and noted for the others. Where that was
    lost the record tells which text it was, or an earlier one.
    """

    name = "announce"
    done = "status_shown"
    in_chat = True

    def __init__(
        self,
        notifier: Notifier,
        presets: Mapping[str, Preset],
        live: LiveStatus,
        progress: Progress,
        run_times: RunTimes,
        edits: EditPace,
        chores: ChoreLeases,
        notes: LiveNotes,
        previews: Previews,
        repository: JobRepository,
        quota: DailyQuota,
        people: People,
        clock: Clock,
        answer_within: timedelta,
    ) -> None:
        self._notifier, self._presets, self._live, self._progress = notifier, presets, live, progress
        self._run_times, self._edits = run_times, edits
        self._chores, self._notes, self._previews = chores, notes, previews
        self._repository, self._quota, self._people = repository, quota, people
        self._clock, self._answer_within = clock, answer_within

    def due(self, job: Job, now: datetime) -> Iterator[Due]:
        """From the moment it is known whether the job waits, and as long as there is no outcome to show instead."""
        if job.draft and not open_question(job, self._presets):
            return
        begun = job.status is JobStatus.PROCESSING or job.postponed or job.draft
        if not begun or job.outcome or job.cancel_requested or self._progress.message_gone(job.id):
            return
        wanted = self._live.wanted(job, now)
        if job.status_message_id is None:
            if not job.status_shown:  # else it was given up
                yield Due(not_before=self._worth_a_message_from(job, wanted))
        elif self._differs(job, wanted) or (job.draft and not job.status_shown):
            yield Due(not_before=self._edits.turn(job.id, job.origin.chat_id, soon=_soon(job, wanted)))
        elif wanted.changes_at:
            yield Due(not_before=wanted.changes_at)

    async def perform(self, job: Job, part: int) -> Sequence[Event]:
        """Send it, or edit it."""
        if open_question(job, self._presets) in SPENDING:
            await self._count(job)
        wanted = self._live.wanted(job, self._clock.now())
        if job.status_message_id is None:
            events = await self._announced(job, wanted)
        else:
            events = await self._edited(job, wanted)
        await self._run_times.load()
        return events

    def give_up(self, job: Job, part: int, code: str, now: datetime) -> Event:
        """A job goes on without a status message, but for one whose question cannot be put."""
        if job.draft:
            return super().give_up(job, part, code, now)
        self._progress.lose_message(job)
        return StatusShown(self._live.wanted(job, now).key)

    def _worth_a_message_from(self, job: Job, wanted: Status) -> datetime | None:
        """A job that is over in a moment needs no message that comes and goes: its photo has a sign already."""
        over_at_once = self._run_times.over_at_once(job.preset)
        return job.created_at + _A_MOMENT if over_at_once and not wanted.settled else None

    def _differs(self, job: Job, wanted: Status) -> bool:
        shown = self._progress.shown(job)
        if shown:
            return shown != wanted.mark
        # It was said before a restart: the record tells which text, but not with which facts.
        return not (wanted.told_by_key and wanted.key == job.status_shown)

    async def _count(self, job: Job) -> None:
        user = job.origin.user
        own = await self._people.limits_for(user)
        self._progress.count_left(job, await self._quota.left(user, images=0, limit=own.daily))

    async def _announced(self, job: Job, wanted: Status) -> Sequence[Event]:
        message_id = await self._notifier.announce(job, wanted)
        self._edits.announced(job.id)
        announced = await self._written(job, Announced(message_id, wanted.key, job.origin.speaks_in))
        await self._takes_turn(job)
        await self._note(job, wanted)
        return announced

    async def _edited(self, job: Job, wanted: Status) -> Sequence[Event]:
        """An edit that Telegram does not take now is not worth a postponement on record: another will follow."""
        if self._edits.turn(job.id, job.origin.chat_id, soon=_soon(job, wanted)) > self._clock.now():
            return []  # another job of the chat was faster
        self._edits.edited(job.id, job.origin.chat_id)
        if not await self._takes_turn(job):
            return []  # another process was
        try:
            there = await self._notifier.show_status(job, wanted, await self._picture(job, wanted))
        except NotDoneError as error:
            self._edits.refused(job.id, job.origin.chat_id, error.retry_after_s or 0.0)
            _log.info("status_not_shown", code=error.code)
            return []
        if not there and not job.draft:
            self._progress.lose_message(job)
            return []
        await self._note(job, wanted)
        shown = StatusShown(wanted.key, job.status_message_id)
        return await self._written(job, shown) if job.draft else [shown]

    async def _picture(self, job: Job, wanted: Status) -> bytes | None:
        """What the model has made so far, if that is not shown already."""
        if not wanted.picture or self._progress.picture(job) == wanted.picture_mark:
            return None
        return await self._previews.of(wanted.picture)

    async def _takes_turn(self, job: Job) -> bool:
        """Whether no other process has just written to the chat; from now on this one has."""
        pause_s = edit_pause(job.origin.chat_id).total_seconds() - _EARLY_S
        return await self._chores.take(f"edit/{job.origin.chat_id or job.id}", pause_s)

    async def _note(self, job: Job, shown: Status) -> None:
        self._progress.show(job, shown)
        await self._notes.tell_shown(job)

    async def _written(self, job: Job, event: Event) -> Sequence[Event]:
        """Written at once: of all facts these are the ones that nobody could find out again."""
        answer = [AnswerAwaited(self._clock.now() + self._answer_within)] if job.draft else []
        events = [event, *answer]
        try:
            await self._repository.change(job.id, events, self._clock.now())
        except StorageError as error:
            _log.info("announcement_not_written_yet", error=str(error))
        return events


def _soon(job: Job, wanted: Status) -> bool:
    """Nothing is shown any more where a question was answered: whoever did that looks at its buttons."""
    return wanted.settled or not job.status_shown
