"""How a job is had advanced, now or later."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class JobQueue(Protocol):
    """Nudges: "advance this job, not before then". The record is the truth; losing or doubling one is harmless.

    A nudged job is handed to one worker at a time, whatever number of processes there are: whoever advances it may
    take every claim in its record that has no confirmation for one of the past.
    """

    async def enqueue(self, job_id: str, delay_s: float = 0.0) -> None:
        """Have the job advanced in `delay_s` seconds; of several nudges the earliest counts."""
        ...

    async def unscheduled(self, job_ids: Sequence[str]) -> list[str]:
        """Those of these jobs for which no nudge is known to be on its way; in doubt they are among them."""
        ...


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How much there is to do: jobs that may be advanced now but are not, those put off, and those in work.

    `oldest_s` is how long the first of the ready ones has waited.
    """

    ready: int
    later: int
    running: int
    oldest_s: float


class JobHandler(Protocol):
    """What a queue hands jobs to. It never raises, but may be canceled."""

    async def __call__(self, job_id: str) -> None:
        """Advance the job."""
        ...

    async def set_aside(self, job_id: str) -> None:
        """The job is no longer handed out: each process that advanced it died."""
        ...
