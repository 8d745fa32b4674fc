"""The ends of jobs in a log: which failed, which took longest. Memory is bounded by how many are asked for."""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.trace.lines import LogLine, LogLines

_EVENT: Final = "job_transitioned"
_ENDED: Final = frozenset({"completed", "failed", "canceled"})
# A job that ended may be written once more, and its end told again, soon after.
_REMEMBERED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Ending:
    """How one job ended. `lasted_s` is the time since it was recorded; `code` says why it failed."""

    at: datetime
    job_id: str
    status: str
    lasted_s: float
    preset: str
    code: str


def endings(lines: LogLines, *, failed_only: bool) -> Iterator[Ending]:
    """The ends of jobs, in the order of the log, each once."""
    latest: deque[str] = deque(maxlen=_REMEMBERED)
    known: set[str] = set()
    for line in lines.containing(f'"{_EVENT}"'.encode()):
        ending = _ending(line)
        if ending is None or ending.job_id in known:
            continue
        if len(latest) == _REMEMBERED:
            known.discard(latest[0])
        latest.append(ending.job_id)
        known.add(ending.job_id)
        if ending.status == "failed" or not failed_only:
            yield ending


def slowest(found: Iterable[Ending], count: int) -> list[Ending]:
    """The `count` that lasted longest, longest first."""
    return heapq.nlargest(count, found, key=lambda ending: ending.lasted_s)


def _ending(line: LogLine) -> Ending | None:
    lasted = line.fields.get("lasted_s")
    status, job_id = line.text("status"), line.text("job_id")
    if line.event != _EVENT or status not in _ENDED or not job_id or not isinstance(lasted, int | float):
        return None
    return Ending(line.at, job_id, status, float(lasted), line.text("preset"), line.text("code"))
