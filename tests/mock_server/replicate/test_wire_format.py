import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.replicate.wire_format import (
    new_id,
    parse_duration,
    parse_prefer_wait,
    parse_timestamp,
    timestamp,
    version_id,
)


def test_ids_are_26_characters_and_never_repeat():
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{26}", one) for one in ids)


def test_a_version_depends_on_the_name_alone():
    assert version_id("a/b") == version_id("a/b") != version_id("a/c")
    assert re.fullmatch(r"[0-9a-f]{64}", version_id("a/b"))


@given(st.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_time_stamps_keep_every_microsecond(micros):
    text = timestamp(micros / 1_000_000)
    assert text.endswith("Z")
    assert abs(parse_timestamp(text) * 1_000_000 - micros) < 1


def test_time_stamps_carry_no_needless_digits():
    assert timestamp(0) == "1970-01-01T00:00:00Z"
    assert timestamp(0.25) == "1970-01-01T00:00:00.25Z"


def test_a_time_without_an_offset_is_utc():
    assert parse_timestamp("1970-01-01T00:01:00") == parse_timestamp("1970-01-01T01:01:00+01:00") == 60


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("1h30m45s", 5445), ("30", 30), ("2h", 7200)])
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "5d", "-5s", "1.5s", "5s5m", "٣s" * 2])
def test_no_durations(text):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("wait", ("wait", 60)),
        ("wait=5", ("wait=5", 5)),
        ("respond-async, wait=60", ("wait=60", 60)),
        ("wait=61", ("wait=61", 60)),
        ("wait=0", None),
        ("wait=5s", None),
        ("return=minimal", None),
        (None, None),
    ],
)
def test_preferences(header, wanted):
    assert parse_prefer_wait(header) == wanted
