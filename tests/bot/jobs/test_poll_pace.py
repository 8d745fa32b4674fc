"""When a prediction is polled."""

from datetime import timedelta

import pytest

from bot.jobs.poll_pace import PollPace
from tests.support.fakes import BEGIN


def waits(pace: PollPace, count: int) -> list[float]:
    """Seconds between polls of a prediction that does not change."""
    now, found = BEGIN, []
    for _ in range(count):
        at = pace.next_poll("p", BEGIN)
        found.append((at - now).total_seconds())
        now = at
        pace.polled("p", now)
    return found


def test_with_callbacks_the_first_poll_comes_after_the_interval_and_then_ever_later():
    found = waits(PollPace(30, callbacks=True), 12)
    assert found[0] == 30
    assert found == sorted(found)
    assert found[-1] == 240


def test_without_callbacks_polls_are_brisk_and_slow_down_to_the_interval():
    found = waits(PollPace(30, callbacks=False), 20)
    assert found[0] == 1
    assert found == sorted(found)
    assert found[-1] == 30
    assert sum(found[:5]) < 15


@pytest.mark.parametrize("callbacks", [True, False])
def test_hundreds_of_polls_do_not_overflow(callbacks):
    assert waits(PollPace(30, callbacks=callbacks), 2000)[-1] > 0


def test_a_prediction_of_which_only_the_end_is_told_is_asked_about_briskly():
    pace = PollPace(30, callbacks=True)
    pace.expect_no_news("p")
    found = waits(pace, 20)
    assert found[0] == 1
    assert found[-1] == 30
    assert pace.next_poll("another", BEGIN) == BEGIN + timedelta(seconds=30)


def test_however_many_there_are_they_share_ten_questions_a_second():
    pace = PollPace(30, callbacks=True)
    pace.expect_no_news("p")
    assert pace.next_poll("p", BEGIN, among=5000) == BEGIN + timedelta(seconds=500)


def test_news_restart_the_wait():
    pace = PollPace(30, callbacks=True)
    assert pace.next_poll("p", BEGIN + timedelta(seconds=7)) == BEGIN + timedelta(seconds=37)


def test_what_ended_is_forgotten():
    pace = PollPace(30, callbacks=True)
    pace.polled("p", BEGIN)
    pace.expect_no_news("p")
    pace.forget("p")
    pace.forget("p")
    assert not pace._polled
    assert not pace._unheard
    assert not pace.asked_since("p", BEGIN)


def test_asked_since():
    pace = PollPace(30, callbacks=True)
    assert not pace.asked_since("p", BEGIN)
    pace.polled("p", BEGIN)
    assert pace.asked_since("p", BEGIN)
    assert not pace.asked_since("p", BEGIN + timedelta(seconds=1))


def test_thousands_in_flight_share_ten_polls_a_second_and_few_do_not_notice():
    pace = PollPace(30, callbacks=True)
    waits = [(pace.next_poll("p", BEGIN, among=among) - BEGIN).total_seconds() for among in (1, 300, 5000)]
    assert waits == [30, 30, 500]
