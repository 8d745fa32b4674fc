"""API keys: who calls, found in constant time, and how fast they may call."""

import hashlib
import hmac
import math
import time
from collections.abc import Callable, Iterable

from bot.jobs.limits.users import api_user

# The same in every process and over restarts, whatever the bot token is: a key's jobs belong to it for good.
_PURPOSE = b"darkroom api key owner\n"
_OWNER_CHARS = 20
_BURST_S = 2.0


class ApiKeys:
    """The configured keys. Of a key only a digest is kept, and only a digest of it ever names its holder."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._users = [(_digest(key.encode()), api_user(owner_of(key))) for key in keys]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._users)

    def user(self, given: str) -> str | None:
        """The user whose key this is. Takes the same time whichever it is, and survives whatever a header can hold."""
        digest = _digest(given.encode("utf-8", "surrogateescape"))
        found = None
        for known, user in self._users:
            if hmac.compare_digest(known, digest):
                found = user
        return found


def owner_of(key: str) -> str:
    """What names the holder of a key in records and logs."""
    return hashlib.sha256(_PURPOSE + key.encode()).hexdigest()[:_OWNER_CHARS]


class RateLimit:
    """A bucket of tokens per user: `per_s` requests a second, and so many at once as two seconds give."""

    def __init__(self, per_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._now = per_s, now
        self._full = max(1.0, per_s * _BURST_S)
        self._buckets: dict[str, tuple[float, float]] = {}  # user -> tokens at a time; there are as many as keys

    def wait_s(self, user: str) -> int:
        """0 when the request may pass; else in how many seconds another one may."""
        if self._per_s <= 0:
            return 0
        now = self._now()
        tokens, since = self._buckets.get(user, (self._full, now))
        tokens = min(self._full, tokens + (now - since) * self._per_s)
        passes = tokens >= 1
        self._buckets[user] = (tokens - 1 if passes else tokens, now)
        return 0 if passes else max(1, math.ceil((1 - tokens) / self._per_s))


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
