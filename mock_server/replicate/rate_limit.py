"""Two token buckets: one for creating predictions, one for every other call.

The limits: https://replicate.com/docs/topics/predictions/rate-limits
"""

import math
from collections.abc import Callable

SHOWN_WITHOUT_LIMIT = 3000


class TokenBucket:
    """Lets `per_minute` calls through per minute, in bursts up to as many; 0 lets all through."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        """Full at the start."""
        self._per_minute = per_minute
        self._clock = clock
        self._tokens = float(per_minute)
        self._filled_at = clock()

    @property
    def remaining(self) -> int:
        """What `ratelimit-remaining` tells."""
        return int(self._tokens) if self._per_minute else SHOWN_WITHOUT_LIMIT

    def take(self) -> int:
        """0 when the call may pass, otherwise the whole seconds until one may."""
        if self._per_minute == 0:
            return 0
        now, rate = self._clock(), self._per_minute / 60
        passed_s = now - self._filled_at if now >= self._filled_at else math.inf  # a reset clock fills it
        self._tokens = min(self._per_minute, self._tokens + passed_s * rate)
        self._filled_at = now
        if self._tokens < 1:
            return max(1, math.ceil((1 - self._tokens) / rate))
        self._tokens -= 1
        return 0
