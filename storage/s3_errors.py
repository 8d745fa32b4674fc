"""Translates what aiobotocore raises, at the edge: who can act, what to fix, when to come back.

Texts carry the operation, the key, the status and the S3 error code, never a header, a credential or a signed URL.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)

from storage.errors import (
    ObjectNotFoundError,
    PreconditionFailedError,
    StorageError,
    StorageRefusedError,
    StorageUnavailableError,
)

_MISSING_OBJECT = {"NoSuchKey", "404", "NotFound"}  # the middle one: HEAD answers carry no body
_CHANGED = {"PreconditionFailed", "412"}
_COME_BACK_STATUSES = {408, 409, 425, 429}
_COME_BACK_CODES = {
    "RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests",
    "TemporaryRedirect",  # a new bucket, until the world's name servers know it
}  # fmt: skip
_OPERATOR_STATUSES_ABOVE_499 = {501, 505, 507}  # not implemented, wrong protocol, disk full

_ADVICE = {
    "InvalidAccessKeyId": "the storage does not know the access key id",
    "SignatureDoesNotMatch": "the secret access key is wrong, or a proxy changes requests",
    "RequestTimeTooSkewed": "set the clock of this machine",
    "ExpiredToken": "the temporary credentials have expired",
    "AccessDenied": "the access key lacks the permission for this",
    "403": "the access key is wrong or lacks the permission for this",
    "NoSuchBucket": "create the bucket, or correct its name",
    "InvalidBucketName": "correct the name of the bucket",
    "BucketAlreadyExists": "the bucket belongs to somebody else; choose another name",
    "PermanentRedirect": "the bucket is in another region; correct the region or the endpoint",
    "AuthorizationHeaderMalformed": "correct the region",
    "NotImplemented": "this storage cannot do that",
    "QuotaExceeded": "the storage is full",
}
_OPERATOR_FAULTS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    ConfigParseError,
    NoRegionError,
)


class s3_errors:  # noqa: N801 - reads like the context manager that it is
    """Turns every foreign error in its block into one of the `StorageError` tree; `doing` is an infinitive."""

    __slots__ = ("_doing", "_key")

    def __init__(self, doing: str, key: str = "") -> None:
        self._doing, self._key = doing, key

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, ClientError):
            raise _from_answer(error, self._what(), self._key) from error
        if isinstance(error, BotoCoreError | aiohttp.ClientError | OSError):  # a TimeoutError is an OSError
            raise _without_answer(error, self._what()) from error

    def _what(self) -> str:
        return f"cannot {self._doing} {self._key}".rstrip()


def error_of_code(code: str, what: str) -> StorageError:
    """The error for an S3 error code that came without a status, inside the answer to a bulk request."""
    if code in _COME_BACK_CODES or code in {"InternalError", "ServiceUnavailable"}:
        return StorageUnavailableError(f"{what}: {code}")
    return StorageRefusedError(_with_advice(what, 0, code))


def code_of(error: ClientError) -> str:
    """The S3 error code, or the HTTP status where the answer had no body."""
    return error.response.get("Error", {}).get("Code", "")


def _from_answer(error: ClientError, what: str, key: str) -> StorageError:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = code_of(error)
    if code in _CHANGED or status == 412:
        return PreconditionFailedError(key)
    if code in _MISSING_OBJECT and key:
        return ObjectNotFoundError(key)
    server_fault = status >= 500 and status not in _OPERATOR_STATUSES_ABOVE_499
    if server_fault or status in _COME_BACK_STATUSES or code in _COME_BACK_CODES:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        retry_after_s = _retry_after_s(headers.get("retry-after"), datetime.now(UTC))
        return StorageUnavailableError(f"{what}: {_told(status, code)}", retry_after_s=retry_after_s)
    return StorageRefusedError(_with_advice(what, status, code))


def _without_answer(error: BotoCoreError | aiohttp.ClientError | OSError, what: str) -> StorageError:
    if isinstance(error, _OPERATOR_FAULTS):
        return StorageRefusedError(f"{what}: {error}")  # botocore's own words name what is missing
    inner = error.kwargs.get("error") if isinstance(error, SSLError) else error
    if isinstance(inner, aiohttp.ClientConnectorCertificateError):
        return StorageRefusedError(f"{what}: the certificate of the endpoint is not trusted")
    # All else is worth a retry: no connection, a time-out, an answer cut short or not in S3's language.
    return StorageUnavailableError(f"{what}: {type(error).__name__}")


def _with_advice(what: str, status: int, code: str) -> str:
    advice = _ADVICE.get(code)
    return f"{what}: {_told(status, code)}" + (f": {advice}" if advice else "")


def _told(status: int, code: str) -> str:
    """An answer without a body has its status for a code; one inside the answer to a bulk request has no status."""
    return code if code == str(status) or not status else f"{status} {code}"


def _retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds or an HTTP date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):  # neither form, or a date without a zone
        return None
