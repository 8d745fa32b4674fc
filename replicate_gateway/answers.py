"""One table from what the API answered to the error that says who can act. Pure.

The official client keeps neither the headers of an answer nor bodies that are no JSON objects; an Answer does.
Shapes of the bodies: https://replicate.com/docs/reference/http
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from replicate_gateway import errors
from replicate_gateway.prediction import read_json
from replicate_gateway.retry import retry_after_s

DEFAULT_BUSY_WAIT_S = 5.0  # for a 429 that does not say; the documented limits are per minute

_MAX_DETAIL_CHARS = 500
_UNKNOWN_VERSION = re.compile(r"invalid version|the specified version does not exist", re.IGNORECASE)
_REQUIRED = re.compile(r"([A-Za-z0-9_.]{1,64}) is required")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Subject(Enum):
    """What a call is about: decides what 404 means, and whether a lost answer may have cost money."""

    CREATION = auto()
    PREDICTION = auto()
    MODEL = auto()
    FILE = auto()
    ACCOUNT = auto()


_MISSING: dict[Subject, type[errors.GatewayError]] = {
    Subject.CREATION: errors.ModelNotFoundError,
    Subject.MODEL: errors.ModelNotFoundError,
    Subject.PREDICTION: errors.PredictionNotFoundError,
}
_BY_STATUS: dict[int, type[errors.GatewayError]] = {
    401: errors.CredentialsRefusedError,
    402: errors.CreditExhaustedError,
    403: errors.CredentialsRefusedError,
    413: errors.PayloadTooLargeError,
}
_NOT_ACTED_ON = frozenset({301, 302, 307, 308})  # "ask elsewhere": this address has done nothing


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def error_of(answer: Answer, *, subject: Subject, now: datetime) -> errors.GatewayError:
    """The error that an answer other than 2xx means for a call about `subject`; `now` is zone-aware."""
    status, problem = answer.status, _problem(answer)
    detail = _detail(answer, problem)
    if status == 429:
        wait_s = retry_after_s(answer.headers, answer.body, now)
        return errors.GatewayBusyError(detail, retry_after_s=DEFAULT_BUSY_WAIT_S if wait_s is None else wait_s)
    if status in {400, 422} and subject in {Subject.CREATION, Subject.FILE}:
        return _refused_input(status, detail, problem)
    if status == 404:
        return _MISSING.get(subject, errors.GatewayProtocolError)(detail, status=status)
    if status in _BY_STATUS:
        return _BY_STATUS[status](detail, status=status)
    if status == 408 or not (400 <= status < 500 or status in _NOT_ACTED_ON):
        return lost(detail, subject=subject, status=status, retry_s=retry_after_s(answer.headers, answer.body, now))
    return errors.GatewayProtocolError(detail, status=status)


def lost(
    detail: str, *, subject: Subject, status: int | None = None, retry_s: float | None = None
) -> errors.GatewayError:
    """The error for a request that was sent and got no usable answer."""
    if subject is Subject.CREATION:
        return errors.OutcomeUnknownError(detail, status=status)
    return errors.GatewayUnavailableError(detail, status=status, retry_after_s=retry_s)


def _problem(answer: Answer) -> dict[str, Any]:
    """The problem document (RFC 9457) in an answer, or nothing."""
    try:
        document = read_json(answer.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _detail(answer: Answer, problem: Mapping[str, Any]) -> str:
    parts = [part for key in ("title", "detail") if isinstance(part := problem.get(key), str) and part]
    text = _UNPRINTABLE.sub(" ", ": ".join(parts)).strip()
    if text:
        return text[:_MAX_DETAIL_CHARS]
    kind = answer.headers.get("content-type", "")
    return f"no problem document in {len(answer.body)} bytes of {_UNPRINTABLE.sub(' ', kind)[:100] or 'unknown type'}"


def _refused_input(status: int, detail: str, problem: Mapping[str, Any]) -> errors.GatewayError:
    fields = _invalid_fields(problem)
    # Some models have an input named `version`, so a list of refused fields settles it first.
    if not fields and _UNKNOWN_VERSION.search(detail):
        return errors.ModelNotFoundError(detail, status=status)
    return errors.PredictionRejectedError(detail, status=status, invalid_fields=fields)


def _invalid_fields(problem: Mapping[str, Any]) -> tuple[str, ...]:
    listed = problem.get("invalid_fields")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return tuple(dict.fromkeys(name for entry in entries if (name := _field_name(entry))))


def _field_name(entry: Mapping[str, Any]) -> str:
    """The input's own name: a missing one is reported as field `input`, named only in the description."""
    name, description = entry.get("field"), entry.get("description")
    if name == "input" and isinstance(description, str) and (found := _REQUIRED.match(description)):
        return found[1]
    return name.removeprefix("input.")[:64] if isinstance(name, str) else ""
