"""The admins' figures."""

from dataclasses import replace
from datetime import timedelta

from bot.jobs.tally import Tally
from storage.job import JobStatus, Outcome, Slot
from tests.support.fakes import PRESETS, FrozenClock, new_job

DAY = timedelta(days=1)


def ended(clock, took_s, status=JobStatus.COMPLETED, code=None):
    now = clock.now()
    return new_job(created_at=now - timedelta(seconds=took_s), status=status, outcome=Outcome(status, now, code))


def test_without_jobs_there_is_nothing_to_tell():
    figures = Tally(FrozenClock(), PRESETS).last(DAY)
    assert (figures.jobs, figures.people, figures.p50, figures.p90) == (0, 0, None, None)


def test_half_of_the_results_took_no_longer_than_p50_and_nine_tenths_no_longer_than_p90():
    clock = FrozenClock()
    tally = Tally(clock, PRESETS)
    for took_s in (5, 1, 4, 2, 3, 6, 10, 7, 9, 8):
        tally.note(ended(clock, took_s))
    tally.note(ended(clock, 100, JobStatus.FAILED, "no_face"))  # says nothing about results
    figures = tally.last(DAY)
    assert (figures.p50, figures.p90) == (timedelta(seconds=5), timedelta(seconds=9))
    assert (figures.jobs, figures.completed, figures.failed) == (11, 10, 1)


def test_what_is_older_than_the_span_does_not_count():
    clock = FrozenClock()
    tally = Tally(clock, PRESETS)
    tally.note(ended(clock, 1))
    clock.advance(DAY.total_seconds() + 1)
    tally.note(ended(clock, 1, JobStatus.CANCELED))
    assert tally.last(DAY).jobs == 1
    assert tally.last(2 * DAY).jobs == 2


def test_a_job_without_an_outcome_is_not_over():
    tally = Tally(FrozenClock(), PRESETS)
    tally.note(new_job())
    assert tally.last(DAY).jobs == 0


def test_what_it_cost_is_estimated_by_all_predictions_that_were_made():
    clock = FrozenClock()
    tally = Tally(clock, PRESETS)
    twice = replace(ended(clock, 1), preset="upscale", slots=(Slot(prediction_id="p2", discarded=("p1",)),))
    tally.note(twice)
    tally.note(replace(twice, preset="gone"))
    assert tally.last(DAY).usd == 2 * PRESETS["upscale"].price_hint_usd > 0
