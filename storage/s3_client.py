"""How we talk to S3 and its likes: one set of options for all of them, and what each is there for.

https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
"""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aioboto3
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.handlers import convert_body_to_file_like_object
from botocore.utils import parse_timestamp

from storage.errors import StorageRefusedError
from storage.s3_errors import s3_errors

if TYPE_CHECKING:  # the stubs are a development dependency
    from types_aiobotocore_s3 import S3Client

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 3.0, 20.0
MAX_ATTEMPTS = 3
_POOL_SIZE = 50
_OBJECT_PARAMETERS = frozenset({"Key", "Prefix"})


def s3_session(access_key_id: str | None, secret_access_key: str | None, region: str | None) -> aioboto3.Session:
    """Where clients come from; without keys botocore looks for them (environment, profile, instance role)."""
    with s3_errors("set up the S3 session"):
        inner = get_session()
        parsers = inner.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=_timestamp)
        return aioboto3.Session(access_key_id, secret_access_key, region_name=region, botocore_session=inner)


@asynccontextmanager
async def s3_client(
    session: aioboto3.Session,
    endpoint_url: str | None,
    *,
    read_timeout_s: float = READ_TIMEOUT_S,
    max_attempts: int = MAX_ATTEMPTS,
) -> AsyncIterator["S3Client"]:
    """A client for `endpoint_url` (None: AWS); making one costs as much as thirty requests.

    `read_timeout_s` is how long the server may be silent, `max_attempts` how often a request is sent at most.

    Raises:
        StorageRefusedError: the endpoint is no URL.
    """
    config = AioConfig(
        signature_version="s3v4",  # else presigned URLs get the old signature, which some refuse
        s3={"addressing_style": "path" if endpoint_url else "auto", "payload_signing_enabled": False},
        # Older S3-likes refuse the checksum trailers that botocore would add.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=read_timeout_s,
        max_pool_connections=_POOL_SIZE,
        retries={"mode": "standard", "total_max_attempts": max_attempts},
        # Together a fifth of a small request's time: botocore composes its own long user agent for every
        # request, and checks arguments that the type checker has checked.
        user_agent="darkroom",
        parameter_validation=False,
    )
    try:
        with s3_errors("set up the S3 client"):
            creator = session.client("s3", endpoint_url=endpoint_url, config=config)
            client = await creator.__aenter__()
    except ValueError as error:
        raise StorageRefusedError(f"cannot set up the S3 client: {error}") from error
    try:
        _adapt(client)
        yield client
    finally:
        await creator.__aexit__(None, None, None)


def _timestamp(text: str) -> datetime:
    """What botocore's parser makes of it, for the two forms that S3 uses in a tenth of the time."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError, TypeError):
            return parse(text)
    return parse_timestamp(text)


def _adapt(client: "S3Client") -> None:
    events = client.meta.events
    # It makes a file of bytes, and files are announced with "Expect: 100-continue": a round trip for every record.
    events.unregister("before-parameter-build.s3.PutObject", convert_body_to_file_like_object)
    for operation in ("DeleteObjects", "PutBucketLifecycleConfiguration"):
        events.register(f"before-sign.s3.{operation}", _add_content_md5)
    _resolve_endpoint_once(client)


def _resolve_endpoint_once(client: "S3Client") -> None:
    """Let botocore's own cache of endpoints work.

    It evaluates its endpoint rules anew for every object, since the object's key is among their parameters although
    no rule looks at it. The attributes are private: where they are missing, nothing changes.
    """
    provider = getattr(getattr(client, "_ruleset_resolver", None), "_provider", None)
    if provider is None:
        return
    resolve = provider.resolve_endpoint

    def resolve_without_key(**params: Any) -> Any:
        return resolve(**{name: value for name, value in params.items() if name not in _OBJECT_PARAMETERS})

    provider.resolve_endpoint = resolve_without_key


def _add_content_md5(request: Any, **_: object) -> None:
    """The header that botocore replaced by a CRC32 in 1.36 and that Yandex and other S3-likes still want.

    https://yandex.cloud/en/docs/storage/s3/api-ref/object/deletemultipleobjects
    https://github.com/boto/botocore/issues/3415
    """
    digest = hashlib.md5(request.data, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()
