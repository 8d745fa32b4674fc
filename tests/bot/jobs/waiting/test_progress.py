"""What is kept of the news about predictions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.jobs.status import status
from bot.jobs.waiting.progress import Progress, WrittenText
from replicate_gateway.prediction import Prediction, PredictionStatus
from tests.support.fakes import BEGIN, KEEP, FrozenClock, new_job

JOB = new_job()
URL = "https://replicate.delivery/a.png"


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def progress(clock):
    return Progress(clock, KEEP)


def prediction(status=PredictionStatus.PROCESSING, **changes):
    return Prediction(id="p1", status=status, raw_status=status.value, **changes)


def followed(progress, **changes):
    progress.follow(JOB, 0, prediction(PredictionStatus.STARTING, **changes), on_record=True)
    return lambda: progress.runs_of(JOB.id)[0]


def test_news_of_a_prediction_that_is_not_followed_is_not_taken(progress):
    assert progress.update(JOB.id, 0, prediction()) is None
    followed(progress)
    assert progress.update(JOB.id, 1, prediction()) is None
    assert progress.update(JOB.id, 0, replace(prediction(), id="p2")) is None
    assert progress.update(JOB.id, 0, prediction(PredictionStatus.SUCCEEDED)) is None


def test_news_is_for_the_record_as_long_as_that_is_not_known_to_name_the_prediction(progress):
    progress.follow(JOB, 0, prediction(PredictionStatus.STARTING))
    assert progress.update(JOB.id, 0, prediction()) is None
    assert progress.follow(JOB, 0, prediction(), on_record=True).changed
    assert not progress.follow(JOB, 0, prediction()).changed
    assert progress.update(JOB.id, 0, prediction(logs="50%|")).changed


def test_the_end_of_a_job_that_is_not_known_leaves_nothing(progress):
    assert progress.follow(JOB, 0, prediction(PredictionStatus.SUCCEEDED), on_record=True) is None
    assert not progress._jobs


def test_the_start_is_told_by_our_clock_when_replicates_is_ahead(progress, clock):
    run = followed(progress)
    assert run().started_at is None
    clock.advance(5)
    assert progress.update(JOB.id, 0, prediction(started_at=BEGIN + timedelta(hours=1))).changed
    assert run().started_at == clock.now()


def test_a_start_that_was_missed_is_made_up_for(progress, clock):
    clock.advance(60)
    progress.follow(JOB, 0, prediction(started_at=BEGIN + timedelta(seconds=2)))
    assert progress.runs_of(JOB.id)[0].started_at == BEGIN + timedelta(seconds=2)
    assert progress.started(JOB.id, 0)
    assert not progress.started(JOB.id, 1)


def test_only_what_people_may_see_is_a_change(progress, clock):
    followed(progress)
    news = prediction(logs=" 40%|████  |", output=["Once", " upon"])
    heard = progress.update(JOB.id, 0, news)
    assert (heard.chat_id, heard.changed) == (JOB.origin.chat_id, True)
    clock.advance(1)
    assert not progress.update(JOB.id, 0, replace(news, logs=news.logs + "\nsaving")).changed
    assert progress.update(JOB.id, 0, replace(news, logs=" 41%|████  |")).changed
    assert progress.update(JOB.id, 0, replace(news, output=["Once", " upon", " a"])).changed


def test_news_that_comes_late_takes_nothing_back(progress):
    run = followed(progress)
    progress.update(JOB.id, 0, prediction(logs=" 40%|████  |", output=["Once", " upon"]))
    known = run()
    assert not progress.update(JOB.id, 0, prediction(output=["Once"])).changed
    assert not progress.update(JOB.id, 0, prediction(PredictionStatus.STARTING)).changed
    assert run() == known


def test_pictures_are_counted_and_are_no_text(progress, clock):
    run = followed(progress)
    progress.update(JOB.id, 0, prediction(output=[URL, URL + "?2"]))
    assert (run().pictures, run().pictures_at, run().text.length) == (2, clock.now(), 0)


def test_of_a_long_text_the_end_is_kept(progress):
    run = followed(progress)
    progress.update(JOB.id, 0, prediction(output="a" * 5_000 + "b"))
    assert run().text == WrittenText("a" * 1_999 + "b", 5_001)


def test_a_stream_adds_to_what_is_known_and_never_shortens_it(progress):
    run = followed(progress)
    progress.update(JOB.id, 0, prediction(output="Once upon"))
    assert not progress.write(JOB.id, 0, "p1", WrittenText().with_piece("Once")).changed
    assert progress.write(JOB.id, 0, "p1", WrittenText().with_piece("Once upon").with_piece(" a time")).changed
    assert run().text.end == "Once upon a time"
    assert progress.write(JOB.id, 0, "p2", WrittenText()) is None


def test_another_prediction_of_the_slot_begins_anew(progress):
    followed(progress)
    progress.update(JOB.id, 0, prediction(logs=" 40%|████  |"))
    progress.follow(JOB, 0, replace(prediction(PredictionStatus.STARTING), id="p2"))
    assert (progress.runs_of(JOB.id)[0].prediction_id, progress.runs_of(JOB.id)[0].percent) == ("p2", None)


def test_one_that_has_ended_is_followed_no_more(progress):
    followed(progress)
    progress.follow(JOB, 0, prediction(PredictionStatus.FAILED))
    assert progress.runs_of(JOB.id) == {}
    assert progress.update(JOB.id, 0, prediction()) is None


def test_a_job_that_ended_leaves_nothing(progress):
    followed(progress)
    progress.show(JOB, status("accepted"))
    progress.lose_message(JOB)
    progress.forget(JOB.id)
    assert (progress.shown(JOB), progress.message_gone(JOB.id), progress.runs_of(JOB.id)) == (None, False, {})


def test_only_so_many_jobs_are_held(progress):
    for number in range(20_010):
        progress.show(replace(JOB, id=str(number)), status("accepted"))
    assert len(progress._jobs) == 20_000


def test_jobs_whose_predictions_have_ended_are_not_among_those_that_wait(progress, clock):
    for number in range(3_000):
        job = replace(JOB, id=str(number))
        progress.follow(job, 0, prediction())
        progress.follow(job, 1, replace(prediction(), id="p2"))
        progress.show(job, status("accepted"))
        progress.follow(job, 0, prediction(PredictionStatus.SUCCEEDED))
        if number >= 2:
            progress.follow(job, 1, replace(prediction(PredictionStatus.SUCCEEDED), id="p2"))
    assert progress.followed == 2
    clock.advance(KEEP.total_seconds())
    assert progress.followed == 0
