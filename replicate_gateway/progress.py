"""How far a run says that it is, read from its logs. Pure.

Only what is unmistakably progress counts: tqdm's bars, which most models print, and lines about nothing else. A
percentage in a sentence ("using 80% of memory") is not one.
"""

import re

_TAIL_CHARS = 4_000  # logs grow all the time, and only their end is news

_BAR = re.compile(r"\b([0-9]{1,3})(?:\.[0-9]{1,3})?%\|")
_LINE = re.compile(r"(?:progress|done|completed?)?[\s:=]{0,3}([0-9]{1,3})(?:\.[0-9]{1,3})?\s?%", re.IGNORECASE)


def percent_of(logs: str) -> int | None:
    """The last percentage (0..100) that the logs report; None when they report none."""
    # A bar is drawn again and again on one line, after carriage returns.
    for line in reversed(re.split(r"[\r\n]+", logs[-_TAIL_CHARS:])):
        found = _BAR.findall(line) or [match[1] for match in [_LINE.fullmatch(line.strip())] if match]
        if found and int(found[-1]) <= 100:
            return int(found[-1])
    return None
