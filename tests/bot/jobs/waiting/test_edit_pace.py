"""When status messages may be edited."""

from datetime import timedelta

import pytest

from bot.jobs.waiting.edit_pace import EditPace
from tests.support.fakes import BEGIN, KEEP, FrozenClock

CHAT, GROUP = 7, -100


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def pace(clock):
    return EditPace(clock, KEEP, per_second=10)


def after(at):
    """Seconds from the beginning."""
    return (at - BEGIN).total_seconds()


def test_a_chat_that_was_left_alone_may_be_edited_at_once(pace):
    assert pace.turn("a", CHAT) == BEGIN


@pytest.mark.parametrize(("chat", "pause_s"), [(CHAT, 3), (GROUP, 5), (None, 3)])
def test_then_not_for_three_seconds_or_five_in_a_group(pace, clock, chat, pause_s):
    pace.edited("a", chat)
    assert after(pace.turn("a", chat)) == pause_s
    clock.advance(2)
    assert after(pace.turn("a", chat)) == pause_s, "a turn is kept"


def test_jobs_of_a_chat_take_turns_and_keep_them(pace, clock):
    pace.edited("a", CHAT)
    assert [after(pace.turn(job, CHAT)) for job in "abcab"] == [3, 6, 9, 3, 6]
    clock.advance(3)
    pace.edited("a", CHAT)
    assert [after(pace.turn(job, CHAT)) for job in "bca"] == [6, 9, 12]


def test_other_chats_do_not_wait(pace):
    pace.edited("a", CHAT)
    assert pace.turn("b", CHAT + 1) == BEGIN


def test_a_job_from_no_chat_shares_none(pace):
    pace.edited("a", None)
    assert pace.turn("b", None) == BEGIN


def test_a_chat_that_wants_to_be_left_alone_is_and_earlier_turns_are_void(pace):
    assert after(pace.turn("b", CHAT)) == 0
    pace.refused("a", CHAT, 40)
    assert after(pace.turn("b", CHAT)) == 40


def test_a_refusal_that_names_no_time_is_left_alone_for_a_while(pace):
    pace.refused("a", CHAT, 0)
    assert after(pace.turn("a", CHAT)) == 5


def test_a_turn_that_is_not_needed_goes_to_the_next(pace):
    pace.edited("a", CHAT)
    pace.turn("a", CHAT)
    pace.forget("a", CHAT)
    assert after(pace.turn("b", CHAT)) == 3


def test_a_new_message_settles_before_it_is_edited_unless_what_it_says_will_last(pace, clock):
    pace.announced("a")
    assert after(pace.turn("a", CHAT)) == 3
    assert after(pace.turn("a", CHAT, soon=True)) == 0
    pace.edited("a", CHAT)
    assert after(pace.turn("a", CHAT, soon=True)) == 3


def test_a_turn_between_others_is_taken_where_there_is_room(pace):
    pace.announced("a")
    assert [after(pace.turn("a", CHAT)), after(pace.turn("b", CHAT)), after(pace.turn("c", CHAT))] == [3, 0, 6]


def test_over_all_chats_there_are_only_so_many_edits_a_second(pace):
    turns = [after(pace.turn(str(chat), chat)) for chat in range(35)]
    assert [turns.count(second) for second in range(4)] == [10, 10, 10, 5]


def test_thousands_of_chats_and_hours_leave_little_behind(pace, clock):
    for number in range(12_000):
        pace.announced(str(number))
        pace.turn(str(number), number)
        pace.edited(str(number), number)
        clock.advance(1)
    assert len(pace._chats) <= 5_000
    assert len(pace._booked) <= 601
    assert not pace._settled_at


def test_turns_of_jobs_that_another_process_has_ended_leave_little_behind(pace, clock):
    """Neither many chats, nor a chat of many jobs, must grow for ever, or make every new one dear."""
    for number in range(12_000):
        pace.announced(str(number))
        pace.turn(str(number), number)
        pace.turn(f"busy{number}", GROUP)
        clock.advance(KEEP.total_seconds() / 100)
    assert len(pace._chats) <= 101
    assert len(pace._chats.get(GROUP).turns) <= 100
    assert len(pace._settled_at) <= 100


def test_a_pace_below_one_a_second_still_goes_on(clock):
    pace = EditPace(clock, KEEP, per_second=0.2)
    assert [after(pace.turn(str(chat), chat)) for chat in range(3)] == [0, 1, 2]


def test_a_turn_is_never_in_the_past(pace, clock):
    clock.advance(timedelta(hours=1).total_seconds() + 0.7)
    assert pace.turn("a", CHAT) == clock.now()


def test_what_a_clock_booked_before_it_was_set_back_is_forgotten(pace, clock):
    clock.advance(30 * 24 * 3600)
    pace.announced("a")
    pace.turn("a", CHAT)
    pace.edited("b", CHAT)
    clock.advance(-30 * 24 * 3600)
    assert [after(pace.turn(job, CHAT)) for job in "ab"] == [0, 3]
    clock.advance(-1)  # as clocks do all the time
    assert [after(pace.turn(job, CHAT)) for job in "ab"] == [0, 3]
