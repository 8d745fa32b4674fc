"""Clocks that tests set."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.jobs.clock import SystemClock


@dataclass
class RunningClock:
    """The system's clock, which a test may put forward."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead

    def put_forward(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
