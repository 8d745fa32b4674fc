"""The system's clock, which a test may put forward."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.jobs.clock import SystemClock


@dataclass
class RunningClock:
    """Runs as the real one does, so much `ahead` of it."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead

    def put_forward(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
