"""What a status message says at each stage, and until when that is true."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.jobs.status import Line, status
from bot.jobs.waiting.live_status import LiveStatus
from bot.jobs.waiting.progress import Progress
from bot.jobs.waiting.run_times import RunTimes
from replicate_gateway.prediction import Prediction, PredictionStatus
from storage.job import JobStatus, Postponement, Slot, SlotState
from tests.support.fakes import BEGIN, KEEP, PRESETS, World, new_job

URL = "https://replicate.delivery/a.png"
USUAL = Line("usual_range", {"low": timedelta(seconds=8), "high": timedelta(seconds=20)})
LATE, CLOSE_CHAT = Line("late"), Line("close_chat")


@dataclass
class Scene:
    """One process's knowledge about one job whose model usually takes 8 s, and 16 s at most."""

    world: World

    def __post_init__(self):
        self.clock = self.world.clock
        self.progress = Progress(self.clock, KEEP)
        run_times = RunTimes(self.world.store, PRESETS, self.clock)
        self.live = LiveStatus(PRESETS, self.progress, run_times, predictions=2)
        self.job = new_job(status=JobStatus.PROCESSING, slots=(running(0),))

    def hears(self, part=0, state=PredictionStatus.PROCESSING, **changes):
        news = Prediction(id=f"p{part}", status=state, raw_status=state.value, **changes)
        self.progress.follow(self.job, part, news)

    @property
    def wanted(self):
        return self.live.wanted(self.job, self.clock.now())

    @property
    def changes_in_s(self):
        at = self.wanted.changes_at
        return at and (at - self.clock.now()).total_seconds()


def running(number):
    return Slot(state=SlotState.RUNNING, prediction_id=f"p{number}", heard_at=BEGIN)


@pytest.fixture
def scene():
    return Scene(World())


def postponed(code):
    return (Postponement("step", 0, BEGIN, 1, code),)


# Asked


@pytest.mark.parametrize(("preset", "tells"), [("", True), ("try_on", False)])
def test_who_is_asked_what_shall_be_done_is_told_how_many_photos_are_left(scene, preset, tells):
    scene.job = new_job(preset=preset, slots=())
    (question,) = scene.wanted.lines  # before anybody has counted
    scene.progress.count_left(scene.job, 3)
    assert scene.wanted.lines == (question, *([Line("left_today", {"left": 3})] if tells else []))


# In line


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("replicate_busy", "waiting_for_turn"),
        ("replicate_unreachable", "waiting_for_service"),
        ("create_unclear", "waiting_for_service"),
        ("replicate_full", "waiting_for_place"),
    ],
)
def test_a_wait_that_is_not_ours_has_its_reason_and_no_number(scene, code, key):
    scene.job = replace(scene.job, slots=(Slot(),), postponed=postponed(code))
    assert scene.wanted == status(key)


def test_a_reason_that_passes_in_seconds_is_not_told(scene):
    scene.job = replace(scene.job, slots=(Slot(),), postponed=postponed("telegram_busy"))
    assert scene.wanted == status("accepted")


def test_behind_ones_own_jobs_the_place_is_told_and_looked_at_again(scene):
    scene.job = new_job(postponed=postponed("user_busy"))
    assert scene.wanted == status("waiting_for_own_jobs")
    scene.progress.stand_in_line(scene.job, 2)
    assert scene.wanted == status("queued_behind_own", place=2)
    assert scene.changes_in_s == 10
    scene.progress.stand_in_line(scene.job, None)
    assert scene.wanted == status("waiting_for_own_jobs")


@pytest.mark.parametrize(("place", "wait_s"), [(1, 8), (2, 8), (3, 20), (6, 25)])
def test_in_the_line_for_predictions_place_and_wait_are_told(scene, place, wait_s):
    scene.job = replace(scene.job, slots=(Slot(),), postponed=postponed("replicate_full"))
    scene.progress.stand_in_line(scene.job, place)
    assert scene.wanted == status("queued", place=place, wait=timedelta(seconds=wait_s))


def test_a_job_that_is_partly_under_way_is_at_work_and_not_in_line(scene):
    scene.job = replace(scene.job, slots=(running(0), Slot()), postponed=postponed("replicate_full"))
    scene.hears()
    assert scene.wanted.key == "begun"


# At work


def test_a_prediction_of_which_nothing_was_heard_is_accepted_and_no_more(scene):
    assert scene.wanted == status("accepted")
    scene.clock.advance(600)
    assert scene.wanted == status("accepted")


def test_a_cold_start_is_named_once_replicate_has_said_so(scene):
    scene.hears(state=PredictionStatus.STARTING)
    scene.clock.advance(9)
    assert scene.wanted == status("accepted")
    scene.clock.advance(6)
    assert scene.wanted == status("accepted"), "nobody has asked since"
    scene.hears(state=PredictionStatus.STARTING)
    assert scene.wanted == status("cold_start")
    scene.hears()
    assert scene.wanted.key == "begun"


def test_time_goes_by_in_steps_and_is_compared_with_what_is_usual(scene):
    scene.hears()
    told = []
    for _ in range(7):
        told.append((scene.wanted.lines, scene.changes_in_s))
        scene.clock.advance(scene.changes_in_s)

    def working(seconds):
        return Line("working", {"elapsed": timedelta(seconds=seconds)})

    assert told == [
        ((Line("begun"), USUAL), 5),
        ((working(5), USUAL), 5),
        ((working(10), USUAL), 5),
        ((working(15), USUAL), 5),
        ((working(20), LATE), 5),
        ((working(25), LATE), 5),
        ((working(30), LATE), 10),
    ]


def test_long_waits_are_told_coarsely_and_the_chat_may_be_closed(scene):
    scene.hears()
    scene.clock.advance(179)
    assert (scene.wanted.lines[1:], scene.changes_in_s) == ((LATE,), 1)
    scene.clock.advance(1)
    assert (scene.wanted.lines[1:], scene.changes_in_s) == ((LATE, CLOSE_CHAT), 30)
    scene.clock.advance(700)
    assert scene.changes_in_s == 20


def test_a_clock_that_was_set_back_is_no_harm(scene):
    scene.clock.advance(60)
    scene.hears()
    scene.clock.advance(-90)
    assert (scene.wanted.key, scene.changes_in_s) == ("begun", 95)


def test_a_start_long_ago_is_told_truly_after_a_restart(scene):
    scene.clock.advance(12)
    scene.hears(started_at=BEGIN)
    assert scene.wanted.lines[0] == Line("working", {"elapsed": timedelta(seconds=10)})


def test_a_percentage_is_told_where_the_model_reports_one(scene):
    scene.hears(logs=" 40%|████  |")
    assert scene.wanted == status("working_percent", USUAL, percent=40)
    scene.clock.advance(20)
    assert scene.wanted == status("working_percent", LATE, percent=40)
    scene.hears(logs="100%|██████|")
    assert scene.wanted.key == "working", "what comes after the bar is not reported"


def test_of_several_images_the_slowest_counts_and_the_ready_ones_are_told(scene):
    scene.job = replace(scene.job, slots=(running(0), running(1), Slot(state=SlotState.ARCHIVED)))
    scene.hears(0, logs=" 40%|████  |")
    scene.hears(1)
    assert scene.wanted.lines[:2] == (Line("begun"), Line("ready_so_far", {"done": 1}))
    scene.hears(1, logs=" 30%|████  |")
    assert scene.wanted.lines[0] == Line("working_percent", {"percent": 30})


def test_a_first_picture_is_told_unless_the_result_follows_at_once(scene):
    scene.hears()
    scene.hears(output=[URL])
    assert (scene.wanted.lines, scene.changes_in_s) == ((Line("begun"), USUAL), 2)
    scene.clock.advance(2)
    assert scene.wanted.lines == (Line("begun"), Line("ready_so_far", {"done": 1}), USUAL)


def test_a_text_is_told_as_far_as_it_is_written(scene):
    scene.job = replace(scene.job, preset="describe")
    scene.hears()
    assert scene.wanted.key == "begun"
    scene.hears(output=["A dog", " on a"])
    assert scene.wanted == status("writing", text="A dog on a")
    scene.hears(output="x" * 3_000)
    assert scene.wanted == status("writing", text="…" + "x" * 2_000)


def test_a_picture_model_that_talks_is_not_quoted(scene):
    scene.hears(output="hello")
    assert scene.wanted.key == "begun"


@pytest.mark.parametrize("states", [[SlotState.SUCCEEDED], [SlotState.ARCHIVED, SlotState.FAILED]])
def test_at_the_end_it_is_being_sent(scene, states):
    scene.job = replace(scene.job, slots=tuple(Slot(state=state) for state in states))
    assert scene.wanted == status("sending")


def test_a_preset_that_is_offered_no_more_still_has_a_status(scene):
    scene.job = replace(scene.job, preset="long_gone")
    scene.hears()
    assert scene.wanted.key == "begun"
