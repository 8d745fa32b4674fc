import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replicate_gateway.retry import MAX_RETRY_AFTER_S, backoff_s, retry_after_s

# The first text that hypothesis draws on a fresh machine builds its tables of characters, which takes a second.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempt", "expected"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 5.0), (10**9, 5.0), (0, 0.5)]
)
def test_the_longest_pause_doubles_up_to_its_cap(attempt, expected):
    assert backoff_s(attempt, base_s=0.5, cap_s=5, random=lambda: 1.0) == expected


def test_jitter_reaches_down_to_nothing():
    assert backoff_s(3, base_s=0.5, cap_s=5, random=lambda: 0.0) == 0
    assert backoff_s(3, base_s=0.5, cap_s=5, random=lambda: 0.25) == 0.5


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7),
        (" 1.5 ", 1.5),
        ("0", 0),
        ("3600", MAX_RETRY_AFTER_S),
        ("Fri, 20 Nov 2026 10:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 10:00:30 -0000", 30),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0),
        ("Fri, 20 Nov 2099 09:00:00 GMT", MAX_RETRY_AFTER_S),
        ("-5", None),
        ("²", None),
        ("soon", None),
        ("", None),
        ("9" * 5_000, None),
    ],
)
def test_the_header_is_seconds_or_a_date(header, expected):
    assert retry_after_s({"Retry-After": header}, b"", NOW) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"retry_after": 7}, 7),
        ({"retry_after": 0.5}, 0.5),
        ({"retry_after": "7"}, 7),
        ({"retry_after": True}, None),
        ({"retry_after": -1}, None),
        ({"retry_after": 10**400}, None),
        ({"detail": "Request was throttled. Your rate limit resets in ~30s."}, 30),
        ({"detail": "Request was throttled. Expected available in 1 second."}, 1),
        ({"detail": "try again in 2 minutes"}, 120),
        ({"detail": "resets in 250ms"}, 0.25),
        ({"detail": "less than $5.0 in credit. Your rate limit resets in ~7s."}, 7),
        ({"detail": "no wait in here, 5 seconds long"}, None),
        ({"detail": "resets in ~30s", "retry_after": 40}, 40),
        ({"detail": ["resets in 5s"]}, None),
    ],
)
def test_the_body_says_it_as_a_number_or_in_words(fields, expected):
    assert retry_after_s({}, json.dumps(fields).encode(), NOW) == expected


def test_a_body_that_is_no_json_is_read_as_words():
    assert retry_after_s({}, b"<p>Your rate limit resets in ~9s</p>\xff", NOW) == 9
    assert retry_after_s({}, b"x" * 5_000 + b" resets in 9s", NOW) is None


def test_the_longest_wish_counts():
    assert retry_after_s({"retry-after": "2"}, b'{"retry_after": 7}', NOW) == 7
    assert retry_after_s({"retry-after": "9"}, b'{"retry_after": 7}', NOW) == 9


def test_the_cap_is_the_callers():
    assert retry_after_s({"retry-after": "60"}, b"", NOW, cap_s=10) == 10


texts = st.text(max_size=80) | st.from_regex(r"resets in ~[0-9]{1,12}(s|ms|h)", fullmatch=True)
bodies = st.binary(max_size=200) | st.fixed_dictionaries(
    {}, optional={"retry_after": st.integers() | st.floats() | texts, "detail": texts}
).map(lambda fields: json.dumps(fields).encode())


@PATIENT
@given(headers=st.dictionaries(st.sampled_from(["Retry-After", "X"]), texts | st.datetimes().map(str)), body=bodies)
def test_any_answer_gives_a_bounded_wait_or_none(headers, body):
    wait_s = retry_after_s(headers, body, NOW)
    assert wait_s is None or 0 <= wait_s <= MAX_RETRY_AFTER_S


@PATIENT
@given(st.integers(-5, 10**6), st.floats(0, 100), st.floats(0, 100), st.floats(0, 1))
def test_a_pause_is_within_its_cap(attempt, base_s, cap_s, drawn):
    assert 0 <= backoff_s(attempt, base_s=base_s, cap_s=cap_s, random=lambda: drawn) <= cap_s
