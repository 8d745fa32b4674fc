"""From an error of the storage to the one thing that mends it, in the words of the settings."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.addresses import host_of
from bot.operator_errors.diagnosis import Diagnosis
from bot.settings import Settings
from storage.errors import StorageError, StorageUnavailableError

_RIGHTS = "let the access key list, read, write and delete in the bucket, or correct the key"

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_BY_CODE: Mapping[str, str] = MappingProxyType(
    {
        "NoSuchBucket": "create the bucket with `python -m bot init-storage`, or correct S3_BUCKET",
        "InvalidAccessKeyId": "correct AWS_ACCESS_KEY_ID",
        "SignatureDoesNotMatch": "correct AWS_SECRET_ACCESS_KEY",
        "AccessDenied": _RIGHTS,
        "403": _RIGHTS,
        "RequestTimeTooSkewed": "set the clock of this machine",
        "PermanentRedirect": "correct AWS_REGION or S3_ENDPOINT_URL: the bucket is somewhere else",
        "AuthorizationHeaderMalformed": "correct AWS_REGION",
        "ExpiredToken": "renew the temporary credentials",
    }
)


def s3_code(error: StorageError) -> str:
    """The S3 error code behind an error; empty where no S3 answered."""
    answer = getattr(error.__cause__, "response", None)
    found = answer.get("Error") if isinstance(answer, dict) else None
    return str(found.get("Code", "")) if isinstance(found, dict) else ""


def diagnose_storage(error: StorageError, settings: Settings) -> Diagnosis:
    """Names the directory, or the S3 server and the bucket."""
    if settings.s3_bucket is None:
        return Diagnosis(str(error), _fix_of_files(error, settings))
    server = host_of(settings.s3_endpoint_url) if settings.s3_endpoint_url else f"AWS S3 in {settings.aws_region}"
    return Diagnosis(f"{server}, bucket {settings.s3_bucket}: {error}", _fix_of_s3(error))


def _fix_of_files(error: StorageError, settings: Settings) -> str:
    if isinstance(error.__cause__, BlockingIOError):
        return "stop that process, or set DATA_DIR to another directory; S3_BUCKET is for several processes"
    return f"make {settings.data_dir.absolute()} a writable directory with free space, or set DATA_DIR to one"


def _fix_of_s3(error: StorageError) -> str:
    if fix := _BY_CODE.get(s3_code(error)):
        return fix
    if isinstance(error, StorageUnavailableError):
        return "let the storage run and be reached from here, or correct S3_ENDPOINT_URL"
    return "correct S3_BUCKET, S3_ENDPOINT_URL, AWS_REGION or the credentials"
