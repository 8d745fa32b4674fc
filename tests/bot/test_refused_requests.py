"""Log lines about refused requests: few."""

import pytest
from structlog.testing import capture_logs

from bot.refused_requests import RefusedRequests


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def refusals(clock):
    return RefusedRequests(clock)


def lines(refusals, count, address="192.0.2.1", reason="mismatch"):
    with capture_logs() as logs:
        for _ in range(count):
            refusals.note(reason, address)
    return logs


def test_a_line_tells_reason_and_address(refusals):
    (line,) = lines(refusals, 1)
    assert (line["event"], line["reason"], line["address"], line["left_out"]) == (
        "request_refused",
        "mismatch",
        "192.0.2.1",
        0,
    )


def test_five_lines_a_minute_for_one_address(refusals, clock):
    assert len(lines(refusals, 1000)) == 5
    clock.now += 59.9
    assert lines(refusals, 10) == []


def test_after_a_minute_the_next_line_tells_how_many_were_left_out(refusals, clock):
    lines(refusals, 1000)
    clock.now += 60
    assert [line["left_out"] for line in lines(refusals, 2)] == [995, 0]


def test_addresses_do_not_silence_each_other(refusals):
    lines(refusals, 100)
    assert len(lines(refusals, 1, "192.0.2.2")) == 1


def test_reasons_do_not_silence_each_other(refusals):
    """Behind a proxy all strangers have one address."""
    lines(refusals, 100)
    assert len(lines(refusals, 100, reason="bad_key")) == 5


def test_an_unknown_address_is_one_address(refusals):
    assert len(lines(refusals, 100, None)) == 5


def test_an_ipv6_network_is_one_sender(refusals):
    """Whoever has an address has 2^64 of them."""
    with capture_logs() as logs:
        for number in range(1000):
            refusals.note("mismatch", f"2001:db8::{number:x}")
    assert len(logs) == 5
    assert len(lines(refusals, 1, "2001:db8:0:1::1")) == 1
    assert len(lines(refusals, 1, "::ffff:192.0.2.7")) == len(lines(refusals, 1, "::ffff:192.0.2.8")) == 1


def test_many_senders_together_make_few_lines_and_the_rest_is_counted(refusals, clock):
    with capture_logs() as logs:
        for number in range(5000):
            refusals.note("mismatch", f"198.{number >> 8}.{number & 255}.1")
    assert len(logs) == 60
    clock.now += 60
    assert [line["left_out"] for line in lines(refusals, 1, "192.0.2.9")] == [4940]


def test_memory_of_addresses_is_bounded_and_the_busy_ones_stay(refusals):
    with capture_logs() as logs:
        for number in range(5000):
            refusals.note("mismatch", f"198.{number >> 8}.{number & 255}.1")
            refusals.note("mismatch", "192.0.2.1")
    assert len(refusals._of_sender._windows) <= 1000
    assert sum(line["address"] == "192.0.2.1" for line in logs) == 5
