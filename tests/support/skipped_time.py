"""A loop in which waiting takes no time; the fixture `skipping_time` runs a story in it."""

import asyncio
import selectors


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop that jumps to the next timer instead of waiting for it. Not for code that waits for sockets."""

    def __init__(self) -> None:
        self.skipped_s = 0.0
        self.in_threads = 0
        super().__init__(_SkippingSelector(self))

    def time(self) -> float:
        return super().time() + self.skipped_s

    def run_in_executor(self, executor, func, *args):
        """aiogram asks plain functions in threads; time must not run away while one of them works."""
        self.in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._out_of_thread)
        return future

    def _out_of_thread(self, _) -> None:
        self.in_threads -= 1


class _SkippingSelector(selectors.DefaultSelector):
    def __init__(self, loop: SkippingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        if timeout is None or self._loop.in_threads:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self._loop.skipped_s += timeout
        return ready


async def time_passes(seconds: float) -> None:
    """Let this much time go by for all that wait in the loop; for nobody else, so it is refused in any other loop."""
    assert isinstance(asyncio.get_running_loop(), SkippingLoop), "time is not skipped here"
    await asyncio.sleep(seconds)
