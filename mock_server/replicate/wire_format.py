"""The small formats of Replicate's API: ids, time stamps, durations, the Prefer header."""

import hashlib
import re
import secrets
import uuid
from datetime import UTC, datetime

BASE32_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32 in lower case: recorded ids hold 0, 1 and 9, which RFC 4648 lacks."""
ID_LENGTH = 26
RFC_BASE32_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
STREAM_NAME_LENGTH = 52
VERSION_PATTERN = re.compile(r"[0-9a-f]{64}")
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DURATION_PATTERN = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s?)?")
PREFER_PATTERN = re.compile(r"\bwait(?:=([1-9]\d{0,5}))?(?=\s*(?:[,;]|$))")
LONGEST_WAIT_S = 60


def new_id() -> str:
    """A new prediction id: 26 characters, a random UUID in lower-case base32."""
    number = uuid.uuid4().int
    return "".join(BASE32_ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(ID_LENGTH)))


def new_token() -> str:
    """An unguessable path segment for an output."""
    return secrets.token_urlsafe(24)


def new_stream_name() -> str:
    """The unguessable end of an event stream's URL: 52 characters of lower-case base32."""
    number = secrets.randbits(5 * STREAM_NAME_LENGTH)
    return "".join(RFC_BASE32_ALPHABET[(number >> 5 * place) & 31] for place in range(STREAM_NAME_LENGTH))


def version_id(full_name: str) -> str:
    """The version id every run of the mock gives the model `owner/name`: 64 hex digits."""
    return hashlib.sha256(f"mock version of {full_name}".encode()).hexdigest()


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC with as many of six fraction digits as are needed, like the recorded ones."""
    micros = round(seconds * 1_000_000)
    whole = datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{micros % 1_000_000:06d}".rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def parse_timestamp(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 text; without an offset it is UTC.

    Raises:
        ValueError: the text is no time stamp.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_duration(text: str) -> int:
    """Seconds of a `Cancel-After` value such as `30s`, `5m`, `1h30m45s` or `30`.

    Raises:
        ValueError: the text has another form.
    """
    match = DURATION_PATTERN.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ValueError("a duration looks like 30s, 5m or 1h30m45s")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def parse_prefer_wait(header: str | None) -> tuple[str, int] | None:
    """The preference to echo and its seconds, 60 at most, for `Prefer: wait[=n]`; None for anything else."""
    match = PREFER_PATTERN.search(header) if header else None
    if match is None:
        return None
    return match.group(0), min(int(match.group(1) or LONGEST_WAIT_S), LONGEST_WAIT_S)
