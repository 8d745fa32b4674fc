"""Limited places and the line for them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs.places import Places


def test_places_are_taken_until_there_are_none():
    places = Places(2)
    assert [places.take("k", holder) for holder in "abc"] == [True, True, False]
    assert places.count("k") == 2


def test_asking_again_changes_nothing():
    places = Places(1)
    assert places.take("k", "a")
    assert places.take("k", "a")
    assert not places.take("k", "b")
    assert not places.take("k", "b")
    assert places.count("k") == 1
    assert places.free("k", "a") == ["b"]


def test_whoever_waits_longest_is_next_and_nobody_jumps_the_line():
    places = Places(1)
    for holder in "abc":
        places.take("k", holder)
    assert places.free("k", "a") == ["b"]
    assert not places.take("k", "d")
    assert not places.take("k", "c")
    assert places.take("k", "b")
    assert places.free("k", "b") == ["c"]


def test_as_many_are_called_as_places_are_free():
    places = Places(2)
    for holder in "abcde":
        places.take("k", holder)
    assert places.free("k", "a") == ["c"]
    assert places.free("k", "b") == ["c", "d"]


def test_leaving_the_line_calls_whoever_moves_up():
    places = Places(1)
    for holder in "abc":
        places.take("k", holder)
    places.free("k", "a")
    assert places.free("k", "b") == ["c"]


def test_giving_back_what_one_does_not_have_calls_nobody():
    places = Places(2)
    for holder in "abc":
        places.take("k", holder)
    places.free("k", "a")
    assert places.free("k", "a") == []
    assert places.free("k", "stranger") == []


def test_work_that_is_under_way_keeps_its_place_whatever_the_limit():
    places = Places(1)
    for holder in "abc":
        places.hold("k", holder)
    assert places.count("k") == 3
    assert not places.take("k", "d")
    assert places.free("k", "a") == []
    assert places.free("k", "b") == []
    assert places.free("k", "c") == ["d"]


def test_keys_do_not_share_places():
    places = Places(1)
    assert places.take("k", "a")
    assert places.take("l", "a")


def test_all_that_belongs_to_somebody_can_be_given_back_at_once():
    places = Places(1)
    for holder in ("job/0", "job/1", "other/0"):
        places.take("k", holder)
    places.take("l", "job/0")
    assert places.forget(lambda holder: holder.startswith("job/"))[-1] == "other/0"
    assert places.count("k") == places.count("l") == 0
    assert places.take("k", "other/0")


MOVES = st.lists(st.tuples(st.sampled_from(["take", "hold", "free"]), st.sampled_from("abcdef")), max_size=60)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(1, 3), MOVES)
def test_nobody_in_line_is_forgotten_and_nothing_is_left_of_those_who_left(limit, moves):
    places, held, line = Places(limit), set(), {}
    for move, holder in moves:
        if move == "hold":
            places.hold("k", holder)
            line.pop(holder, None)
            held.add(holder)
        elif move == "take":
            if places.take("k", holder):
                line.pop(holder, None)
                held.add(holder)
            elif holder not in held:
                line.setdefault(holder)
        else:
            called = places.free("k", holder)
            present = holder in held or holder in line
            held.discard(holder)
            line.pop(holder, None)
            assert called == (list(line)[: max(0, limit - len(held))] if present else [])
        assert places.count("k") == len(held)
    for holder in [*held, *line]:
        places.free("k", holder)
    assert not places._held
    assert not places._lines
