"""Whether this process can do its work: what `/readyz` tells."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

# The route is open to everybody, and asking costs a write to the disk or a paid request to the storage.
_FRESH_S = 1.0


class Readiness:
    """Asks `ask` for the state of each party, for all who wonder meanwhile, and for a second longer.

    `party: "ok"` is well; anything else says what is wrong. Only good news is kept: who is told that something is
    wrong may look again at once.
    """

    def __init__(self, ask: Callable[[], Awaitable[Mapping[str, str]]]) -> None:
        self._ask = ask
        self._lock = asyncio.Lock()
        self._known: Mapping[str, str] = {}
        self._told_at = self._good_until = float("-inf")

    async def parts(self) -> Mapping[str, str]:
        """The state of each party."""
        clock = asyncio.get_running_loop().time
        came = clock()
        if came < self._good_until:
            return self._known
        async with self._lock:
            if self._told_at < came:
                self._known = await self._ask()
                self._told_at = clock()
                if all(state == "ok" for state in self._known.values()):
                    self._good_until = self._told_at + _FRESH_S
            return self._known
