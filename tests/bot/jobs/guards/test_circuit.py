"""A party that is down is asked by one caller at a time."""

import asyncio
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from bot.jobs.guards.circuit import Circuit, CircuitOpenError, Heard
from tests.support.fakes import FrozenClock


@pytest.fixture
def clock():
    return FrozenClock()


def opened(clock, failures: int = 5) -> Circuit:
    circuit = Circuit("storage", clock)
    for _ in range(failures):
        circuit.enter()
        circuit.failed()
    return circuit


def test_single_failures_keep_it_closed(clock):
    circuit = opened(clock, 4)
    circuit.enter()
    circuit.succeeded()
    for _ in range(4):
        circuit.failed()
    circuit.enter()
    assert circuit.state == "ok"


def test_a_clock_that_is_set_back_does_not_keep_it_open(clock):
    clock.advance(400 * 24 * 3600)
    circuit = opened(clock)
    clock.advance(-400 * 24 * 3600)
    circuit.enter()
    with pytest.raises(CircuitOpenError) as caught:
        circuit.enter()
    assert caught.value.retry_after_s < 60


def test_failures_in_a_row_open_it_and_say_so_once(clock):
    with capture_logs() as logs:
        circuit = opened(clock)
        with pytest.raises(CircuitOpenError) as caught:
            circuit.enter()
        circuit.failed()
    assert caught.value.retry_after_s > 0
    assert circuit.state.startswith("down since 2026-11-21T12:00:00")
    assert [line["event"] for line in logs] == ["party_down"]


def test_when_the_time_has_come_one_caller_finds_out_and_the_others_wait(clock):
    circuit = opened(clock)
    clock.advance(2)
    circuit.enter()
    with pytest.raises(CircuitOpenError):
        circuit.enter()


def test_a_caller_that_never_reports_back_does_not_keep_it_shut_for_ever(clock):
    circuit = opened(clock)
    for _ in range(5):
        clock.advance(2)
        circuit.enter()


def test_pauses_grow_to_a_bound(clock):
    circuit, pauses = opened(clock), []
    for _ in range(10):
        with pytest.raises(CircuitOpenError) as caught:
            circuit.enter()
        pauses.append(caught.value.retry_after_s)
        clock.advance(caught.value.retry_after_s)
        circuit.enter()
        circuit.failed()
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30


def test_an_answer_closes_it_and_says_so_once(clock):
    circuit = opened(clock)
    clock.advance(60)
    circuit.enter()
    with capture_logs() as logs:
        circuit.succeeded()
        circuit.succeeded()
    circuit.enter()
    assert circuit.state == "ok"
    assert [(line["event"], line["away_s"]) for line in logs] == [("party_back", 60)]


class AwayError(Exception):
    pass


class RefusedError(Exception):
    pass


def heard(circuit, *ends):
    """One block after the other: each ends with this error, or well."""
    for error in ends:
        with (
            suppress(AwayError, RefusedError, asyncio.CancelledError),
            Heard(circuit, down=(AwayError,), answered=RefusedError),
        ):
            if error:
                raise error


@pytest.mark.parametrize("answer", [None, RefusedError()])
def test_an_answer_ends_a_row_of_failures_even_if_it_is_a_refusal(clock, answer):
    circuit = Circuit("storage", clock)
    heard(circuit, *[AwayError()] * 4, answer, *[AwayError()] * 4)
    assert circuit.state == "ok"
    heard(circuit, AwayError())
    assert circuit.state != "ok"


def test_a_block_that_was_canceled_says_nothing_of_the_party(clock):
    circuit = Circuit("storage", clock)
    heard(circuit, *[AwayError()] * 4, asyncio.CancelledError(), AwayError())
    assert circuit.state != "ok"
    heard(circuit, asyncio.CancelledError())
    assert circuit.state != "ok"
