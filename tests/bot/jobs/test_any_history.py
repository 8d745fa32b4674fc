"""Any sequence and interleaving of what can happen, faults and crashes included, ends well once the faults stop.

A history is a list of moves; most of them only start something, and `ChoreLeases` lets the loop go on for a while, so
whatever was started before runs in between. A crash cuts everything short at the await where it stands; then a new
process starts on the same storage, chat and Replicate.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.jobs.errors import NoSuchJobError, NotDoneError, OutcomeUnknownError
from bot.jobs.submission import Album, Submission
from replicate_gateway import errors as gateway
from replicate_gateway.prediction import Prediction, PredictionStatus
from storage import object_keys
from storage.draft_events import AlbumUseChosen, Answer, FirstChosen, PresetChosen, PromptGiven, StartConfirmed
from storage.errors import StorageError, StorageUnavailableError
from storage.job import InputImage, Job, JobStatus, SlotState
from storage.wishes import AlbumUse, Delivery, Question, Wishes
from tests.support.fakes import LIMITS, Callback, HotLoopError, Process, World, storage_down, submission
from tests.support.remembered import containers_with
from tests.support.waiting import loop_turns

pytestmark = pytest.mark.no_cover  # property tests throughout: see conftest

ASKED = (
    submission(1, seeds=(1, 2), preset="edit", prompt="more light"),
    submission(2),
    submission(3, user="tg-8"),
)


def photo(number: int, **changes: Any) -> Submission:
    """A photo as the chat's door hands it in."""
    asked = submission(number, seeds=(), inputs=(InputImage(f"file{number}", message_id=number),), **changes)
    return replace(asked, origin=replace(asked.origin, delivery=Delivery.BOTH if number == 1 else Delivery.PHOTO))


ALBUM = Album(object_keys.job_id_of(1, 7, "album", "g"), "g")
WISHES = Wishes(variations=2, ask=(Question.ALBUM,))
# An album that asks what it is for, a photo that waits for a second one, and that second one.
DRAFTS = (
    photo(1, album=ALBUM, wishes=WISHES),
    photo(2, album=ALBUM, wishes=WISHES),
    photo(3, preset="try_on", chosen=True),
    photo(4),
)
ANSWERS: tuple[tuple[str, Answer], ...] = (
    (ALBUM.job_id, AlbumUseChosen(AlbumUse.ALL)),
    (ALBUM.job_id, AlbumUseChosen(AlbumUse.FIRST)),
    (ALBUM.job_id, PresetChosen("try_on")),
    (ALBUM.job_id, FirstChosen(2)),
    (ALBUM.job_id, StartConfirmed()),
    (DRAFTS[2].job_id, PresetChosen("edit")),
    (DRAFTS[2].job_id, PromptGiven("more light")),
)
BUSY = gateway.GatewayBusyError("slow down", retry_after_s=7)
LOST = gateway.OutcomeUnknownError("no answer")
UNREACHABLE = gateway.GatewayUnreachableError("refused")
UNAVAILABLE = gateway.GatewayUnavailableError("bad gateway", status=502)
REFUSED = gateway.CredentialsRefusedError("forbidden", status=403)
GONE = gateway.OutputRefusedError("output_gone", status=404)

# What may go wrong: call, error, before or after the effect. A storage whose write was not acknowledged is `after`.
FAULTS = (
    ("store", storage_down, "before"),
    ("store.put", storage_down, "after"),
    ("store.delete", storage_down, "after"),
    ("photos.fetch", NotDoneError("telegram_unreachable"), "before"),
    ("outputs.fetch", UNAVAILABLE, "before"),
    ("replicate.create", BUSY, "before"),
    ("replicate.create", UNREACHABLE, "before"),
    ("replicate.create", LOST, "before"),
    ("replicate.create", LOST, "after"),
    ("replicate.get", UNAVAILABLE, "before"),
    ("replicate.recent", UNAVAILABLE, "before"),
    ("replicate.cancel", UNAVAILABLE, "before"),
    ("replicate.get", REFUSED, "before"),
    ("replicate.recent", REFUSED, "before"),
    ("replicate.cancel", REFUSED, "before"),
    ("outputs.fetch", GONE, "before"),
    ("chat.announce", NotDoneError("telegram_busy", retry_after_s=3), "before"),
    ("chat.announce", NotDoneError("telegram_unreachable"), "after"),
    ("chat.show_status", NotDoneError("telegram_unreachable"), "after"),
    ("chat.send_outcome", NotDoneError("telegram_busy", retry_after_s=3), "before"),
    ("chat.send_outcome", OutcomeUnknownError("no answer"), "before"),
    ("chat.send_outcome", OutcomeUnknownError("no answer"), "after"),
    ("chat.edit_into_outcome", NotDoneError("telegram_unreachable"), "after"),
    ("chat.send_more", NotDoneError("telegram_busy", retry_after_s=3), "before"),
    ("chat.send_more", OutcomeUnknownError("no answer"), "after"),
    ("chat.edit_into_report", NotDoneError("telegram_unreachable"), "before"),
    ("chat.edit_into_report", NotDoneError("telegram_unreachable"), "after"),
    ("chat.retract_status", NotDoneError("telegram_unreachable"), "after"),
)

ASKED_FOR_BY_POLLS = {"replicate.get"}


@dataclass(frozen=True)
class Move:
    pass


@dataclass(frozen=True)
class Submit(Move):
    """The update comes, or comes again."""

    which: int


@dataclass(frozen=True)
class Advance(Move):
    """The queue's next ready job; if `early`, any job that it knows."""

    early: bool


@dataclass(frozen=True)
class Turns(Move):
    count: int


@dataclass(frozen=True)
class Pass(Move):
    seconds: float


@dataclass(frozen=True)
class Live(Move):
    """A prediction starts, succeeds or fails."""

    which: int
    how: str


@dataclass(frozen=True)
class Deliver(Move):
    """A callback: any that was ever sent, in any order, as often as you like; `plain` lost its query string."""

    which: int
    plain: bool


@dataclass(frozen=True)
class Foreign(Move):
    """A callback about a prediction that no job of ours made."""


@dataclass(frozen=True)
class Cancel(Move):
    which: int


@dataclass(frozen=True)
class Say(Move):
    """The person answers, asked or not, in time or not."""

    which: int


@dataclass(frozen=True)
class Write(Move):
    """A text without a photo: the words that somebody may wait for."""


@dataclass(frozen=True)
class DeleteStatus(Move):
    """The person deletes the status message."""

    which: int


@dataclass(frozen=True)
class ChatMoves(Move):
    """The group becomes a supergroup."""


@dataclass(frozen=True)
class Sweep(Move):
    pass


@dataclass(frozen=True)
class Fault(Move):
    which: int
    times: int
    skip: int


@dataclass(frozen=True)
class Repair(Move):
    pass


@dataclass(frozen=True)
class Crash(Move):
    pass


@dataclass(frozen=True)
class Work(Move):
    """Everything that is ready is advanced, up to where it stands after this many turns."""

    count: int


which = st.integers(0, 2)
MOVES = (
    st.builds(Submit, which),
    st.builds(Advance, st.booleans()),
    st.builds(Turns, st.integers(1, 40)),
    st.builds(Work, st.integers(1, 300)),
    st.builds(Work, st.just(300)),
    st.builds(Pass, st.sampled_from([0.5, 2, 10, 31, 130])),
    st.builds(Live, which, st.sampled_from(["start", "succeed", "succeed", "fail"])),
    st.builds(Deliver, st.integers(0, 9), st.booleans()),
    st.builds(Foreign),
    st.builds(Cancel, which),
    st.builds(DeleteStatus, which),
    st.builds(Sweep),
    st.builds(Fault, st.integers(0, len(FAULTS) - 1), st.sampled_from([1, 1, 2, 5]), st.integers(0, 6)),
    st.builds(Repair),
    st.builds(Crash),
)
HISTORIES = st.lists(st.one_of(*MOVES, st.builds(ChatMoves)), min_size=1, max_size=40)
DRAFT_MOVES = (
    *MOVES,
    *[st.builds(Submit, st.integers(0, len(DRAFTS) - 1))] * 3,
    *[st.builds(Say, st.integers(0, len(ANSWERS) - 1))] * 2,
    st.builds(Write),
    st.builds(Pass, st.sampled_from([1, 1.6, 5, 899, 901])),
)
DRAFT_HISTORIES = st.lists(st.one_of(*DRAFT_MOVES), min_size=1, max_size=40)

BOUNDED = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)


# Where the latest of anything may be kept, by the end of the path to it.
BOUNDED_CACHES = ("._recent._known",)


class History:
    """Plays moves on a world, remembers what was promised to whom, and judges the end."""

    def __init__(self, *, callbacks: bool, asked: Sequence[Submission] = ASKED, crash_at: Collection[int] = ()) -> None:
        self.world = World()
        self.world.replicate.others = 400  # an account is not ours alone
        self.asked, self.crash_at, self.turned = asked, crash_at, 0
        self.callbacks = callbacks
        self.limits = replace(LIMITS, user_max_active=1, replicate_max_active=2)
        self.process: Process = self._start()
        self.accepted: set[Submission] = set()
        self.sent: list[Callback] = []

    def _start(self) -> Process:
        process = self.world.start(self.limits, callbacks=self.callbacks)
        self.swept = False
        process.spawn(self._sweep_at_start(process))
        return process

    async def _sweep_at_start(self, process: Process) -> None:
        with contextlib.suppress(StorageUnavailableError):
            await process.sweep.once()
            self.swept = process is self.process

    async def play(self, move: Move) -> None:
        world, process = self.world, self.process
        match move:
            case Submit(which):
                process.spawn(self._submit(process, which))
            case Advance(early):
                jobs = process.queue.ready() or (
                    sorted(set(process.queue.due) - set(process.queue.running)) if early else []
                )
                if jobs:
                    process.spawn(process.advance(jobs[0]))
            case Turns(count):
                await self.turn(count)
            case Work(count):
                for job_id in process.queue.ready():
                    process.spawn(process.advance(job_id))
                await self.turn(count)
            case Pass(seconds):
                world.clock.advance(seconds)
            case Live(which, how):
                self._live(which, how)
            case Deliver(which, plain):
                if self.sent:
                    callback = self.sent[which % len(self.sent)]
                    reference = None if plain else callback.reference
                    process.spawn(quietly(process.callbacks.record, reference, callback.prediction))
            case Foreign():
                stranger = Prediction(id="stranger", status=PredictionStatus.SUCCEEDED, raw_status="succeeded")
                process.spawn(quietly(process.callbacks.record, None, stranger))
            case Cancel(which):
                asked = self.asked[which % len(self.asked)]
                process.spawn(quietly(process.service.cancel, _named(asked), asked.origin.user))
            case Say(which):
                process.spawn(quietly(process.service.answer, ANSWERS[which][0], "tg-7", ANSWERS[which][1]))
            case Write():
                process.spawn(quietly(process.service.give_prompt, "tg-7", 7, "more light", 22))
            case DeleteStatus(which):
                world.chat.delete_status(_named(self.asked[which % len(self.asked)]))
            case ChatMoves():
                world.chat.moved_to = -1009001
            case Sweep():
                process.spawn(quietly(process.sweep.once))
            case Fault(which, times, skip):
                call, error, when = FAULTS[which]
                world.faults.fail(call, error, when=when, times=times, skip=skip)
            case Repair():
                world.faults.stop()
            case Crash():
                await self._crash()

    async def turn(self, count: int) -> None:
        """Let the loop go on for so many turns, or until nothing is at work any more."""
        for _ in range(count):
            if not self.process.tasks:
                return
            await loop_turns()
            self.turned += 1
            if self.turned in self.crash_at:
                await self._crash()

    async def _crash(self) -> None:
        await self.process.crash()
        self.process = self._start()

    async def _submit(self, process: Process, which: int) -> None:
        asked = self.asked[which % len(self.asked)]
        try:
            await process.service.submit(asked)
        except StorageError:
            return  # 503: Telegram will come again
        self.accepted.add(asked)

    def _live(self, which: int, how: str) -> None:
        replicate = self.world.replicate
        if not replicate.running:
            return
        prediction_id = replicate.running[which % len(replicate.running)]
        match how:
            case "start":
                replicate.start(prediction_id)
            case "succeed":
                replicate.succeed(prediction_id)
            case _:
                replicate.end(prediction_id, PredictionStatus.FAILED, error="CUDA")
        self.sent += replicate.outbox
        replicate.outbox.clear()

    async def finish(self) -> None:
        """Faults stop, updates that were not accepted come again, predictions end, time passes."""
        self.world.faults.stop()
        await self.idle()
        if not self.swept:  # the storage was down when the process began; in life a timer does this
            await self.process.spawn(self._sweep_at_start(self.process))
        self.remembered()
        for asked in self.asked:
            if asked not in self.accepted:
                await self.process.submit(asked)
        for _ in range(400):
            await self.process.run_ready(most=60)
            for prediction_id in self.world.replicate.running:
                self.world.replicate.succeed(prediction_id)
            if self.process.queue.next_at is None:
                break
            self.world.clock.advance_to(self.process.queue.next_at)
        else:
            raise HotLoopError(f"{self.process.queue.due} after 400 wake-ups")
        await self.idle()

    async def idle(self) -> None:
        """Until all that was started has ended."""
        await self.turn(10_000)
        if self.process.tasks:
            raise HotLoopError(f"still at work: {self.process.tasks}")

    def remembered(self) -> None:
        """Whoever was told 2xx is not forgotten: while the job is open it has a marker, and is known to the queue."""
        for asked in self.accepted:
            jobs = self._jobs_of(asked)  # two while the photo is being handed on
            assert jobs
            for job in jobs:
                if not job.status.terminal:
                    assert object_keys.open_marker(job.id) in self.world.store.objects
                    assert self.process.queue.scheduled(job.id)

    def judge(self) -> None:
        assert self.world.store.keys(object_keys.OPEN) == []
        assert not self.process.queue.due
        assert self.world.store.keys(object_keys.DRAFTS) == []
        for asked in self.asked:
            assert len(self._jobs_of(asked)) == 1, "each photo is in one job, whatever it was meant for"
        for job in self._jobs():
            assert job.status.terminal
            assert self.world.is_closed(job.id)
            self._told_once(job)
            self._paid_once(job)
            self._never_undone(job.id)
        self._nothing_remembered()

    def judge_whole(self) -> None:
        for job in self._jobs():
            assert job.status is JobStatus.COMPLETED, job.outcome
            assert {slot.state for slot in job.slots} == {SlotState.ARCHIVED}, job.slots

    def _nothing_remembered(self) -> None:
        """What is closed takes no memory, but in bounded caches; else a process grows with every job it does."""
        words = [*(job.id for job in self._jobs()), *self.world.replicate.predictions]
        kept = containers_with((self.process.jobs, self.process.repository), words)
        assert {path: kept[path] for path in kept if not path.endswith(BOUNDED_CACHES)} == {}

    def _jobs(self) -> list[Job]:
        keys = self.world.store.keys(object_keys.JOBS)
        return [self.world.job(key.removeprefix(object_keys.JOBS).removesuffix(".json")) for key in keys]

    def _jobs_of(self, asked: Submission) -> list[Job]:
        """The jobs that are to do what was asked for; one that only handed it on is none of them."""
        (image,) = asked.inputs
        known = [j for j in self._jobs() if j.id == asked.job_id or (image.message_id and j.has_input(image))]
        return [job for job in known if not _handed_on(job)]

    def _told_once(self, job: Job) -> None:
        chat = self.world.chat
        seen = chat.outcomes(job.id)
        if _handed_on(job):
            assert not chat.visible(job.id), "the other job tells"
            return
        assert seen, "the person sees how it ended"
        assert {message.shows for message in seen} <= {job.status}
        assert chat.pings(job.id) <= 1
        if job.status is JobStatus.COMPLETED:
            keys = {file.key for file in job.files}
            assert set().union(*(message.files for message in seen)) == keys
            assert keys <= set(self.world.store.objects)
            reports = [message for message in chat.visible(job.id) if message.report]
            assert len(reports) == (len(job.slots) > 1), "one page about several images, none about one"

    def _paid_once(self, job: Job) -> None:
        """Replicate's list is honest here, so an orphan is always found before another prediction is made."""
        made = self.world.replicate.made_for(job.id)
        assert len(made) <= len(job.slots)

    def _never_undone(self, job_id: str) -> None:
        states = self.world.store.history_of(job_id)
        for before, after in itertools.pairwise(states):
            assert not before.status.terminal, "a terminal record is never written again"
            assert before.outcome is None or before.outcome == after.outcome
            assert after.status is not JobStatus.PENDING or before.status is JobStatus.PENDING
            assert {image.file_id for image in before.inputs} <= {image.file_id for image in after.inputs}
            assert not before.slots or len(before.inputs) == len(after.inputs)
            assert all(b.key is None or b == a for b, a in zip(before.inputs, after.inputs, strict=False))
            assert before.handed <= after.handed
            assert before.report is None or after.report is not None
            assert not before.slots or [s.inputs for s in before.slots] == [s.inputs for s in after.slots]
            for b, a in zip(before.slots, after.slots, strict=bool(before.slots)):
                assert b.prediction_id is None or b.prediction_id == a.prediction_id
                assert ORDER[a.state] >= ORDER[b.state] or (b.state, a.state) == (SlotState.CLAIMED, SlotState.OPEN)


def _handed_on(job: Job) -> bool:
    return job.outcome is not None and job.outcome.code == "joined"


def _named(asked: Submission) -> str:
    """The job that a person would name: the album's, for a picture in it."""
    return asked.album.job_id if asked.album else asked.job_id


ORDER = {
    SlotState.OPEN: 0,
    SlotState.CLAIMED: 1,
    SlotState.RUNNING: 2,
    SlotState.SUCCEEDED: 3,
    SlotState.ARCHIVED: 4,
    SlotState.FAILED: 4,
}


async def quietly(work, *arguments) -> None:
    """What a door or the sweep's timer makes of an error: the sender tries again, or not."""
    with contextlib.suppress(StorageUnavailableError, NoSuchJobError):
        await work(*arguments)


def run(moves: Sequence[Move], *, whole: bool = False, **how: Any) -> int:
    """Play a history and judge it; gives the number of turns that the loop took before the end was waited for.

    `whole`: nothing in it is reason enough for a single image to be missing.
    """

    async def story() -> int:
        history = History(**how)
        for move in moves:
            await history.play(move)
        turned = history.turned
        await history.finish()
        history.judge()
        if whole:
            history.judge_whole()
        return turned

    with capture_logs():
        return asyncio.run(story())


@pytest.mark.parametrize("callbacks", [True, False], ids=["callbacks", "polling"])
def test_any_history_ends_well(callbacks):
    @BOUNDED
    @given(HISTORIES)
    def holds(moves):
        run(moves, callbacks=callbacks)

    holds()


@pytest.mark.parametrize("callbacks", [True, False], ids=["callbacks", "polling"])
def test_any_history_of_albums_questions_and_answers_ends_well(callbacks):
    @BOUNDED
    @given(DRAFT_HISTORIES)
    def holds(moves):
        run(moves, callbacks=callbacks, asked=DRAFTS)

    holds()


# A job with two slots all the way, and one that is canceled on its way: every await in them is stood at below.
WHOLE_WAY = (
    *(Submit(0), Turns(99), Work(999)),
    *(Live(0, "start"), Live(0, "succeed"), Deliver(1, plain=False), Turns(99), Pass(31), Work(999)),
    *(Live(0, "succeed"), Deliver(2, plain=True), Deliver(0, plain=False), Turns(99), Pass(31), Work(999)),
)
UNQUOTED = (*WHOLE_WAY[:6], DeleteStatus(0), *WHOLE_WAY[6:])
CANCELED = (Submit(0), Turns(99), Work(999), Cancel(0), Turns(99), Work(999))
STORIES = pytest.mark.parametrize(
    "story", [WHOLE_WAY, UNQUOTED, CANCELED], ids=["whole_way", "without_status", "canceled"]
)
# An album that is asked about, and a photo that waits for another one.
GATHERED = (
    *(Submit(0), Turns(9), Submit(1), Turns(99), Pass(1.6), Work(999), Say(0), Turns(99), Work(999)),
    *(Live(0, "succeed"), Live(0, "succeed"), Live(0, "succeed"), Live(0, "succeed")),
    *(*(Deliver(n, plain=False) for n in range(4)), Turns(99), Pass(31), Work(999)),
)
ANSWERED = (
    *(Submit(2), Turns(99), Work(999), Submit(3), Turns(99), Work(999), Turns(99), Work(999)),
    *(Live(0, "succeed"), Deliver(0, plain=False), Turns(99), Work(999)),
)


@STORIES
@pytest.mark.parametrize("callbacks", [True, False], ids=["callbacks", "polling"])
def test_a_crash_at_any_await_ends_well(story, callbacks):
    """Also when the next process crashes soon after it has taken the work up."""
    asked = ASKED[:1]
    for at in range(1, run(story, callbacks=callbacks, asked=asked) + 1):
        run(story, callbacks=callbacks, asked=asked, crash_at={at})
        if at % 2:
            run(story, callbacks=callbacks, asked=asked, crash_at={at, at + 1 + at % 47})


@pytest.mark.parametrize(("story", "asked"), [(GATHERED, DRAFTS[:2]), (ANSWERED, DRAFTS)], ids=["gathered", "answered"])
def test_a_crash_at_any_await_of_a_draft_ends_well(story, asked):
    for at in range(1, run(story, callbacks=True, asked=asked) + 1):
        run(story, callbacks=True, asked=asked, crash_at={at})


# Nobody looks for what was not lost.
MET_AFTER = {"replicate.recent": [Fault(FAULTS.index(("replicate.create", LOST, "after")), 1, 0)]}


@STORIES
@pytest.mark.parametrize(("call", "error", "when"), FAULTS, ids=[f"{c}-{w}-{n}" for n, (c, _, w) in enumerate(FAULTS)])
def test_any_fault_at_any_call_ends_well(story, call, error, when):
    """Met once, it costs no image either."""
    for skip in range(8 if call.startswith("store") else 2):
        for times in (1, 3):
            faults = [Fault(FAULTS.index((call, error, when)), times, skip), *MET_AFTER.get(call, ())]
            whole = times == 1 and story is not CANCELED
            moves = [*faults, *story, Pass(31), Work(300)]
            run(moves, whole=whole, callbacks=call not in ASKED_FOR_BY_POLLS, asked=ASKED[:1])


@pytest.mark.parametrize("story", [GATHERED, ANSWERED], ids=["gathered", "answered"])
@pytest.mark.parametrize(("call", "error", "when"), FAULTS, ids=[f"{c}-{w}-{n}" for n, (c, _, w) in enumerate(FAULTS)])
def test_any_fault_at_any_call_of_a_draft_ends_well(story, call, error, when):
    for skip in range(8 if call.startswith("store") else 1):
        fault = Fault(FAULTS.index((call, error, when)), 2, skip)
        run([fault, *story, Pass(31), Work(300)], callbacks=True, asked=DRAFTS)
