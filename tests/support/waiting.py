"""Waiting for a condition instead of sleeping for a while."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL_EVERY_S = 0.002


async def eventually(condition: Callable[[], T | Awaitable[T]], *, within: float = 60.0, because: str = "") -> T:
    """The first truthy value of `condition` (plain or async), asked every two milliseconds.

    Raises:
        AssertionError: it stayed falsy for `within` seconds; the text shows its last value.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        answer = condition()
        value: T = await answer if inspect.isawaitable(answer) else answer  # type: ignore[assignment]
        if value:
            return value
        if loop.time() >= deadline:
            reason = f" ({because})" if because else ""
            raise AssertionError(f"still {value!r} after {within} s{reason}")
        await asyncio.sleep(POLL_EVERY_S)


async def loop_turns(count: int = 1) -> None:
    """Give all others so many turns of the loop; no time passes, and nothing outside of it is waited for.

    For what no condition can tell: that a coroutine gets to its first await, that one call is interrupted by others,
    that something does *not* happen. Where all take part in one loop, a number that is enough once always is.
    """
    for _ in range(count):
        await asyncio.sleep(0)
