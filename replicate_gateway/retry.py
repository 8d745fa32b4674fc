"""How long to wait before asking again. Pure: the caller sleeps.

Replicate says it in the body of a 429 (`retry_after`, or only in the sentence); whether it also sends a
Retry-After header is not documented, so all three are read and the longest counts.
https://replicate.com/docs/topics/predictions/rate-limits
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from replicate_gateway.prediction import read_json

MAX_RETRY_AFTER_S = 300.0  # a longer wish is asked again after this; nobody waits an hour for a photo

_MAX_DOUBLINGS = 32
_MAX_TEXT_CHARS = 2_000
_MAX_NUMBER = 1e18  # compared before it becomes a float: JSON integers have no bound
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")
_SENTENCE = re.compile(
    r"(?:resets?|available|again|retry)\s+(?:in|after)\s+~?\s?([0-9]{1,9}(?:\.[0-9]{1,6})?)\s?(ms|s|m|h)?",
    re.IGNORECASE | re.ASCII,
)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def backoff_s(attempt: int, *, base_s: float, cap_s: float, random: Callable[[], float]) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): full jitter, so that callers spread out.

    `random` gives a number from 0 to 1. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    doublings = min(max(attempt - 1, 0), _MAX_DOUBLINGS)
    return random() * min(cap_s, base_s * 2.0**doublings)


def retry_after_s(
    headers: Mapping[str, str], body: bytes, now: datetime, *, cap_s: float = MAX_RETRY_AFTER_S
) -> float | None:
    """Seconds that an answer asks to wait, from 0 to `cap_s`; None when it does not say. `now` is zone-aware."""
    wishes = list(_wishes(headers, body, now))
    return min(max(0.0, *wishes), cap_s) if wishes else None


def _wishes(headers: Mapping[str, str], body: bytes, now: datetime) -> Iterator[float]:
    header = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), None)
    if header is not None:
        yield from _from_header(header, now)
    try:
        document = read_json(body)
    except ValueError:
        document = body[:_MAX_TEXT_CHARS].decode("utf-8", "replace")
    if isinstance(document, dict):
        yield from _from_number(document.get("retry_after"))
        document = document.get("detail")
    if isinstance(document, str):
        yield from _from_sentence(document[:_MAX_TEXT_CHARS])


def _from_header(value: str, now: datetime) -> Iterator[float]:
    if _NUMBER.fullmatch(value):
        yield float(value)
        return
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return  # neither form of https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    yield ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()


def _from_number(value: object) -> Iterator[float]:
    if isinstance(value, str):
        value = float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MAX_NUMBER:
        yield float(value)


def _from_sentence(text: str) -> Iterator[float]:
    found = _SENTENCE.search(text)
    if found:
        yield float(found[1]) * _UNIT_S[(found[2] or "s").lower()]
