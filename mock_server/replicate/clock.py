"""The mock's own time: it follows the real one until somebody pushes it ahead or makes it run faster."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

FASTEST = 10_000.0
FURTHEST_S = 10 * 365 * 24 * 3600
"""Ten years ahead every date can still be written."""


class Timer:
    """A call that is due at a moment of the mock's time."""

    def __init__(self, due: float, call: Callable[[], Any]) -> None:
        """`due` is on the clock's monotonic scale."""
        self.due = due
        self.call = call
        self.handle: asyncio.TimerHandle | None = None


class MockClock:
    """Every pause and every time stamp of one mock; use it on one event loop.

    What is due when time is pushed ahead happens at once, earliest first.
    """

    def __init__(self, base: Callable[[], float]) -> None:
        """`base` gives seconds since 1970 when nothing is warped."""
        self._base = base
        self._ahead = 0.0
        self._speed = 1.0
        self._speed_since = 0.0
        self._timers: set[Timer] = set()

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self._base() + self._warp()

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring spans."""
        return asyncio.get_running_loop().time() + self._warp()

    @property
    def speed(self) -> float:
        """How many of its seconds pass in a real one."""
        return self._speed

    def advance(self, seconds: float) -> None:
        """Pushes time ahead.

        Raises:
            ValueError: backwards, or ten years ahead in all.
        """
        if not 0 <= seconds <= FURTHEST_S - self._warp():
            raise ValueError(f"time goes forward only, by {FURTHEST_S} s in all, not by {seconds}")
        self._ahead += seconds
        self._rearm()

    def run_at(self, speed: float) -> None:
        """Lets time run `speed` times as fast as real time from now on.

        Raises:
            ValueError: not above 0, or above 10000.
        """
        if not 0 < speed <= FASTEST:
            raise ValueError(f"speed is above 0 and at most {FASTEST:g}, not {speed}")
        self._ahead, self._speed = self._warp(), speed
        self._speed_since = asyncio.get_running_loop().time()
        self._rearm()

    def reset(self) -> None:
        """Real time again; nothing may be waiting for it."""
        self._ahead, self._speed = 0.0, 1.0

    def call_later(self, seconds: float, call: Callable[[], Any]) -> Timer:
        """Calls `call` after that much of the mock's time; `cancel` takes it back."""
        timer = Timer(self.monotonic() + seconds, call)
        self._timers.add(timer)
        self._arm(timer)
        return timer

    def cancel(self, timer: Timer) -> None:
        """Takes a call back; one that was made already is no fault."""
        self._timers.discard(timer)
        if timer.handle is not None:
            timer.handle.cancel()

    async def sleep(self, seconds: float) -> None:
        """Returns after that much of the mock's time."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        slept = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, partial(_wake, slept))
        try:
            await slept
        finally:
            self.cancel(timer)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Whether `event` was set within that much of the mock's time."""
        if event.is_set():
            return True
        set_first = asyncio.ensure_future(event.wait())
        timer = self.call_later(seconds, set_first.cancel)
        try:
            await asyncio.wait({set_first})
        finally:
            self.cancel(timer)
            set_first.cancel()
        return event.is_set()

    def _warp(self) -> float:
        if self._speed == 1.0:
            return self._ahead
        return self._ahead + (self._speed - 1) * (asyncio.get_running_loop().time() - self._speed_since)

    def _arm(self, timer: Timer) -> None:
        left = max(0.0, timer.due - self.monotonic()) / self._speed
        timer.handle = asyncio.get_running_loop().call_later(left, self._fire, timer)

    def _fire(self, timer: Timer) -> None:
        self.cancel(timer)
        timer.call()

    def _rearm(self) -> None:
        now = self.monotonic()
        for timer in sorted(self._timers, key=lambda one: one.due):
            if timer not in self._timers:
                continue  # taken back by one that was due before it
            if timer.handle is not None:
                timer.handle.cancel()
            if timer.due <= now:
                self._fire(timer)
            else:
                self._arm(timer)


def _wake(slept: asyncio.Future[None]) -> None:
    if not slept.done():
        slept.set_result(None)
