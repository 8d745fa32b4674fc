"""How we talk to S3 and its likes: aioboto3 for what is rare, and our own requests with what it knows.

Credentials (refreshed in time where they are temporary), region, AWS's endpoints, proxies and certificates are
botocore's business either way: https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
"""

import base64
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aioboto3
import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from storage.errors import StorageRefusedError
from storage.s3_address import BucketAddress, address_in_host, address_in_path
from storage.s3_errors import s3_errors
from storage.s3_http import CredentialsSource, S3Http
from storage.sigv4 import Credentials, Signer

if TYPE_CHECKING:  # the stubs are a development dependency
    from types_aiobotocore_s3 import S3Client

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 3.0, 20.0
MAX_ATTEMPTS = 3
_POOL_SIZE = 50
_KEEPALIVE_S = 12.0  # shorter than servers keep idle connections
_USER_AGENT = "darkroom"


def s3_session(access_key_id: str | None, secret_access_key: str | None, region: str | None) -> AioSession:
    """Where clients and credentials come from; without keys botocore looks for them (environment, profile, role)."""
    with s3_errors("set up the S3 session"):
        session = get_session()
        if access_key_id is not None:
            session.set_credentials(access_key_id, secret_access_key or "")
        if region is not None:
            session.set_config_variable("region", region)
        return session


@asynccontextmanager
async def s3_client(
    session: AioSession,
    endpoint_url: str | None,
    *,
    read_timeout_s: float = READ_TIMEOUT_S,
    max_attempts: int = MAX_ATTEMPTS,
) -> AsyncIterator["S3Client"]:
    """An aioboto3 client for `endpoint_url` (None: AWS); making one costs as much as thirty requests.

    `read_timeout_s` is how long the server may be silent, `max_attempts` how often a request is sent at most.

    Raises:
        StorageRefusedError: the endpoint is no URL.
    """
    config = AioConfig(
        signature_version="s3v4",
        s3={"addressing_style": "path" if endpoint_url else "auto"},
        # Older S3-likes refuse the checksum trailers that botocore would add.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=read_timeout_s,
        max_pool_connections=_POOL_SIZE,
        retries={"mode": "standard", "total_max_attempts": max_attempts},
        user_agent=_USER_AGENT,
    )
    try:
        with s3_errors("set up the S3 client"):
            creator = aioboto3.Session(botocore_session=session).client("s3", endpoint_url=endpoint_url, config=config)
            client = await creator.__aenter__()
    except ValueError as error:
        raise StorageRefusedError(f"cannot set up the S3 client: {error}") from error
    try:
        client.meta.events.register("before-sign.s3.PutBucketLifecycleConfiguration", _add_content_md5)
        yield client
    finally:
        await creator.__aexit__(None, None, None)


@asynccontextmanager
async def s3_http(
    session: AioSession,
    client: "S3Client",
    bucket: BucketAddress,
    *,
    read_timeout_s: float = READ_TIMEOUT_S,
    max_attempts: int = MAX_ATTEMPTS,
) -> AsyncIterator[S3Http]:
    """Our own requests to `bucket`, with what `session` and `client` know of S3; limits as for `s3_client`."""
    scheme = urlsplit(bucket.origin).scheme
    connector = aiohttp.TCPConnector(
        limit=_POOL_SIZE, keepalive_timeout=_KEEPALIVE_S, ssl=_trust(session) if bucket.encrypted else True
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=read_timeout_s),
        headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
        skip_auto_headers=["Content-Type"],
        auto_decompress=False,  # objects are bytes, whatever they say of themselves
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=get_environ_proxies(bucket.origin).get(scheme),
    ) as requests:
        signer = Signer(client.meta.region_name)
        source = await _credentials_of(session)
        yield S3Http(requests, bucket, signer, source, max_attempts=max_attempts)


def address_of(client: "S3Client", bucket: str, endpoint_url: str | None) -> BucketAddress:
    """S3-likes have buckets in the path, AWS in the host."""
    if endpoint_url:
        return address_in_path(endpoint_url, bucket)
    return address_in_host(client.meta.endpoint_url, bucket)


async def _credentials_of(session: AioSession) -> CredentialsSource:
    """Asked for each request: botocore hands out what it has and renews what is about to expire."""
    with s3_errors("find the S3 credentials"):
        found = await session.get_credentials()

    async def current() -> Credentials:
        if found is None:
            raise NoCredentialsError
        frozen = await found.get_frozen_credentials()
        if not frozen.access_key or not frozen.secret_key:
            raise NoCredentialsError
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    return current


def _trust(session: AioSession) -> ssl.SSLContext:
    """The certificates that botocore trusts; `AWS_CA_BUNDLE` names others."""
    path = get_cert_path(session.get_config_variable("ca_bundle") or True)
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise StorageRefusedError(f"cannot set up the S3 client: no certificates at {path}") from error


def _add_content_md5(request: Any, **_: object) -> None:
    """The header that botocore replaced by a CRC32 in 1.36 and that Yandex and other S3-likes still want.

    https://github.com/boto/botocore/issues/3415
    """
    digest = hashlib.md5(request.data, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()
