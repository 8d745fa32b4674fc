"""When to poll: seldom while callbacks are expected, briskly at first without them, ever less while nothing changes.

The pace lives in memory only: a process that starts anew polls what is due and finds its pace again.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.jobs.memory import Memory
from bot.jobs.ports.clock import Clock

_BRISK_S = 1.0  # the first poll without callbacks; fast models take about this long
_GROWTH = 1.5
_MAX_GROWTH = 8.0  # an unchanged prediction is polled at least every 8 intervals
# Where callbacks come polls are for the few that were lost. Thousands of predictions in flight share so many a second:
# Replicate takes 50 of all kinds (https://replicate.com/docs/topics/predictions/rate-limits), and each costs a look.
_POLLS_PER_S = 10.0
_HURRY_EVERY = timedelta(seconds=5)  # callbacks that cannot be read may come twice a second


_AT_ONCE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known of a prediction: how often and when it was asked about, and when to hurry."""

    times: int = 0
    at: datetime | None = None
    answered_at: datetime | None = None
    hurried: datetime | None = None
    unheard: bool = False


_NEVER = _Asked()
_UNHEARD = _Asked(unheard=True)  # one for all those that are not asked about yet: there are thousands


class PollPace:
    """`interval_s` without news makes a prediction due when callbacks are on; it is the ceiling when they are off.

    `most` predictions are in flight at a time, over all processes. What is known of one is kept for `keep`.
    """

    def __init__(self, interval_s: float, clock: Clock, keep: timedelta, *, callbacks: bool, most: int) -> None:
        self._interval_s, self._callbacks, self._most = interval_s, callbacks, most
        self._asked: Memory[str, _Asked] = Memory(clock, keep)

    def next_poll(self, prediction_id: str, heard_at: datetime, *, among: int = 1) -> datetime:
        """The earliest time at which asking is worth it, where `among` jobs wait for their predictions.

        Of several processes one may count jobs whose end it was not told of.
        """
        before = self._of(prediction_id)
        if before.hurried:
            return max(heard_at, before.hurried)
        told = self._callbacks and not before.unheard
        pace_s = self._interval_s * min(_GROWTH**before.times, _MAX_GROWTH) if told else self._brisk_s(before.times)
        wait_s = max(pace_s, min(among, self._most) / _POLLS_PER_S) if self._callbacks else pace_s
        return max(before.at or heard_at, heard_at) + timedelta(seconds=wait_s)

    def longest(self, *, among: int = 1) -> timedelta:
        """No two questions are ever farther apart."""
        return timedelta(seconds=max(self._interval_s * _MAX_GROWTH, among / _POLLS_PER_S))

    def polled(self, prediction_id: str, at: datetime, *, extra: bool = False) -> None:
        """It was asked about at this time; `extra` questions leave the pace as it is."""
        before = self._of(prediction_id)
        # More than 60 doublings would overflow a float's usefulness, and the waits are capped long before.
        times = min(before.times + (not extra), 60)
        self._asked.put(prediction_id, replace(before, times=times, at=at, hurried=None))

    def answered(self, prediction_id: str, at: datetime) -> None:
        """Replicate said how it stands."""
        self._asked.put(prediction_id, replace(self._of(prediction_id), answered_at=at))

    def expect_no_news(self, prediction_id: str) -> None:
        """Replicate calls back only when it has ended: until then it is asked as where nobody calls back."""
        before = self._asked.get(prediction_id)
        self._asked.put(prediction_id, replace(before, unheard=True) if before else _UNHEARD)

    def hurry(self, prediction_id: str, *, spaced: bool = False) -> None:
        """There is news that is to be asked for: at once, or `spaced` from the last question."""
        before = self._of(prediction_id)
        at = before.at + _HURRY_EVERY if spaced and before.at else _AT_ONCE
        self._asked.put(prediction_id, replace(before, hurried=at))

    def asked_since(self, prediction_id: str, moment: datetime) -> bool:
        """Whether it was asked about at or after this moment, answer or not."""
        at = self._of(prediction_id).at
        return at is not None and at >= moment

    def answered_since(self, prediction_id: str, moment: datetime) -> bool:
        """Whether Replicate said at or after this moment how it stands."""
        at = self._of(prediction_id).answered_at
        return at is not None and at >= moment

    def forget(self, prediction_id: str) -> None:
        """It ended."""
        self._asked.pop(prediction_id)

    def _of(self, prediction_id: str) -> _Asked:
        return self._asked.get(prediction_id) or _NEVER

    def _brisk_s(self, times: int) -> float:
        return min(_BRISK_S * _GROWTH**times, self._interval_s)
