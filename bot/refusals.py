"""Log lines about refused requests, few enough that nobody can fill a disk with them."""

import time
from collections import OrderedDict
from collections.abc import Callable

import structlog

_LINES_PER_ADDRESS = 5
_WINDOW_S = 60.0
_ADDRESSES = 1000

_log = structlog.get_logger()


class Refusals:
    """At most five lines a minute per address; the next line after a silence tells how many were left out."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # address -> window's begin, refusals

    def note(self, reason: str, address: str | None) -> None:
        """A request was refused."""
        address = address or "unknown"
        now = self._now()
        begin, count = self._windows.pop(address, (now, 0))
        left_out = 0
        if now - begin >= _WINDOW_S:
            left_out, begin, count = max(0, count - _LINES_PER_ADDRESS), now, 0
        self._windows[address] = (begin, count + 1)
        if len(self._windows) > _ADDRESSES:
            self._windows.popitem(last=False)
        if count < _LINES_PER_ADDRESS:
            _log.warning("request_refused", reason=reason, address=address, left_out=left_out)
