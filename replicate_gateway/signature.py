"""Who sent a callback: Replicate signs the way of Standard Webhooks.

Rules: https://replicate.com/docs/topics/webhooks/verify-webhook and
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""

import base64
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from replicate_gateway.errors import GatewayError

SECRET_PREFIX = "whsec_"  # noqa: S105  the public prefix of every secret, not one of them
MIN_KEY_BYTES = 24  # the shortest that the specification allows; an empty key would let anybody sign

# The id becomes an idempotency key. Without dots, `id.timestamp.body` can be split in one way only.
_WEBHOOK_ID = re.compile(r"[!-\-/-~]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_MAX_SIGNATURES = 16  # two while a key is changed; more is somebody wasting our time

RefusalReason = Literal[
    "missing_header", "malformed_id", "malformed_timestamp", "stale", "unsupported_version", "mismatch"
]


class SecretMalformedError(GatewayError):
    """The signing secret is not `whsec_` and the base64 of 24 bytes or more. The text never shows it."""


class SignatureRefusedError(GatewayError):
    """A callback that nobody who knows the secret has sent just now. `reason` is a constant word."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason)
        self.reason: RefusalReason = reason


def decode_secret(secret: str) -> bytes:
    """The HMAC key in a `whsec_…` secret; blanks around it and missing padding are forgiven.

    Raises:
        SecretMalformedError: another form, or a key too short to be one.
    """
    text = secret.strip()
    if not text.startswith(SECRET_PREFIX):
        raise SecretMalformedError(f"a webhook secret starts with {SECRET_PREFIX}")
    encoded = text.removeprefix(SECRET_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise SecretMalformedError(f"what follows {SECRET_PREFIX} is not base64") from None
    _require_long(key)
    return key


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    """The headers of a callback that may be genuine: well-formed and fresh. Only a key and the body can tell."""

    webhook_id: str
    timestamp: str
    candidates: tuple[bytes, ...]

    def verify(self, key: bytes, body: bytes) -> str:
        """The webhook id of a callback that is genuine: the idempotency key of its delivery. `body` is the raw one.

        Raises:
            SignatureRefusedError: it is not.
            SecretMalformedError: `key` is too short to prove anything.
        """
        _require_long(key)
        digest = hmac.digest(key, f"{self.webhook_id}.{self.timestamp}.".encode("ascii") + body, "sha256")
        # The text is compared, not what it decodes to: base64 has several spellings for the same bytes.
        expected = base64.b64encode(digest)
        if not any(hmac.compare_digest(expected, candidate) for candidate in self.candidates):
            raise SignatureRefusedError("mismatch")
        return self.webhook_id


def read_headers(headers: Mapping[str, str], *, tolerance_s: int, now_s: float) -> SignedHeaders:
    """What the headers claim; `tolerance_s` is how far their timestamp may be from `now_s` (Unix time), either way.

    Raises:
        SignatureRefusedError: whatever the body is, it is not genuine.
    """
    webhook_id, timestamp, signatures = _headers(headers)
    if not _WEBHOOK_ID.fullmatch(webhook_id):
        raise SignatureRefusedError("malformed_id")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureRefusedError("malformed_timestamp")
    if abs(now_s - int(timestamp)) > tolerance_s:
        raise SignatureRefusedError("stale")
    candidates = tuple(_v1_signatures(signatures))
    if not candidates:
        raise SignatureRefusedError("unsupported_version")
    return SignedHeaders(webhook_id, timestamp, candidates)


def _headers(headers: Mapping[str, str]) -> tuple[str, str, str]:
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        return lowered["webhook-id"], lowered["webhook-timestamp"], lowered["webhook-signature"]
    except KeyError:
        raise SignatureRefusedError("missing_header") from None


def _v1_signatures(header: str) -> Iterator[bytes]:
    for entry in header.split(" ", _MAX_SIGNATURES)[:_MAX_SIGNATURES]:
        version, comma, signature = entry.partition(",")
        # compare_digest takes no non-ASCII text, and no signature contains any.
        if version == "v1" and comma and signature.isascii():
            yield signature.encode("ascii")


def _require_long(key: bytes) -> None:
    if len(key) < MIN_KEY_BYTES:
        raise SecretMalformedError(f"a webhook secret holds {MIN_KEY_BYTES} bytes or more")
