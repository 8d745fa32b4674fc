"""Requests on the objects of one bucket: signed, sent over one long-lived session, repeated where that helps.

Everything that a job does goes this way. It takes a tenth of the time that botocore takes for the same request;
botocore stays for what is rare (`s3_client`), and as the source of credentials and region.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TypeVar

import aiohttp
from botocore.exceptions import ClientError
from yarl import URL

from storage.s3_address import BucketAddress
from storage.s3_answers import failure_of, read_bounded
from storage.s3_upload import FileBody
from storage.sigv4 import UNSIGNED_PAYLOAD, Credentials, Query, Signer, encoded_query, hash_of

FIRST_PAUSE_S = 1.0
"""The longest pause before the second attempt; it doubles with each one, and a random part of it is waited."""

MAX_ANSWER_BYTES = 8_000_000
"""Of any answer but an object: a thousand keys of full length, each letter of them encoded, come to half of it."""

# What botocore's standard mode repeats, and the time-outs of S3 itself.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_REPEATED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_REPEATED_CODES = frozenset({"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"})
_CLOCK_OFF = "RequestTimeTooSkewed"
# S3 takes what is up to 15 minutes off; a smaller difference than this cannot have been the reason.
_NOTICEABLE_SKEW = timedelta(minutes=5)
# aiohttp does not send more than a megabyte of bytes in one piece.
_ONE_PIECE_BYTES = 1024 * 1024
# Records, of which a changed byte would cost something. Hashing a picture takes as long as sending it.
_HASHED_BYTES = 64 * 1024

T = TypeVar("T")
CredentialsSource = Callable[[], Awaitable[Credentials]]


@dataclass(frozen=True, slots=True)
class S3Request:
    """One request. `headers` have lower-case names; `query` is not encoded; without a key it is about the bucket."""

    method: str
    key: str = ""
    query: Query = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | FileBody = b""


@dataclass(frozen=True, slots=True)
class S3Answer:
    """An answer read whole. The names of its headers are case-insensitive."""

    headers: Mapping[str, str]
    body: bytes


class S3Http:
    """Sends `S3Request`s to one bucket.

    What fails raises botocore's `ClientError`, when the storage said why, or what aiohttp raises: both are for
    `storage.s3_errors`.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        bucket: BucketAddress,
        signer: Signer,
        credentials: CredentialsSource,
        *,
        max_attempts: int,
    ) -> None:
        self._session, self._bucket, self._signer = session, bucket, signer
        self._credentials, self._max_attempts = credentials, max_attempts
        self._skew = timedelta()  # what the storage's clock shows more than ours

    async def read(self, request: S3Request, *, max_bytes: int = MAX_ANSWER_BYTES) -> S3Answer:
        """The whole answer; `AnswerTooLargeError` when it has more than `max_bytes`, and no more was read."""

        async def whole(answer: aiohttp.ClientResponse) -> S3Answer:
            async with answer:
                return S3Answer(answer.headers, await read_bounded(answer, max_bytes))

        return await self.perform(request, whole)

    async def perform(self, request: S3Request, take: Callable[[aiohttp.ClientResponse], Awaitable[T]]) -> T:
        """What `take` makes of the answer to `request`; it closes the answer. A failure of `take` is repeated, too."""
        for attempt in itertools.count(1):
            try:
                return await take(await self._answer(request))
            except (ClientError, aiohttp.ClientError, OSError) as error:
                if attempt >= self._max_attempts or not self._worth_repeating(request, error):
                    raise
            await asyncio.sleep(random.random() * FIRST_PAUSE_S * 2 ** (attempt - 1))  # noqa: S311 - not a secret
        raise AssertionError("unreachable: the count has no end")

    async def link(self, key: str, *, query: Query, ttl_s: int, at: BucketAddress | None = None) -> str:
        """A GET link, signed for the host of `at` (default: where requests go)."""
        place = at or self._bucket
        path, credentials = place.path_of(key), await self._credentials()
        signed = self._signer.signed_query("GET", place.host, path, query, ttl_s, credentials, self._now())
        return f"{place.origin}{path}?{signed}"

    async def _answer(self, request: S3Request) -> aiohttp.ClientResponse:
        """An answer that says yes; its body is not read."""
        path, query, body = self._bucket.path_of(request.key), encoded_query(request.query), request.body
        headers = self._signer.signed_headers(
            request.method,
            path,
            query,
            {"host": self._bucket.host, **request.headers},
            self._payload_hash(body),
            await self._credentials(),
            self._now(),
        )
        if isinstance(body, FileBody):  # not signed: some servers do not hand it on to their own check
            headers["content-length"] = str(body.size)
        url = f"{self._bucket.origin}{path}?{query}" if query else f"{self._bucket.origin}{path}"
        answer = await self._session.request(
            request.method,
            URL(url, encoded=True),
            data=BytesIO(body) if isinstance(body, bytes) and len(body) > _ONE_PIECE_BYTES else body or None,
            headers=headers,
            allow_redirects=False,
        )
        if answer.status < 300:
            return answer
        raise await failure_of(answer, request.method)

    def _payload_hash(self, body: bytes | FileBody) -> str:
        """TLS protects what it carries; without it records, and all that has no body, are protected by their hash."""
        if self._bucket.encrypted or not isinstance(body, bytes) or len(body) > _HASHED_BYTES:
            return UNSIGNED_PAYLOAD
        return hash_of(body)

    def _worth_repeating(self, request: S3Request, error: Exception) -> bool:
        if isinstance(request.body, FileBody) and not request.body.repeatable:
            return False
        if not isinstance(error, ClientError):
            return not isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.InvalidURL))
        status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        if code == _CLOCK_OFF:
            return self._set_clock(error.response["ResponseMetadata"]["HTTPHeaders"].get("date", ""))
        return status in _REPEATED_STATUSES or code in _REPEATED_CODES

    def _set_clock(self, date: str) -> bool:
        """Go by the storage's clock from now on; False when that changes nothing.

        https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationTimeStamp
        """
        try:
            skew = parsedate_to_datetime(date) - datetime.now(UTC)
        except (ValueError, TypeError):  # no date, or one without a zone
            return False
        before, self._skew = self._skew, skew
        return abs(skew - before) > _NOTICEABLE_SKEW

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._skew
