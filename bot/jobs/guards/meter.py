"""What the use cases and their guards tell whoever keeps figures. Told where things happen, never by the steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Protocol, Self


class Meter(Protocol):
    """Takes figures. Every method is cheap and never fails; durations are in seconds.

    What was cut short before it had an outcome has the outcome `canceled`.
    """

    def step_ended(self, step: str, outcome: str, duration_s: float) -> None:
        """One attempt at one part of a step came to this end: ok, postponed, failed, chat_gone, unknown,
        storage (which could not be used) or crashed.
        """
        ...

    def step_postponed(self, step: str, reason: str) -> None:
        """It is tried again later; `reason` is one of the codes of `bot.jobs.errors.NotDoneError`."""
        ...

    def call_ended(self, party: str, call: str, outcome: str, duration_s: float) -> None:
        """A call to an outside party ended: ok, refused, busy, unreachable, unknown, held_back (not made)."""
        ...

    def storage_operation_ended(self, operation: str, outcome: str, duration_s: float) -> None:
        """The same for the storage: ok, not_found, precondition_failed, unavailable, refused, held_back."""
        ...

    def update_taken(self, kind: str, outcome: str) -> None:
        """An update of Telegram's: taken, postponed (it comes again) or poisoned."""
        ...


class SilentMeter:
    """Keeps no figures."""

    def step_ended(self, step: str, outcome: str, duration_s: float) -> None:
        """See `Meter`."""

    def step_postponed(self, step: str, reason: str) -> None:
        """See `Meter`."""

    def call_ended(self, party: str, call: str, outcome: str, duration_s: float) -> None:
        """See `Meter`."""

    def storage_operation_ended(self, operation: str, outcome: str, duration_s: float) -> None:
        """See `Meter`."""

    def update_taken(self, kind: str, outcome: str) -> None:
        """See `Meter`."""


SILENT: Meter = SilentMeter()


class CurrentAttempt:
    """Stands for the attempt at a step that is being made; who draws traces notes here what it is called there."""

    __slots__ = ("span_id",)

    def __init__(self) -> None:
        self.span_id: int | None = None


CURRENT_ATTEMPT: ContextVar[CurrentAttempt | None] = ContextVar("current_attempt", default=None)
"""The attempt within which something is told; it lasts until its own end was told."""


@contextmanager
def attempt_scope() -> Iterator[None]:
    """What is told within the block belongs together."""
    token = CURRENT_ATTEMPT.set(CurrentAttempt())
    try:
        yield
    finally:
        CURRENT_ATTEMPT.reset(token)


class Timed:
    """Tell how the block ended and how long it took; an error goes on. What nobody waits for any more is canceled.

    A generator's block is fine, too, when its reader has had enough; the time that a reader takes is not counted
    where it is `elsewhere`.
    """

    __slots__ = ("_outcome_of", "_started", "_told", "_what")

    def __init__(
        self, told: Callable[[str, str, float], None], what: str, outcome_of: Callable[[Exception], str]
    ) -> None:
        self._told, self._what, self._outcome_of = told, what, outcome_of

    def __enter__(self) -> Self:
        self._started = perf_counter()
        return self

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """What happens meanwhile is none of what is timed."""
        left = perf_counter()
        try:
            yield
        finally:
            self._started += perf_counter() - left

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        outcome = "ok"
        if error is not None and not isinstance(error, GeneratorExit):
            outcome = self._outcome_of(error) if isinstance(error, Exception) else "canceled"
        self._told(self._what, outcome, perf_counter() - self._started)
