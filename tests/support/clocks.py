"""Clocks that tests set."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.jobs.clock import SystemClock
from tests.support.waiting import loop_turns


@dataclass
class RunningClock:
    """The system's clock, which a test may put forward."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead

    def put_forward(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class LoopClock:
    """The running loop's clock, by which all time-outs go, for as long as that loop lives.

    To be made before anybody keeps `loop.time` for later.
    """

    def __init__(self) -> None:
        loop, self._ahead_s = asyncio.get_running_loop(), 0.0
        real = loop.time
        loop.time = lambda: real() + self._ahead_s

    async def put_forward(self, seconds: float) -> None:
        """As if this much time had passed; what is due by then has happened when this returns."""
        self._ahead_s += seconds
        await loop_turns(5)
