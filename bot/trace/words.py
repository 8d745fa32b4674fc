"""Stories and endings as lines for people."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from bot.trace.endings import Ending
from bot.trace.lines import LogLine
from bot.trace.story import Story

# In the head of the story, in a column of its own, or the same in every line.
_SHOWN_ELSEWHERE: Final = frozenset(
    {"timestamp", "level", "event", "ms", "job_id", "chat_id", "update_id", "user", "webhook_id"}
)
# Shown where it changes: most lines are about the same prediction, and by the same process.
_SHOWN_ONCE: Final = ("prediction_id", "process")
_IN_HEAD: Final = ("preset", "user", "chat_id", "update_id")
_MAX_VALUE_CHARS: Final = 160
# What a job waits for after these events.
_AWAITED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "update_received": "its record",
        "job_recorded": "a turn",
        "album_joined": "more pictures of the album",
        "album_gathered": "an answer",
        "slots_planned": "a place",
        "job_admitted": "the status message",
        "input_stored": "a place at Replicate",
        "prediction_created": "the model",
        "callback_verified": "the model",
        "prediction_polled": "the model",
        "poll_in_vain": "the model",
        "stream_lost": "the model",
        "orphan_settled": "another try",
        "step_postponed": "another try",
        "outcome_unknown": "another look",
        "job_waits_for_storage": "the storage",
        "job_waits_for_engine": "the queue engine",
    }
)


# What happens beside the way, and changes nothing of what is waited for.
_ASIDE: Final = frozenset({"status_shown", "status_not_shown", "preview_not_made", "announcement_not_written_yet"})


def as_timeline(story: Story, gap_s: float) -> Iterator[str]:
    """A head, then a line for each event: since the first one, how long it took, what it was. Gaps are marked."""
    first = story.lines[0]
    begin = min(line.at for line in story.lines)
    yield _head(story, begin)
    busy_until_s = 0.0
    before: LogLine | None = None
    shown: dict[str, Any] = {}
    for line in story.lines:
        at_s = (line.at - begin).total_seconds()
        idle_s = at_s - line.ms / 1000 - busy_until_s
        if before and idle_s >= gap_s:
            yield f"{'':12}  {'':>10}  ... {_seconds(idle_s)} nothing: waited for {_awaited(before)}"
        busy_until_s = max(busy_until_s, at_s)
        before = before if before and line.event in _ASIDE else line
        took = _duration(line.ms) if line.ms else ""
        yield f"+{at_s:>9.3f} s  {took:>10}  {plain(line.event)}{_marked(line)}{_details(line, shown)}".rstrip()
    if story.left_out:
        yield f"{story.left_out} more lines about {plain(first.text('job_id'))} were left out"


def as_ending(ending: Ending) -> str:
    """One line: how long, how, which job, of what, why, when."""
    when = _time(ending.at)
    what = f"{ending.status:9}  {plain(ending.job_id)}  {plain(ending.preset):16}  {plain(ending.code):22}  {when}"
    return f"{ending.lasted_s:>10.3f} s  {what}"


def plain(text: str) -> str:
    """Without line breaks and what else a terminal might obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def _head(story: Story, begin: datetime) -> str:
    told = [(name, next(filter(None, (line.text(name) for line in story.lines)), "")) for name in _IN_HEAD]
    facts = "  ".join(f"{name} {plain(value)}" for name, value in told if value)
    changes = [line.text("status") for line in story.lines if line.event == "job_transitioned"]
    status = plain(changes[-1]) if changes else "no end in this log"
    lasted_s = (max(line.at for line in story.lines) - begin).total_seconds()
    return f"job {plain(story.job_id)}: {status}, {_seconds(lasted_s)} from {_time(begin)}  {facts}".rstrip()


def _awaited(line: LogLine) -> str:
    if line.event == "callback_verified" and line.text("status") not in {"starting", "processing"}:
        return "a turn"
    return _AWAITED.get(line.event, "what comes next")


def _marked(line: LogLine) -> str:
    return f"  [{plain(line.level)}]" if line.level not in {"info", "debug"} else ""


def _details(line: LogLine, before: dict[str, Any]) -> str:
    """What the line says beyond its columns; `before` is what was said already of what need not be repeated."""
    known = {name: value for name, value in line.fields.items() if name not in _SHOWN_ELSEWHERE and value is not None}
    shown = {name: value for name, value in known.items() if before.get(name) != value}
    before.update({name: known[name] for name in _SHOWN_ONCE if name in known})
    return "".join(f"  {plain(name)}={_value(value)}" for name, value in shown.items())


def _value(value: Any) -> str:
    """Of a traceback the last line, which says what went wrong."""
    text = value.strip().rpartition("\n")[2] if isinstance(value, str) else json.dumps(value)
    return plain(text if len(text) <= _MAX_VALUE_CHARS else f"{text[:_MAX_VALUE_CHARS]}…")


def _duration(ms: float) -> str:
    return f"{ms:.1f} ms" if ms < 1000 else _seconds(ms / 1000)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f} s"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} UTC"
