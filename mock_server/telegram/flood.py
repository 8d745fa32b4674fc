"""Telegram's limits on how fast a bot may send.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from mock_server.telegram.config import FloodMode
from mock_server.telegram.errors import too_many_requests


@dataclass(frozen=True)
class _Rate:
    per_second: float
    burst: int


@dataclass(frozen=True)
class _Rates:
    chat: _Rate
    group: _Rate
    bot: _Rate
    penalty_s: int  # added to what has to be waited for anyway


# "real" are the published rates with the short bursts that Telegram lets through; "harsh" allows no burst.
_RATES: dict[FloodMode, _Rates] = {
    "real": _Rates(chat=_Rate(1, 5), group=_Rate(20 / 60, 20), bot=_Rate(30, 30), penalty_s=0),
    "harsh": _Rates(chat=_Rate(1, 1), group=_Rate(20 / 60, 1), bot=_Rate(10, 10), penalty_s=2),
}


@dataclass
class _Bucket:
    tokens: float
    filled_at: float

    def wait_s(self, rate: _Rate, now: float) -> float:
        self.tokens = min(rate.burst, self.tokens + max(0.0, now - self.filled_at) * rate.per_second)
        self.filled_at = now
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) / rate.per_second


class FloodControl:
    """Token buckets per chat and for the whole bot; `mode` may be changed at any time."""

    def __init__(self, mode: FloodMode, clock: Callable[[], float]) -> None:
        self.mode: FloodMode = mode
        self._clock = clock
        self._buckets: dict[tuple[str, int], _Bucket] = {}

    def spend(self, chat_id: int) -> None:
        """Count one message or edit in `chat_id` (groups have negative ids).

        Raises: BotApiError 429 with `retry_after` in seconds; then nothing is counted.
        """
        if self.mode == "off":
            return
        rates, now = _RATES[self.mode], self._clock()
        chat_rate = rates.group if chat_id < 0 else rates.chat
        wanted = [(self._bucket("chat", chat_id, chat_rate), chat_rate), (self._bucket("bot", 0, rates.bot), rates.bot)]
        wait_s = max(bucket.wait_s(rate, now) for bucket, rate in wanted)
        if wait_s > 0:
            raise too_many_requests(math.ceil(wait_s) + rates.penalty_s)
        for bucket, _ in wanted:
            bucket.tokens -= 1

    def _bucket(self, kind: str, number: int, rate: _Rate) -> _Bucket:
        return self._buckets.setdefault((kind, number), _Bucket(rate.burst, self._clock()))
