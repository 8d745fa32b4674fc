"""When to poll: seldom while callbacks are expected, briskly at first without them, ever less while nothing changes.

The pace lives in memory only: a process that starts anew polls what is due and finds its pace again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_BRISK_S = 1.0  # the first poll without callbacks; fast models take about this long
_GROWTH = 1.5
_MAX_GROWTH = 8.0  # an unchanged prediction is polled at least every 8 intervals
# Where callbacks come polls are for the few that were lost. Thousands of predictions in flight share so many a second:
# Replicate takes 50 of all kinds (https://replicate.com/docs/topics/predictions/rate-limits), and each costs a look.
_POLLS_PER_S = 10.0
_HURRY_EVERY = timedelta(seconds=5)  # callbacks that cannot be read may come twice a second


@dataclass(frozen=True, slots=True)
class _Polled:
    times: int
    at: datetime
    answered_at: datetime | None = None


class PollPace:
    """`interval_s` without news makes a prediction due when callbacks are on; it is the ceiling when they are off."""

    def __init__(self, interval_s: float, *, callbacks: bool) -> None:
        self._interval_s, self._callbacks = interval_s, callbacks
        self._polled: dict[str, _Polled] = {}
        self._hurried: dict[str, datetime | None] = {}
        self._unheard: set[str] = set()

    def next_poll(self, prediction_id: str, heard_at: datetime, *, among: int = 1) -> datetime:
        """The earliest time at which asking is worth it, where `among` jobs wait for their predictions."""
        if prediction_id in self._hurried:
            return max(heard_at, self._hurried[prediction_id] or heard_at)
        before = self._polled.get(prediction_id)
        times, since = (before.times, max(before.at, heard_at)) if before else (0, heard_at)
        told = self._callbacks and prediction_id not in self._unheard
        pace_s = self._interval_s * min(_GROWTH**times, _MAX_GROWTH) if told else self._brisk_s(times)
        wait_s = max(pace_s, among / _POLLS_PER_S) if self._callbacks else pace_s
        return since + timedelta(seconds=wait_s)

    def longest(self, *, among: int = 1) -> timedelta:
        """No two questions are ever farther apart."""
        return timedelta(seconds=max(self._interval_s * _MAX_GROWTH, among / _POLLS_PER_S))

    def polled(self, prediction_id: str, at: datetime, *, extra: bool = False) -> None:
        """It was asked about at this time; `extra` questions leave the pace as it is."""
        self._hurried.pop(prediction_id, None)
        before = self._polled.get(prediction_id)
        # More than 60 doublings would overflow a float's usefulness, and the waits are capped long before.
        times = min((before.times if before else 0) + (not extra), 60)
        self._polled[prediction_id] = _Polled(times, at, before.answered_at if before else None)

    def answered(self, prediction_id: str, at: datetime) -> None:
        """Replicate said how it stands."""
        before = self._polled.get(prediction_id)
        if before:
            self._polled[prediction_id] = replace(before, answered_at=at)

    def expect_no_news(self, prediction_id: str) -> None:
        """Replicate calls back only when it has ended: until then it is asked as where nobody calls back."""
        self._unheard.add(prediction_id)

    def hurry(self, prediction_id: str, *, spaced: bool = False) -> None:
        """There is news that is to be asked for: at once, or `spaced` from the last question."""
        before = self._polled.get(prediction_id) if spaced else None
        self._hurried[prediction_id] = before.at + _HURRY_EVERY if before else None

    def asked_since(self, prediction_id: str, moment: datetime) -> bool:
        """Whether it was asked about at or after this moment, answer or not."""
        before = self._polled.get(prediction_id)
        return before is not None and before.at >= moment

    def answered_since(self, prediction_id: str, moment: datetime) -> bool:
        """Whether Replicate said at or after this moment how it stands."""
        before = self._polled.get(prediction_id)
        return before is not None and before.answered_at is not None and before.answered_at >= moment

    def forget(self, prediction_id: str) -> None:
        """It ended."""
        self._hurried.pop(prediction_id, None)
        self._polled.pop(prediction_id, None)
        self._unheard.discard(prediction_id)

    def _brisk_s(self, times: int) -> float:
        return min(_BRISK_S * _GROWTH**times, self._interval_s)
