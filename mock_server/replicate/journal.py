"""What was asked of the mock and what it delivered, for tests and for the page that shows it."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST_KEPT_TEXT = 256
"""Journals keep prompts and URLs, not pictures in data URIs."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the mock. `status` None: the answer was dropped on purpose."""

    at: float
    method: str
    path: str
    query: str
    status: int | None
    body: Any
    took_s: float
    """From the first byte of the request to the end of the answer, in real time."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to hand over a webhook. `status` None: no answer, `error` says why."""

    at: float
    prediction_id: str
    event: str
    url: str
    webhook_id: str
    attempt: int
    signature: str
    status: int | None
    error: str | None
    took_s: float
    """Until the receiver answered, or the attempt failed, in real time."""


class Journal:
    """The last calls and the last deliveries; older ones are forgotten."""

    def __init__(self, size: int) -> None:
        """`size` bounds each of the two lists."""
        self.calls: deque[Call] = deque(maxlen=size)
        self.deliveries: deque[Delivery] = deque(maxlen=size)

    def clear(self) -> None:
        """Forgets everything."""
        self.calls.clear()
        self.deliveries.clear()


def abridged(value: Any) -> Any:
    """The JSON value with long texts cut and the cut length noted."""
    if isinstance(value, str) and len(value) > LONGEST_KEPT_TEXT:
        return f"{value[:LONGEST_KEPT_TEXT]}… ({len(value)} characters)"
    if isinstance(value, Mapping):
        return {key: abridged(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [abridged(item) for item in value]
    return value
