"""Puts the use cases together from what they are given; knows Protocols only."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from random import Random

from bot.jobs.advance import Advancer
from bot.jobs.attempt import Attempt
from bot.jobs.background import Background
from bot.jobs.callback_recorder import CallbackRecorder
from bot.jobs.callback_reference import CallbackReference
from bot.jobs.drafts import Drafts
from bot.jobs.erasure import JobErasure
from bot.jobs.guards.circuit import Circuit
from bot.jobs.guards.meter import SILENT, Meter
from bot.jobs.images import ImageLimits
from bot.jobs.input_store import InputStore
from bot.jobs.limits.admission import Admission
from bot.jobs.limits.byte_budget import ByteBudget
from bot.jobs.limits.quota import DailyQuota
from bot.jobs.limits.users import UserLimit
from bot.jobs.moved_groups import MovedGroups
from bot.jobs.notify_origin import NotifyOrigin
from bot.jobs.origin_search import OriginSearch
from bot.jobs.poll_pace import PollPace
from bot.jobs.ports.chat import Notifier, Translate
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.people import People
from bot.jobs.ports.pictures import InputLinks, OutputSource, PictureSource
from bot.jobs.ports.queue import JobQueue
from bot.jobs.ports.shared_state import SharedState
from bot.jobs.results.artifacts import Artifacts
from bot.jobs.results.previews import Previews
from bot.jobs.results.report import ReportWriter
from bot.jobs.results.result_service import ResultService
from bot.jobs.service import JobService
from bot.jobs.steps.admit import Admit
from bot.jobs.steps.announce import Announce
from bot.jobs.steps.archive import Archive
from bot.jobs.steps.close import Close
from bot.jobs.steps.compose_report import ComposeReport
from bot.jobs.steps.conclude import Conclude
from bot.jobs.steps.create import Create
from bot.jobs.steps.decide import FETCHABLE, Decide
from bot.jobs.steps.fetch_input import FetchInput
from bot.jobs.steps.find_orphan import FindOrphan
from bot.jobs.steps.follow_up import FollowUp
from bot.jobs.steps.gather import Gather
from bot.jobs.steps.join import Join
from bot.jobs.steps.plan import Plan
from bot.jobs.steps.poll import Poll
from bot.jobs.steps.replicate_cleanup import ReplicateCleanup
from bot.jobs.steps.settle_telling import SettleTelling
from bot.jobs.steps.show_report import ShowReport
from bot.jobs.steps.step import Step
from bot.jobs.steps.tell import Tell
from bot.jobs.submission import Timeouts
from bot.jobs.sweep import Sweep
from bot.jobs.tally import Tally
from bot.jobs.task_board import TaskBoard
from bot.jobs.waiting.edit_pace import EditPace
from bot.jobs.waiting.live_notes import LiveNotes
from bot.jobs.waiting.live_status import LiveStatus
from bot.jobs.waiting.progress import Progress
from bot.jobs.waiting.run_follower import RunFollower
from bot.jobs.waiting.run_times import RunTimes
from bot.jobs.worker import Worker
from replicate_gateway.presets import Preset
from replicate_gateway.protocol import ReplicateGateway
from storage.objects import ObjectStore
from storage.repository import JobRepository
from storage.spent import SpentQuotas

# Pictures in work at a time, in bytes of their files; decoding one may take several times that for a moment.
PICTURE_BUDGET_BYTES = 256_000_000
# The members of an album arrive within a fraction of a second; a busy Telegram takes longer.
GATHER_S = 1.5


@dataclass(frozen=True, slots=True)
class JobLimits:
    """The settings that bind jobs."""

    user_daily: int
    api_max_active: int
    api_daily: int
    replicate_max_active: int
    max_image_bytes: int
    job_timeout_s: float
    poll_interval_s: float
    gather_s: float  # without another picture, until an album is taken for complete
    status_edits_per_s: float  # over all chats; results are not counted and must not wait for edits


@dataclass(frozen=True, slots=True)
class Dependencies:
    """All that the use cases stand on."""

    repository: JobRepository
    store: ObjectStore
    gateway: ReplicateGateway
    presets: Mapping[str, Preset]
    notifier: Notifier
    photos: PictureSource  # by Telegram's file id
    web: PictureSource  # by URL
    outputs: OutputSource
    links: InputLinks
    callbacks: CallbackReference | None  # None: Replicate cannot reach us, so predictions are polled
    queue: JobQueue
    background: Background
    shared: SharedState
    storage_circuit: Circuit
    clock: Clock
    random: Random
    people: People
    executor: Executor  # for pictures; few threads, since decoding takes memory
    spent: SpentQuotas
    translate: Translate
    timezone: tzinfo  # of the times that people read
    meter: Meter = SILENT


@dataclass(frozen=True, slots=True)
class Jobs:
    """What the process runs, and what the doors call."""

    service: JobService
    callbacks: CallbackRecorder
    results: ResultService
    board: TaskBoard
    inputs: InputStore
    budget: ByteBudget
    advancer: Advancer
    worker: Worker
    sweep: Sweep
    follower: RunFollower
    tally: Tally
    erasure: JobErasure
    moved_groups: MovedGroups
    steps: tuple[Step, ...]


def assemble(limits: JobLimits, s: Dependencies) -> Jobs:
    """The use cases on what they depend on."""
    admission = Admission(
        people=s.shared.job_places, keys=s.shared.key_places, predictions=s.shared.prediction_places, queue=s.queue
    )
    daily = UserLimit(person=limits.user_daily, api_key=limits.api_daily)
    quota = DailyQuota(s.repository, s.spent, s.clock, daily, remember=s.shared.single_process)
    notifier = NotifyOrigin(s.notifier)
    tally, erasure = Tally(s.clock, s.presets), JobErasure(s.repository, s.store)
    # Until the outputs of a job that took all its time are gone.
    keep = timedelta(seconds=limits.job_timeout_s) + FETCHABLE
    told = s.callbacks is not None
    pace = PollPace(limits.poll_interval_s, s.clock, keep, callbacks=told, most=limits.replicate_max_active)
    artifacts, budget = Artifacts(s.store), ByteBudget(PICTURE_BUDGET_BYTES)
    inputs = InputStore(s.store, ImageLimits(max_bytes=limits.max_image_bytes), budget, s.executor)
    progress, edits = Progress(s.clock, keep), EditPace(s.clock, keep, limits.status_edits_per_s)
    run_times = RunTimes(s.store, s.presets, s.clock)
    notes = LiveNotes(s.shared.notes, progress, pace)
    follower = RunFollower(s.gateway, s.presets, progress, notes, pace, s.queue, s.shared.chores, s.clock)
    live = LiveStatus(s.presets, progress, run_times, predictions=limits.replicate_max_active)
    create = Create(
        s.gateway,
        s.presets,
        s.links,
        s.callbacks,
        admission,
        pace,
        progress,
        follower,
        run_times,
        s.repository,
        s.clock,
    )
    previews = Previews(s.outputs, budget, s.executor)
    origins = OriginSearch(s.repository, create)
    orphans = FindOrphan(s.gateway, create, follower, s.clock, single_process=s.shared.single_process)
    drafts = Drafts(s.repository, s.shared.drafts)
    timeouts = Timeouts(timedelta(seconds=limits.job_timeout_s), timedelta(seconds=limits.gather_s))
    steps = (
        Gather(timeouts.album, s.clock),
        Join(s.repository, s.queue, s.clock, timeouts.answer),
        Plan(s.presets, timeouts.job),
        Admit(admission, quota, s.people, progress, s.repository, s.clock, timeouts.job),
        Announce(
            notifier,
            s.presets,
            live,
            progress,
            run_times,
            edits,
            s.shared.chores,
            notes,
            previews,
            s.repository,
            quota,
            s.people,
            s.clock,
            timeouts.answer,
        ),
        FetchInput(s.photos, s.web, inputs),
        create,
        orphans,
        Poll(s.gateway, s.presets, pace, progress, follower, s.clock),
        Archive(s.gateway, s.presets, s.outputs, s.store, artifacts, budget, s.executor),
        Decide(s.clock, pace, quota, s.people),
        Tell(notifier, artifacts),
        SettleTelling(notifier, artifacts),
        FollowUp(notifier, artifacts),
        ComposeReport(s.presets, ReportWriter(s.translate, s.timezone), s.store, artifacts, budget, s.executor),
        ShowReport(notifier, artifacts),
        Conclude(),
    )
    cleanup = ReplicateCleanup(s.gateway, orphans)
    close = Close(
        s.repository, notifier, cleanup, quota, pace, progress, edits, run_times, tally, erasure, s.clock, keep
    )
    attempt = Attempt(s.repository, notifier, s.clock, s.random, s.meter)
    advancer = Advancer(
        s.repository, steps, close, attempt, admission, drafts, artifacts, notes, s.shared.run_id, s.clock, keep
    )
    sweep = Sweep(s.repository, s.queue, s.shared.chores, s.clock)
    service = JobService(
        s.repository,
        s.queue,
        s.presets,
        drafts,
        admission,
        s.clock,
        timeouts,
    )
    return Jobs(
        service=service,
        callbacks=CallbackRecorder(
            s.repository, s.queue, s.presets, s.gateway, s.background, follower, origins, s.clock
        ),
        results=ResultService(service, s.repository, s.store, s.presets),
        board=TaskBoard(
            s.repository,
            s.queue,
            admission,
            quota,
            sweep,
            single_process=s.shared.single_process,
            max_active=limits.api_max_active,
        ),
        inputs=inputs,
        budget=budget,
        advancer=advancer,
        worker=Worker(advancer, s.repository, s.queue, notifier, s.storage_circuit, s.clock, s.random, keep),
        sweep=sweep,
        follower=follower,
        tally=tally,
        erasure=erasure,
        moved_groups=MovedGroups(s.repository, drafts, s.queue, s.clock),
        steps=steps,
    )
