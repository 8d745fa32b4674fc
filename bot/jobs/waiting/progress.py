"""What this process has heard of predictions under way: never written, told to the person, found out again if lost.

A job's record is the truth for recovery and says nothing of progress: logs and partial outputs come twice a second
and would each cost a write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.jobs.memory import Memory
from bot.jobs.ports.clock import Clock
from bot.jobs.status import Status
from replicate_gateway.prediction import Prediction, PredictionStatus, output_text, output_urls
from replicate_gateway.progress import percent_of
from storage.job import Job, SlotState

# A model that has not begun so long after its prediction was made is not warm.
COLD_START = timedelta(seconds=10)

_MAX_TEXT_CHARS = 2_000  # a message has 4096 UTF-16 units, and a character may take two of them
_MAX_URL_CHARS = 2_000
_UNDER_WAY = (SlotState.OPEN, SlotState.CLAIMED, SlotState.RUNNING)
_NOTHING: Mapping[int, "Run"] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class WrittenText:
    """The end of a text, and how many characters it has in all."""

    end: str = ""
    length: int = 0

    def with_piece(self, piece: str) -> "WrittenText":
        """The text with another piece at its end."""
        return WrittenText((self.end + piece)[-_MAX_TEXT_CHARS:], self.length + len(piece))


@dataclass(frozen=True, slots=True)
class Run:
    """A slot's prediction as it was last heard of."""

    prediction_id: str
    heard_at: datetime
    on_record: bool = False
    """Whether the job's record is known to name this prediction."""
    started_at: datetime | None = None
    """When its model began, by our clock; None: it has not, as far as we know."""
    percent: int | None = None
    pictures: int = 0
    pictures_at: datetime | None = None
    """Since when there are so many."""
    latest: str = ""
    """Where the last one of them is: a URL at Replicate, as secret as a token."""
    text: WrittenText = WrittenText()
    """What it has written so far."""


@dataclass(frozen=True, slots=True)
class Heard:
    """News of a prediction that is followed: whose chat it concerns, and whether people may see a difference."""

    chat_id: int | None
    changed: bool


@dataclass(slots=True)
class _LiveJob:
    chat_id: int | None
    shown: str | None = None
    picture: str = ""
    message_gone: bool = False
    place: int | None = None
    left: int | None = None
    nudged_for: datetime | None = None


class Progress:
    """The jobs that are followed here, each for `keep` after something was heard or shown."""

    def __init__(self, clock: Clock, keep: timedelta) -> None:
        self._clock = clock
        self._jobs: Memory[str, _LiveJob] = Memory(clock, keep)
        self._runs: Memory[str, dict[int, Run]] = Memory(clock, keep)

    @property
    def followed(self) -> int:
        """How many jobs there are whose predictions are not known here to have ended."""
        return len(self._runs)

    def knows(self, job_id: str) -> bool:
        """Whether anything was heard of the job, or shown."""
        return job_id in self._jobs

    def follow(self, job: Job, part: int, prediction: Prediction, *, on_record: bool = False) -> Heard | None:
        """Take in which prediction a slot has, and how it stands; None for one that has ended.

        `on_record` says that the job's record is known to name it.
        """
        if prediction.status.terminal:
            self._end(job.id, part)
            return None
        live = self._live(job)
        before = self.runs_of(job.id).get(part)
        if before is None or before.prediction_id != prediction.id:
            before = Run(prediction.id, self._clock.now())
        after = self._after(before, prediction)
        self._know(job.id, part, replace(after, on_record=before.on_record or on_record))
        return Heard(live.chat_id, replace(after, heard_at=before.heard_at) != before)

    def update(self, job_id: str, part: int, prediction: Prediction) -> Heard | None:
        """News of a prediction that runs; None when the job's record must be asked, or told, about it."""
        live, before = self._jobs.get(job_id), self.runs_of(job_id).get(part)
        if live is None or before is None or before.prediction_id != prediction.id or prediction.status.terminal:
            return None
        if not before.on_record:  # a callback may be what leads a lost prediction home
            return None
        after = self._know(job_id, part, self._after(before, prediction))
        return Heard(live.chat_id, replace(after, heard_at=before.heard_at) != before)

    def write(self, job_id: str, part: int, prediction_id: str, text: WrittenText) -> Heard | None:
        """What a stream has brought so far; None when the prediction is not followed (any more)."""
        live, run = self._jobs.get(job_id), self.runs_of(job_id).get(part)
        if live is None or run is None or run.prediction_id != prediction_id:
            return None
        now, longer = self._clock.now(), text.length > run.text.length
        told = replace(run, heard_at=now, started_at=run.started_at or now, text=text if longer else run.text)
        self._know(job_id, part, told)
        return Heard(live.chat_id, longer)

    def adopt(self, job: Job, runs: Mapping[int, Run], shown: str | None, picture: str) -> None:
        """Take in what other processes say: what they heard of the job's runs, and what its message says now."""
        if not (job.id in self._jobs or runs or shown):
            return
        live = self._live(job)
        live.shown, live.picture = shown, picture
        for part, slot in enumerate(job.slots):
            told, own = runs.get(part), self.runs_of(job.id).get(part)
            if own and (slot.state not in _UNDER_WAY or slot.prediction_id not in (None, own.prediction_id)):
                self._end(job.id, part)
                own = None
            if told and slot.state is SlotState.RUNNING and told.prediction_id == slot.prediction_id:
                self._know(job.id, part, replace(_together(own, told) if own else told, on_record=True))

    def nudge_at(self, job_id: str, pause: timedelta) -> datetime | None:
        """When to have a job looked at of which there is news: now, or a `pause` after the last time; None: it ended.

        Whoever looks at it may be another process, of whose edits this one does not know.
        """
        now, live = self._clock.now(), self._jobs.get(job_id)
        if live is None:
            return None
        if live.nudged_for is None or live.nudged_for <= now:
            live.nudged_for = max(now, live.nudged_for + pause) if live.nudged_for else now
        return live.nudged_for

    def runs_of(self, job_id: str) -> Mapping[int, Run]:
        """What is known of the job's predictions that have not ended, by slot."""
        return self._runs.get(job_id) or _NOTHING

    def heard_at(self, job_id: str, part: int) -> datetime | None:
        """When there was news of the slot's prediction last; None when there was none in this process."""
        run = self.runs_of(job_id).get(part)
        return run.heard_at if run else None

    def place_in_line(self, job_id: str) -> int | None:
        """The job's place when it asked last whether it is its turn, from 1; None where it does not stand in line."""
        live = self._jobs.get(job_id)
        return live.place if live else None

    def stand_in_line(self, job: Job, place: int | None) -> None:
        """The job asked whether it is its turn, and this is its place; None: it is."""
        if place is not None or job.id in self._jobs:
            self._live(job).place = place

    def left_today(self, job_id: str) -> int | None:
        """How many images its person might still have today when the job asked last; None where it has not."""
        live = self._jobs.get(job_id)
        return live.left if live else None

    def count_left(self, job: Job, left: int) -> None:
        """The job asked how many images its person may still have today."""
        self._live(job).left = left

    def started(self, job_id: str, part: int) -> bool:
        """Whether the slot's model is known to have begun."""
        run = self.runs_of(job_id).get(part)
        return run is not None and run.started_at is not None

    def shown(self, job: Job) -> str | None:
        """The mark of what the job's status message says, as far as it is known."""
        live = self._jobs.get(job.id)
        return live.shown if live else None

    def picture(self, job: Job) -> str:
        """The mark of the picture in the status message, as far as it is known; empty where there is none."""
        live = self._jobs.get(job.id)
        return live.picture if live else ""

    def show(self, job: Job, status: Status) -> None:
        """The status message says this now. A picture that was shown stays."""
        live = self._live(job)
        live.shown, live.picture = status.mark, status.picture_mark or live.picture

    def message_gone(self, job_id: str) -> bool:
        """Whether there is no status message to keep up to date."""
        live = self._jobs.get(job_id)
        return live is not None and live.message_gone

    def lose_message(self, job: Job) -> None:
        """There will be no status message: the person deleted it, or it cannot be sent."""
        self._live(job).message_gone = True

    def forget(self, job_id: str) -> None:
        """The job has ended."""
        self._jobs.pop(job_id)
        self._runs.pop(job_id)

    def _live(self, job: Job) -> _LiveJob:
        return self._jobs.put(job.id, self._jobs.get(job.id) or _LiveJob(job.origin.chat_id))

    def _know(self, job_id: str, part: int, run: Run) -> Run:
        self._runs.put(job_id, {**self.runs_of(job_id), part: run})
        return run

    def _end(self, job_id: str, part: int) -> None:
        left = {known: run for known, run in self.runs_of(job_id).items() if known != part}
        if left:
            self._runs.put(job_id, left)
        else:
            self._runs.pop(job_id)

    def _after(self, run: Run, prediction: Prediction) -> Run:
        """Callbacks may overtake each other: nothing that is known is taken back."""
        now = self._clock.now()
        running = prediction.status is PredictionStatus.PROCESSING
        percent = percent_of(prediction.logs)
        urls = output_urls(prediction.output)
        pictures = len(urls)
        text = WrittenText().with_piece("" if pictures else output_text(prediction.output))
        grown = pictures > run.pictures
        return replace(
            run,
            heard_at=now,
            started_at=run.started_at or (_started_at(prediction, now) if running else None),
            percent=run.percent if percent is None else percent,
            pictures=pictures if grown else run.pictures,
            pictures_at=now if grown else run.pictures_at,
            latest=_link(urls[-1]) if grown else run.latest,
            text=text if text.length > run.text.length else run.text,
        )


def _link(url: str) -> str:
    """A picture that is in the URL itself is not kept here."""
    return url if url.startswith("http") and len(url) <= _MAX_URL_CHARS else ""


def _together(one: Run, other: Run) -> Run:
    """What two processes know of the same run: nothing that either knows is taken back."""
    older, newer = sorted((one, other), key=lambda run: run.heard_at)
    richer = max((older, newer), key=lambda run: run.pictures)
    return replace(
        newer,
        started_at=min(filter(None, (older.started_at, newer.started_at)), default=None),
        percent=older.percent if newer.percent is None else newer.percent,
        pictures=richer.pictures,
        pictures_at=richer.pictures_at,
        latest=richer.latest,
        text=max((older.text, newer.text), key=lambda text: text.length),
    )


def _started_at(prediction: Prediction, now: datetime) -> datetime:
    """Replicate's clock may be ahead of ours."""
    return min(prediction.started_at or now, now)
