"""Log lines that others cause, few enough that nobody can fill a disk with them."""

import time
from collections import OrderedDict
from collections.abc import Callable

_WINDOW_S = 60.0


class LogThrottle:
    """At most `lines` a minute under one key; `keys` of them are remembered, the latest."""

    def __init__(self, lines: int, *, keys: int = 1000, now: Callable[[], float] = time.monotonic) -> None:
        self._lines, self._keys, self._now = lines, keys, now
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # key -> window's begin, lines asked for

    def left_out(self, key: str) -> int | None:
        """None: be silent. Else write a line, and say that so many were left out before it."""
        now = self._now()
        begin, count = self._windows.pop(key, (now, 0))
        left_out = 0
        if now - begin >= _WINDOW_S:
            left_out, begin, count = max(0, count - self._lines), now, 0
        self._windows[key] = (begin, count + 1)
        if len(self._windows) > self._keys:
            self._windows.popitem(last=False)
        return left_out if count < self._lines else None
