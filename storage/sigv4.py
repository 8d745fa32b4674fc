"""AWS Signature Version 4 for S3: what a request, or a link, has to carry so that the storage knows who made it.

Pure: credentials and time are arguments. The rules are AWS's:

* https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
* https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "s3"

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs. `session_token` belongs to temporary credentials."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one region."""

    region: str

    def signed_headers(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        payload_hash: str,
        credentials: Credentials,
        at: datetime,
    ) -> dict[str, str]:
        """`headers` and those that make them a signed request; all of them are signed.

        `headers` have lower-case names and include `host`. `path` and `query` are percent-encoded as they are sent
        (see `encoded_path`, `encoded_query`). `payload_hash` is `hash_of` the body, or `UNSIGNED_PAYLOAD`. `at` is
        UTC; the storage refuses what is more than 15 minutes from its own clock.
        """
        timestamp = _timestamp(at)
        signed = {**headers, "x-amz-content-sha256": payload_hash, "x-amz-date": timestamp}
        if credentials.session_token:
            signed["x-amz-security-token"] = credentials.session_token
        names = ";".join(sorted(signed))
        canonical = _canonical_request(method, path, query, signed, payload_hash)
        signature = self._signature(canonical, credentials, timestamp)
        scope = f"{credentials.access_key_id}/{self._scope(timestamp)}"
        signed["authorization"] = f"{_ALGORITHM} Credential={scope}, SignedHeaders={names}, Signature={signature}"
        return signed

    def signed_query(
        self, method: str, host: str, path: str, query: Query, ttl_s: int, credentials: Credentials, at: datetime
    ) -> str:
        """The query of a link that lets anybody do this for `ttl_s` seconds from `at` on; `query` is not encoded."""
        timestamp = _timestamp(at)
        parameters = [
            *query,
            ("X-Amz-Algorithm", _ALGORITHM),
            ("X-Amz-Credential", f"{credentials.access_key_id}/{self._scope(timestamp)}"),
            ("X-Amz-Date", timestamp),
            ("X-Amz-Expires", str(ttl_s)),
            ("X-Amz-SignedHeaders", "host"),
        ]
        if credentials.session_token:
            parameters.append(("X-Amz-Security-Token", credentials.session_token))
        encoded = encoded_query(parameters)
        canonical = _canonical_request(method, path, encoded, {"host": host}, UNSIGNED_PAYLOAD)
        return f"{encoded}&X-Amz-Signature={self._signature(canonical, credentials, timestamp)}"

    def _scope(self, timestamp: str) -> str:
        return f"{timestamp[:8]}/{self.region}/{_SERVICE}/aws4_request"

    def _signature(self, canonical: str, credentials: Credentials, timestamp: str) -> str:
        text = "\n".join([_ALGORITHM, timestamp, self._scope(timestamp), hash_of(canonical.encode())])
        key = _signing_key(credentials.secret_access_key, timestamp[:8], self.region)
        return hmac.digest(key, text.encode(), hashlib.sha256).hex()


def hash_of(body: bytes) -> str:
    """The payload hash of a body."""
    return hashlib.sha256(body).hexdigest()


def encoded_path(key: str) -> str:
    """A key as it is sent and signed: S3 encodes once and keeps the slashes."""
    return quote(key, safe="/~")


def encoded_query(query: Query) -> str:
    """A query as it is sent and signed: sorted by name, every value with its equals sign."""
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str) -> str:
    names = sorted(headers)
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in names]
    return "\n".join([method, path, query, *lines, "", ";".join(names), payload_hash])


@lru_cache(maxsize=8)
def _signing_key(secret: str, date: str, region: str) -> bytes:
    """The same all day long."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, _SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return key


def _timestamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")
