"""How the latest jobs of this process ended: for the admins' figures, which need not survive a restart."""

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.jobs.ports.clock import Clock
from bot.jobs.results.cost import estimated_usd
from replicate_gateway.presets import Preset
from storage.job import Job, JobStatus

_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that is over."""

    at: datetime
    user: str
    status: JobStatus
    code: str | None
    took: timedelta
    usd: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over a span of time. `p50` and `p90` are from the photo to the result, None without any.

    `usd` is an estimate of what the predictions cost.
    """

    jobs: int
    people: int
    completed: int
    canceled: int
    failed: int
    failures: Mapping[str, int]
    p50: timedelta | None
    p90: timedelta | None
    usd: float


class Tally:
    """Keeps the latest so many; `since` is when it began to count."""

    def __init__(self, clock: Clock, presets: Mapping[str, Preset]) -> None:
        self._clock, self._presets = clock, presets
        self._ended: deque[Ended] = deque(maxlen=_KEPT)
        self.since = clock.now()

    def note(self, job: Job) -> None:
        """A job is over."""
        if job.outcome:
            outcome = job.outcome
            took = outcome.at - job.created_at
            usd = estimated_usd(job, self._presets)
            self._ended.append(Ended(outcome.at, job.origin.user, job.status, outcome.code, took, usd))

    def last(self, span: timedelta) -> Figures:
        """The figures of the last so long."""
        since = self._clock.now() - span
        ended = [one for one in self._ended if one.at >= since]
        statuses = Counter(one.status for one in ended)
        failures = Counter(one.code or "unknown" for one in ended if one.status is JobStatus.FAILED)
        took = sorted(one.took for one in ended if one.status is JobStatus.COMPLETED)
        return Figures(
            jobs=len(ended),
            people=len({one.user for one in ended}),
            completed=statuses[JobStatus.COMPLETED],
            canceled=statuses[JobStatus.CANCELED],
            failed=statuses[JobStatus.FAILED],
            failures=dict(failures.most_common()),
            p50=_percentile(took, 0.5),
            p90=_percentile(took, 0.9),
            usd=sum(one.usd for one in ended),
        )


def _percentile(ordered: Sequence[timedelta], share: float) -> timedelta | None:
    """The smallest value that `share` of them do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else None
