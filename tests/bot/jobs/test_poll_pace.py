"""When a prediction is polled."""

from datetime import timedelta

import pytest

from bot.jobs.poll_pace import PollPace
from tests.support.fakes import BEGIN, KEEP, FrozenClock


def pace_of(*, callbacks: bool, most: int = 50_000) -> PollPace:
    return PollPace(30, FrozenClock(), KEEP, callbacks=callbacks, most=most)


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
    found = waits(pace_of(callbacks=True), 12)
    assert found[0] == 30
    assert found == sorted(found)
    assert found[-1] == 240


def test_without_callbacks_polls_are_brisk_and_slow_down_to_the_interval():
    found = waits(pace_of(callbacks=False), 20)
    assert found[0] == 1
    assert found == sorted(found)
    assert found[-1] == 30
    assert sum(found[:5]) < 15


@pytest.mark.parametrize("callbacks", [True, False])
def test_hundreds_of_polls_do_not_overflow(callbacks):
    assert waits(pace_of(callbacks=callbacks), 2000)[-1] > 0


def test_a_prediction_of_which_only_the_end_is_told_is_asked_about_briskly():
    pace = pace_of(callbacks=True)
    pace.expect_no_news("p")
    found = waits(pace, 20)
    assert found[0] == 1
    assert found[-1] == 30
    assert pace.next_poll("another", BEGIN) == BEGIN + timedelta(seconds=30)


def test_however_many_there_are_they_share_ten_questions_a_second():
    pace = pace_of(callbacks=True)
    pace.expect_no_news("p")
    assert pace.next_poll("p", BEGIN, among=5000) == BEGIN + timedelta(seconds=500)


def test_news_restart_the_wait():
    pace = pace_of(callbacks=True)
    assert pace.next_poll("p", BEGIN + timedelta(seconds=7)) == BEGIN + timedelta(seconds=37)


def test_what_ended_is_forgotten():
    pace = pace_of(callbacks=True)
    pace.polled("p", BEGIN)
    pace.expect_no_news("p")
    pace.forget("p")
    pace.forget("p")
    assert not pace._asked
    assert not pace.asked_since("p", BEGIN)


def test_asked_since():
    pace = pace_of(callbacks=True)
    assert not pace.asked_since("p", BEGIN)
    pace.polled("p", BEGIN)
    assert pace.asked_since("p", BEGIN)
    assert not pace.asked_since("p", BEGIN + timedelta(seconds=1))


def test_thousands_in_flight_share_ten_polls_a_second_and_few_do_not_notice():
    pace = pace_of(callbacks=True)
    waits = [(pace.next_poll("p", BEGIN, among=among) - BEGIN).total_seconds() for among in (1, 300, 5000)]
    assert waits == [30, 30, 500]


def test_jobs_that_have_ended_elsewhere_do_not_slow_the_polls_of_the_others():
    """There are never more predictions in flight than there are places."""
    assert pace_of(callbacks=True, most=400).next_poll("p", BEGIN, among=20_000) == BEGIN + timedelta(seconds=40)


def test_a_prediction_whose_end_nobody_tells_is_forgotten():
    clock = FrozenClock()
    pace = PollPace(30, clock, KEEP, callbacks=True, most=50)
    for number in range(100):
        pace.polled(f"polled{number}", clock.now())
        pace.expect_no_news(f"unheard{number}")
        pace.hurry(f"hurried{number}")
    clock.advance(KEEP.total_seconds())
    assert not pace._asked
