"""Finds what a log tells of one job. Memory is bounded by what one job can have to tell."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bot.trace.lines import LogLine, LogLines

# A job has some dozen lines, and some hundred where a party was down for a day.
MAX_LINES: Final = 10_000
MAX_STORIES: Final = 20
# The update comes right before the job that is made of it; so many others may come between, in a busy bot.
_UPDATES_REMEMBERED: Final = 1000
_RECEIVED: Final = "update_received"
# Debug lines that tell nothing of the way a job takes.
_SILENT: Final = frozenset({"job_written", "job_advanced"})
_SHORT: Final = re.compile(r"[0-9a-f]{8,}(-[0-9a-f]*)*", re.IGNORECASE)


@dataclass(slots=True)
class Story:
    """The lines about one job, oldest first; `left_out` counts those beyond the limit."""

    job_id: str
    lines: list[LogLine] = field(default_factory=list)
    left_out: int = 0

    def add(self, line: LogLine) -> None:
        """One more line, while there is room."""
        if len(self.lines) < MAX_LINES:
            self.lines.append(line)
        else:
            self.left_out += 1


def find_stories(lines: LogLines, job: str) -> list[Story]:
    """The stories of the jobs whose id is or begins with `job`: one, unless they share their short code by chance."""
    if not _SHORT.fullmatch(job):
        return []
    wanted = job.lower()
    stories: dict[str, Story] = {}
    for line in _with_updates(lines, wanted):
        job_id = line.text("job_id")
        if job_id in stories or (job_id and len(stories) < MAX_STORIES):
            stories.setdefault(job_id, Story(job_id)).add(line)
    for story in stories.values():  # several processes may write at once, and their files may come one after another
        story.lines.sort(key=lambda line: line.at)
    return list(stories.values())


def _with_updates(lines: LogLines, wanted: str) -> Iterator[LogLine]:
    """The lines of the jobs, and before each first one the receipt of its update, which does not know the job yet."""
    updates: deque[LogLine] = deque(maxlen=_UPDATES_REMEMBERED)
    begun: set[str] = set()
    for line in lines.containing(wanted.encode(), f'"{_RECEIVED}"'.encode()):
        job_id = line.text("job_id")
        if line.event == _RECEIVED:
            updates.append(line)
        elif job_id.startswith(wanted) and line.event not in _SILENT:
            if job_id not in begun:
                begun.add(job_id)
                yield from _received(updates, line, job_id)
            yield line


def _received(updates: deque[LogLine], line: LogLine, job_id: str) -> Iterator[LogLine]:
    update_id = line.text("update_id")
    for update in updates:
        if update_id and update.text("update_id") == update_id:
            yield LogLine(update.at, update.level, update.event, {**update.fields, "job_id": job_id})


def job_of_prediction(lines: LogLines, prediction_id: str) -> str | None:
    """The job that a prediction was made for, from the first line that names both."""
    named = (
        line.text("job_id")
        for line in lines.containing(prediction_id.encode())
        if line.text("prediction_id") == prediction_id and line.text("job_id")
    )
    return next(named, None)
