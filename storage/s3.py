"""The promises of `storage.objects` kept by S3 and what speaks its language.

One client lives as long as the store. A second one signs links for the host that the outside uses, because the
signature covers the host.

Retries are botocore's (and once more aiohttp's, on a kept-alive connection that broke), conditional writes
included. A repeated write whose first attempt had succeeded is answered 412, so each conditional write carries a
mark of its own; after a 412 the mark on the object tells whether the winner is this very write.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from storage.conditional_probe import probe_conditional_writes
from storage.errors import (
    ObjectNotFoundError,
    ObjectTooLargeError,
    PreconditionFailedError,
    StorageUnavailableError,
)
from storage.objects import Capabilities, ExpiryRule, ObjectInfo, StoredObject
from storage.s3_bucket import ensure_bucket, ensure_expiry
from storage.s3_client import MAX_ATTEMPTS, READ_TIMEOUT_S, s3_client, s3_session
from storage.s3_errors import error_of_code, s3_errors
from storage.s3_upload import CHUNK_BYTES, FileBody, read_exactly
from storage.signed_links import attachment_disposition
from storage.valid_arguments import check_key, check_prefix, check_ttl

if TYPE_CHECKING:  # the stubs are a development dependency
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import (
        GetObjectOutputTypeDef,
        ListObjectsV2OutputTypeDef,
        ListObjectsV2RequestTypeDef,
        PutObjectOutputTypeDef,
        PutObjectRequestTypeDef,
    )

_REQUEST_DEADLINE_S = 30.0  # of a small request with all its attempts
_SLOWEST_BYTES_PER_S = 100_000  # what a transfer may take beyond that
_BUFFERED_BYTES = 1024 * 1024  # a file up to this size is sent from memory: one round trip less
_KEYS_PER_REQUEST = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_WRITER = "writer"  # the user metadata that holds the mark of a conditional write
_UNKNOWN_TYPE = "application/octet-stream"


@asynccontextmanager
async def open_s3_store(
    *,
    bucket: str,
    endpoint_url: str | None = None,
    public_endpoint_url: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    region: str | None = None,
    read_timeout_s: float = READ_TIMEOUT_S,
    max_attempts: int = MAX_ATTEMPTS,
) -> AsyncIterator["S3Store"]:
    """The store in `bucket`; sends nothing yet.

    Without `endpoint_url` it is AWS. Without `public_endpoint_url` links are signed for the endpoint. Without keys
    botocore looks for them where it usually does. `read_timeout_s` is how long the server may be silent,
    `max_attempts` how often a request is sent at most.

    Raises:
        StorageRefusedError: an endpoint is no URL.
    """
    session = s3_session(access_key_id, secret_access_key, region or ("us-east-1" if endpoint_url else None))
    async with AsyncExitStack() as clients:
        client = await clients.enter_async_context(
            s3_client(session, endpoint_url, read_timeout_s=read_timeout_s, max_attempts=max_attempts)
        )
        signer = client
        if public_endpoint_url and public_endpoint_url != endpoint_url:
            signer = await clients.enter_async_context(s3_client(session, public_endpoint_url))
        # AWS wants to be told where a bucket goes, except in its first region; S3-likes have one place.
        location = None if endpoint_url or region == "us-east-1" else region
        yield S3Store(client, signer, bucket, location=location)


class S3Store:
    """An `ObjectStore` in a bucket; see there for the promises. Comes from `open_s3_store`."""

    def __init__(self, client: "S3Client", signer: "S3Client", bucket: str, *, location: str | None = None) -> None:
        self._client, self._signer, self._bucket, self._location = client, signer, bucket, location

    async def get(self, key: str, *, max_bytes: int) -> StoredObject:
        """See `ObjectStore.get`."""
        check_key(key)
        with s3_errors("read", key):
            async with asyncio.timeout(_deadline_s(max_bytes)):
                answer = await self._client.get_object(Bucket=self._bucket, Key=key)
                body = await _read_whole(answer, key, max_bytes)
        return StoredObject(body, _etag(answer, key), answer.get("ContentType", _UNKNOWN_TYPE))

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> str:
        """See `ObjectStore.put`."""
        check_key(key)
        request: PutObjectRequestTypeDef = {
            "Bucket": self._bucket,
            "Key": key,
            # As a file, because aiohttp does not send more than a megabyte of bytes in one piece.
            "Body": body if len(body) <= _BUFFERED_BYTES else BytesIO(body),
            "ContentType": content_type,
        }
        if not if_absent and if_match is None:
            return await self._send(key, request, len(body))
        if if_absent:
            request["IfNoneMatch"] = "*"
        if if_match is not None:
            request["IfMatch"] = if_match
        mark = uuid4().hex
        request["Metadata"] = {_WRITER: mark}
        try:
            return await self._send(key, request, len(body))
        except ObjectNotFoundError as error:  # AWS's answer to If-Match when there is nothing to match
            raise PreconditionFailedError(key) from error
        except PreconditionFailedError:
            return await self._etag_if_written_by(mark, key)

    async def put_file(self, key: str, source: BinaryIO, *, size: int, content_type: str) -> str:
        """See `ObjectStore.put_file`."""
        check_key(key)
        if size <= _BUFFERED_BYTES:
            return await self.put(key, await read_exactly(source, size), content_type=content_type)
        body = FileBody(source, size)
        try:
            return await self._send(
                key,
                {
                    "Bucket": self._bucket,
                    "Key": key,
                    "Body": body,  # type: ignore[typeddict-item]  # the stubs know only blocking streams
                    "ContentLength": size,
                    "ContentType": content_type,
                },
                size,
            )
        except StorageUnavailableError:
            if body.failure is not None:
                raise body.failure from None
            raise

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """See `ObjectStore.stream`."""
        check_key(key)
        with s3_errors("read", key):
            async with asyncio.timeout(_REQUEST_DEADLINE_S):
                answer = await self._client.get_object(Bucket=self._bucket, Key=key)
        async with answer["Body"]:
            while True:
                with s3_errors("read", key):  # each read has the client's time-out
                    chunk = await answer["Body"].read(CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk

    async def delete(self, keys: Sequence[str]) -> None:
        """See `ObjectStore.delete`."""
        for key in keys:
            check_key(key)
        if len(keys) == 1:
            with s3_errors("delete", keys[0]):
                async with asyncio.timeout(_REQUEST_DEADLINE_S):
                    await self._client.delete_object(Bucket=self._bucket, Key=keys[0])
            return
        for start in range(0, len(keys), _KEYS_PER_REQUEST):
            await self._delete_at_once(keys[start : start + _KEYS_PER_REQUEST])

    async def list(self, prefix: str, *, start_after: str = "", limit: int | None = None) -> AsyncIterator[ObjectInfo]:
        """See `ObjectStore.list`; SeaweedFS sorts folder by folder, so only within one folder by key."""
        check_prefix(prefix)
        left = limit
        request: ListObjectsV2RequestTypeDef = {
            "Bucket": self._bucket,
            "Prefix": prefix,
            "StartAfter": start_after,
        }
        while left is None or left > 0:
            request["MaxKeys"] = _KEYS_PER_REQUEST if left is None else min(left, _KEYS_PER_REQUEST)
            page = await self._page(request)
            rows = page.get("Contents", [])
            for row in rows:
                yield ObjectInfo(row["Key"], row["Size"], row["LastModified"].astimezone(UTC))
            left = None if left is None else left - len(rows)
            if not page["IsTruncated"]:
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    async def presigned_url(self, key: str, *, ttl_s: int, filename: str | None = None) -> str:
        """See `ObjectStore.presigned_url`."""
        check_key(key)
        parameters = {"Bucket": self._bucket, "Key": key}
        if filename is not None:
            parameters["ResponseContentDisposition"] = attachment_disposition(filename)
        with s3_errors("sign a link to", key):
            return await self._signer.generate_presigned_url(
                "get_object", Params=parameters, ExpiresIn=check_ttl(ttl_s)
            )

    async def prepare(self, rules: Sequence[ExpiryRule]) -> None:
        """See `ObjectStore.prepare`; needs more permissions than anything else here."""
        await ensure_bucket(self._client, self._bucket, location=self._location)
        await ensure_expiry(self._client, self._bucket, rules)

    async def verify(self) -> None:
        """See `ObjectStore.verify`."""
        # Listing is what the sweep needs too, and unlike a HEAD its refusal says why.
        await self._page({"Bucket": self._bucket, "Prefix": ".probe/", "MaxKeys": 1})

    async def probe(self) -> Capabilities:
        """See `ObjectStore.probe`."""
        return await probe_conditional_writes(self)

    async def _send(self, key: str, request: "PutObjectRequestTypeDef", size: int) -> str:
        with s3_errors("write", key):
            async with asyncio.timeout(_deadline_s(size)):
                return _etag(await self._client.put_object(**request), key)

    async def _etag_if_written_by(self, mark: str, key: str) -> str:
        try:
            with s3_errors("check who wrote", key):
                async with asyncio.timeout(_REQUEST_DEADLINE_S):
                    found = await self._client.head_object(Bucket=self._bucket, Key=key)
        except ObjectNotFoundError as error:
            raise PreconditionFailedError(key) from error
        if found["Metadata"].get(_WRITER) != mark:
            raise PreconditionFailedError(key)
        return found["ETag"]

    async def _page(self, request: "ListObjectsV2RequestTypeDef") -> "ListObjectsV2OutputTypeDef":
        with s3_errors(f"list {self._bucket}/{request.get('Prefix', '')}"):
            async with asyncio.timeout(_REQUEST_DEADLINE_S):
                page = await self._client.list_objects_v2(**request)
        if "IsTruncated" not in page:  # a web page may well parse as a listing of nothing
            raise StorageUnavailableError("the answer is no listing: does the endpoint speak S3?")
        return page

    async def _delete_at_once(self, keys: Sequence[str]) -> None:
        with s3_errors(f"delete {len(keys)} objects"):
            async with asyncio.timeout(_REQUEST_DEADLINE_S):
                answer = await self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
                )
        for failure in answer.get("Errors", []):
            if failure.get("Code") != "NoSuchKey":
                raise error_of_code(failure.get("Code", ""), f"cannot delete {failure.get('Key')}")


async def _read_whole(answer: "GetObjectOutputTypeDef", key: str, max_bytes: int) -> bytes:
    body = answer["Body"]
    async with body:  # closes the connection if not everything was read
        if answer.get("ContentLength", 0) > max_bytes:
            raise ObjectTooLargeError(key, max_bytes)
        chunks, size = [], 0
        while chunk := await body.read(max_bytes + 1 - size):
            chunks.append(chunk)
            size += len(chunk)
            if size > max_bytes:  # it was sent without its length
                raise ObjectTooLargeError(key, max_bytes)
    return b"".join(chunks)


def _etag(answer: "GetObjectOutputTypeDef | PutObjectOutputTypeDef", key: str) -> str:
    etag = answer.get("ETag")
    if not etag:
        raise StorageUnavailableError(f"the answer for {key} has no ETag: does the endpoint speak S3?")
    return etag


def _deadline_s(size: int) -> float:
    return _REQUEST_DEADLINE_S + size / _SLOWEST_BYTES_PER_S
