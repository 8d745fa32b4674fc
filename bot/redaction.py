"""What must never be read in a log line or an error message, and how it is taken out of a text."""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

REDACTED: Final = "[redacted]"

# A shorter value would blank out ordinary words wherever they occur.
_MIN_SECRET_CHARS: Final = 8

# Under these names a value is secret whatever it looks like.
_SECRET_NAMES: Final = frozenset(
    {"authorization", "cookie", "password", "secret", "secret_token", "token", "x-amz-signature", "api_key"}
    | {"x-telegram-bot-api-secret-token", "webhook-signature", "aws_secret_access_key"}
)
_KNOWN_NAMES: Final = 500  # the fields of log events are few, and the same in every line
_MAX_DEPTH: Final = 8  # deeper values are logged as their repr
_QUERY: Final = (
    r"((?:[?&]|%26|\bamp;)"
    r"(?i:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId|s|sig|token|secret)=)"
)
# The literal is looked for first: most lines hold none of them and cost next to nothing.
_RULES: Final = tuple(
    (literal, re.compile(pattern), replacement)
    for literal, pattern, replacement in (
        (":", r"\d*:[A-Za-z0-9_-]{30,}", REDACTED),  # Telegram bot token
        ("%3", r"\d*%3[Aa][A-Za-z0-9_-]{30,}", REDACTED),  # the same in a quoted URL
        ("r8_", r"r8_[A-Za-z0-9_-]{8,}", REDACTED),  # Replicate API token
        ("whsec_", r"whsec_[A-Za-z0-9+/=_-]+", REDACTED),  # Replicate webhook signing secret
        (
            "=",  # presigned S3 URLs (both signature versions), our own signed links and callback URLs
            _QUERY + r"[^&\s\"'<>\\]+",
            rf"\1{REDACTED}",
        ),
        ("://", r"(://[^\s/:@\"']*:)[^\s/\"']+(?=@)", rf"\1{REDACTED}"),  # user:password@host
        ("earer ", r"([Bb]earer )[^\s\"']+", rf"\1{REDACTED}"),  # Authorization headers
    )
)


class Redactor:
    """Takes secrets out of texts: known forms always, and the configured values in every spelling a log uses."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Also redact `secrets`; values of fewer than 8 characters are left alone, they would match words."""
        spellings = {
            spelling
            for secret in secrets
            if len(secret) >= _MIN_SECRET_CHARS
            for spelling in (secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1])
        }
        # Longest first: a secret that contains another one must not leave its remainder behind.
        self._spellings = tuple(sorted(spellings, key=len, reverse=True))
        self._name = lru_cache(maxsize=_KNOWN_NAMES)(self._clean_name)

    def __call__(self, text: str) -> str:
        """The text with every secret replaced by `[redacted]`."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, REDACTED)
        for literal, pattern, replacement in _RULES:
            if literal in text:
                text = pattern.sub(replacement, text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """The same for a value of a log event: texts at any depth, and the repr of what JSON does not know."""
        match value:
            case str():
                return self(value)
            case None | bool() | int() | float():
                return value
            case dict() if depth < _MAX_DEPTH:
                return {
                    name: REDACTED if secret and entry else self.value(entry, depth + 1)
                    for (name, secret), entry in ((self._name(str(key)), entry) for key, entry in value.items())
                }
            case list() | tuple() | set() | frozenset() if depth < _MAX_DEPTH:
                return [self.value(entry, depth + 1) for entry in value]
            case _:
                return self(repr(value))

    def _clean_name(self, name: str) -> tuple[str, bool]:
        """A name without secrets in it, and whether its value is secret whatever it looks like."""
        return self(name), name.lower() in _SECRET_NAMES
