"""Waiting at the start for a party that is just being started itself (containers, say)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

_PATIENCE_S: Final = 60.0
_ASK_AGAIN_S: Final = 2.0
_SAY_AGAIN_S: Final = 20.0

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Exception)


async def retry_at_start(ask: Callable[[], Awaitable[_T]], away: type[_E], say: Callable[[_E], None]) -> _T:
    """What `ask` gives; it is asked again every two seconds while it raises `away`, for a minute, then that is raised.

    `say` is told at once, and every 20 s from then on.
    """
    now = asyncio.get_running_loop().time
    deadline, say_from = now() + _PATIENCE_S, now()
    while True:
        try:
            return await ask()
        except away as error:
            if now() > deadline:
                raise
            if now() >= say_from:
                say(error)
                say_from = now() + _SAY_AGAIN_S
            await asyncio.sleep(_ASK_AGAIN_S)
