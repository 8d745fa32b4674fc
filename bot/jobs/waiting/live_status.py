"""What the status message of a job should say now: from its record, its place in line, and what was heard of its runs.

Only what is known is said: a place where the line is ours, a percentage where the model reports one, a cold start once
Replicate has said that the model has not begun.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.jobs.prediction_events import output_kind
from bot.jobs.questions import SPENDING, open_question
from bot.jobs.status import Line, Status, status
from bot.jobs.waiting.progress import COLD_START, Progress, Run
from bot.jobs.waiting.run_times import RunTimes, Usual
from replicate_gateway.presets import OutputKind, Preset
from storage.job import Job, SlotState
from storage.wishes import Question

_CLOSE_CHAT_AFTER = timedelta(minutes=3)
# A picture that comes first is often the last one too, and then the result follows at once.
_PICTURES_SETTLE = timedelta(seconds=2)
_LINE_LOOKED_AT_EVERY = timedelta(seconds=10)
# How finely a time is told that has come to so many seconds; (at least, in steps of).
_STEPS_S = ((600, 60), (120, 30), (30, 10), (0, 5))

# Why a step waits -> what the person reads meanwhile. Reasons that pass in seconds are not worth an edit.
_WAITING = {
    "paused": "waiting_for_pause",
    "user_busy": "waiting_for_own_jobs",
    "replicate_full": "waiting_for_place",
    "replicate_busy": "waiting_for_turn",
    "replicate_unreachable": "waiting_for_service",
    "create_unclear": "waiting_for_service",  # it did not answer whether it has begun
}
# The open question -> what the person reads.
_ASKING = {
    Question.PRESET: "ask_preset",
    Question.IMAGE: "ask_image",
    Question.PROMPT: "ask_prompt",
    Question.ALBUM: "ask_album",
    Question.START: "ask_start",
}
_UNDER_WAY = (SlotState.RUNNING, SlotState.SUCCEEDED, SlotState.ARCHIVED)


class LiveStatus:
    """Looks, and changes nothing. `predictions` may be under way at a time."""

    def __init__(
        self, presets: Mapping[str, Preset], progress: Progress, run_times: RunTimes, *, predictions: int
    ) -> None:
        self._presets, self._progress, self._run_times = presets, progress, run_times
        self._predictions = predictions

    def wanted(self, job: Job, now: datetime) -> Status:
        """The truth about a job that has no outcome yet."""
        if question := open_question(job, self._presets):
            # The order of the pictures is what the question is about: with another one it reads differently.
            order = {"first": job.inputs[0].message_id or 0} if question is Question.START else {}
            left = self._progress.left_today(job.id) if question in SPENDING else None
            limit = [Line("left_today", {"left": left})] if left is not None else []
            return Status((Line(_ASKING[question], order), *limit), settled=True)
        if not any(slot.state in _UNDER_WAY for slot in job.slots):
            return self._waiting(job, now)
        if not any(slot.state in (SlotState.OPEN, SlotState.CLAIMED, SlotState.RUNNING) for slot in job.slots):
            return status("sending")
        runs = self._progress.runs_of(job.id)
        begun = [run for run in runs.values() if run.started_at]
        if begun:
            return self._working(job, begun, now)
        cold = any(self._cold(job, part, run) for part, run in runs.items())
        return status("cold_start") if cold else status("accepted")

    def _waiting(self, job: Job, now: datetime) -> Status:
        reason = next((p.code for p in job.postponed if p.code in _WAITING), None)
        place = self._progress.place_in_line(job.id)
        looked_at = now + _LINE_LOOKED_AT_EVERY
        if reason == "user_busy" and place:
            return status("queued_behind_own", changes_at=looked_at, settled=True, place=place)
        if reason == "replicate_full" and place:
            rounds = -(-place // self._predictions)  # of those that go before, and finally with it
            wait = _rounded(rounds * self._run_times.usual(job.preset).median_s)
            return status("queued", changes_at=looked_at, settled=True, place=place, wait=wait)
        return status(_WAITING[reason], settled=True) if reason else status("accepted")

    def _working(self, job: Job, begun: Sequence[Run], now: datetime) -> Status:
        if output_kind(job, self._presets) is OutputKind.TEXT and any(run.text.length for run in begun):
            return _writing(begun)
        usual = self._run_times.usual(job.preset)
        since = min(run.started_at for run in begun if run.started_at)
        first, ticks_at = _first_line(begun, since, now)
        more, turns_at = _prospects(job, usual, since, now)
        ready, settles_at = self._ready(job, begun, now)
        changes = [at for at in (ticks_at, turns_at, settles_at) if at]
        return Status((first, *ready, *more), min(changes, default=None), picture=_latest(begun, now))

    def _ready(self, job: Job, begun: Sequence[Run], now: datetime) -> tuple[Sequence[Line], datetime | None]:
        """How many results are there already, where more are to come."""
        done = sum(slot.state in (SlotState.SUCCEEDED, SlotState.ARCHIVED) for slot in job.slots)
        settling = [run.pictures_at + _PICTURES_SETTLE for run in begun if run.pictures_at]
        done += sum(run.pictures for run in begun if run.pictures_at and run.pictures_at + _PICTURES_SETTLE <= now)
        pictures = output_kind(job, self._presets) is OutputKind.IMAGE
        line = [Line("ready_so_far", {"done": done})] if done and pictures else []
        return line, min((at for at in settling if at > now), default=None)

    def _cold(self, job: Job, part: int, run: Run) -> bool:
        """Whether Replicate has said, long enough after the prediction was made, that it has not begun."""
        made_at = job.slots[part].heard_at if part < len(job.slots) else None
        return made_at is not None and run.heard_at - made_at >= COLD_START


def _latest(begun: Sequence[Run], now: datetime) -> str:
    """Where the last picture is that a run has made which goes on; empty where there is none."""
    shown = [run for run in begun if run.latest and run.pictures_at and run.pictures_at + _PICTURES_SETTLE <= now]
    return max(shown, key=lambda run: run.pictures_at or now).latest if shown else ""


def _writing(begun: Sequence[Run]) -> Status:
    """What is written so far; of a long text its end, which is where it grows."""
    text = next(run.text for run in begun if run.text.length)
    return status("writing", text=text.end if text.length == len(text.end) else f"…{text.end}")


def _first_line(begun: Sequence[Run], since: datetime, now: datetime) -> tuple[Line, datetime | None]:
    """How far it is, and when that is no longer true."""
    percents = [run.percent for run in begun if run.percent is not None]
    if len(percents) == len(begun) and min(percents) < 100:
        return Line("working_percent", {"percent": min(percents)}), None
    elapsed_s = max(0.0, (now - since).total_seconds())  # clocks are set back now and then
    step_s = next(step for least, step in _STEPS_S if elapsed_s >= least)
    shown_s = int(elapsed_s // step_s) * step_s
    line = Line("working", {"elapsed": timedelta(seconds=shown_s)}) if shown_s else Line("begun")
    return line, since + timedelta(seconds=shown_s + step_s)


def _prospects(job: Job, usual: Usual, since: datetime, now: datetime) -> tuple[Sequence[Line], datetime | None]:
    """How long it usually takes, or that it takes longer; and when there is something else to say."""
    low, high = _rounded(usual.median_s), _rounded(usual.p90_s)
    late_at = since + high  # what was told is what counts
    close_chat_at = max(late_at, job.created_at + _CLOSE_CHAT_AFTER)
    if now >= close_chat_at:
        return [Line("late"), Line("close_chat")], None
    if now >= late_at:
        return [Line("late")], close_chat_at
    if low == high:
        return [Line("usual_about", {"low": low})], late_at
    return [Line("usual_range", {"low": low, "high": high})], late_at


def _rounded(seconds: float) -> timedelta:
    """As exactly as a guess deserves."""
    step_s = 1 if seconds <= 10 else 5 if seconds <= 60 else 30
    return timedelta(seconds=math.ceil(seconds / step_s) * step_s)
