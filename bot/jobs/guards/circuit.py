"""When an outside party is down, one caller at a time finds out whether it is back; all others wait.

Without this, thousands of open jobs would each knock at a dead door, and each would log that it is dead.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.jobs.ports.clock import Clock

# Single failures are everyday life, and every step has a retry of its own.
FAILURES_IN_A_ROW = 5
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 30.0

_log = structlog.get_logger()


class CircuitOpenError(Exception):
    """The party is taken to be down; ask again in `retry_after_s` seconds."""

    def __init__(self, party: str, retry_after_s: float) -> None:
        super().__init__(f"{party} is down")
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class _Outage:
    since: datetime
    pause_s: float
    next_try_at: datetime


class Circuit:
    """Counts the failures in a row of one party. Says so in the log once when it opens, and once when it closes."""

    def __init__(self, party: str, clock: Clock) -> None:
        self._party, self._clock = party, clock
        self._failures = 0
        self._outage: _Outage | None = None

    @property
    def state(self) -> str:
        """`ok`, or since when the party is down."""
        return f"down since {self._outage.since.isoformat(timespec='seconds')}" if self._outage else "ok"

    def check(self) -> None:
        """Raise `CircuitOpenError` if it is not worth a try; unlike `enter` this takes nobody's turn."""
        if self._outage is None:
            return
        left_s = (self._outage.next_try_at - self._clock.now()).total_seconds()
        if 0 < left_s <= self._outage.pause_s:  # else its time has come, or the clock was set back
            raise CircuitOpenError(self._party, max(left_s, 0.1))

    def enter(self) -> None:
        """Let the caller try.

        Raises:
            CircuitOpenError: not now. When its time has come one caller is let through to find out.
        """
        self.check()
        if self._outage:
            self._wait(self._outage, self._clock.now())

    def succeeded(self) -> None:
        """The party answered, if only to refuse."""
        self._failures = 0
        if self._outage:
            away_s = (self._clock.now() - self._outage.since).total_seconds()
            self._outage = None
            _log.warning("party_back", party=self._party, away_s=math.ceil(away_s))

    def failed(self) -> None:
        """The party gave no usable answer."""
        self._failures += 1
        now = self._clock.now()
        if self._outage:
            self._outage.pause_s = min(self._outage.pause_s * 2, LONGEST_PAUSE_S)
            self._wait(self._outage, now)
        elif self._failures >= FAILURES_IN_A_ROW:
            self._outage = _Outage(now, FIRST_PAUSE_S, now)
            self._wait(self._outage, now)
            _log.error("party_down", party=self._party, failures=self._failures)

    @staticmethod
    def _wait(outage: _Outage, now: datetime) -> None:
        outage.next_try_at = now + timedelta(seconds=outage.pause_s)


class Heard:
    """Tells a circuit how the block went. `down`: the party gave no usable answer; `answered`: it did, a refusal.

    A generator whose reader has had enough was answered, too. What is neither, such as a cancellation, says nothing of
    the party.
    """

    def __init__(self, circuit: Circuit, *, down: tuple[type[Exception], ...], answered: type[Exception]) -> None:
        self._circuit, self._down, self._answered = circuit, down, answered

    def __enter__(self) -> None:
        """Nobody is asked."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, self._down):
            self._circuit.failed()
        elif error is None or isinstance(error, (self._answered, GeneratorExit)):
            self._circuit.succeeded()
