"""The promises of `storage.objects` kept by S3 and what speaks its language.

Requests on objects go through `storage.s3_http`, the setting up of the bucket through one aioboto3 client; both live
as long as the store. Links are signed for the host that the outside uses, because the signature covers the host.

Requests are repeated (and once more by aiohttp, on a kept-alive connection that broke), conditional writes
included. A repeated write whose first attempt had succeeded is answered 412, so each conditional write carries a
mark of its own; after a 412 the mark on the object tells whether the winner is this very write.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4
from xml.sax.saxutils import escape

import aiohttp

from storage.conditional_probe import probe_conditional_writes
from storage.errors import (
    ObjectNotFoundError,
    ObjectTooLargeError,
    PreconditionFailedError,
    StorageUnavailableError,
)
from storage.objects import Capabilities, ExpiryRule, ObjectInfo, StoredObject
from storage.s3_address import BucketAddress, address_in_path
from storage.s3_answers import AnswerTooLargeError, Page, failures_of, page_of
from storage.s3_bucket import ensure_bucket, ensure_expiry
from storage.s3_client import MAX_ATTEMPTS, READ_TIMEOUT_S, address_of, s3_client, s3_http, s3_session
from storage.s3_errors import error_of_code, s3_errors
from storage.s3_http import S3Answer, S3Http, S3Request
from storage.s3_upload import CHUNK_BYTES, FileBody, read_exactly
from storage.signed_links import attachment_disposition
from storage.valid_arguments import check_key, check_prefix, check_ttl

if TYPE_CHECKING:  # the stubs are a development dependency
    from types_aiobotocore_s3 import S3Client

_REQUEST_DEADLINE_S = 30.0  # of a small request with all its attempts
_SLOWEST_BYTES_PER_S = 100_000  # what a transfer may take beyond that
_BUFFERED_BYTES = 1024 * 1024  # a file up to this size is sent from memory: one round trip less
_KEYS_PER_REQUEST = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_WRITER = "x-amz-meta-writer"  # the user metadata that holds the mark of a conditional write
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
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
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            s3_client(session, endpoint_url, read_timeout_s=read_timeout_s, max_attempts=max_attempts)
        )
        address = address_of(client, bucket, endpoint_url)
        http = await stack.enter_async_context(
            s3_http(session, client, address, read_timeout_s=read_timeout_s, max_attempts=max_attempts)
        )
        public = address_in_path(public_endpoint_url, bucket) if public_endpoint_url else address
        # AWS wants to be told where a bucket goes, except in its first region; S3-likes have one place.
        location = None if endpoint_url or region == "us-east-1" else region
        yield S3Store(http, client, bucket, public, location=location)


class S3Store:
    """An `ObjectStore` in a bucket; see there for the promises. Comes from `open_s3_store`."""

    def __init__(
        self, http: S3Http, client: "S3Client", bucket: str, public: BucketAddress, *, location: str | None = None
    ) -> None:
        self._http, self._client, self._bucket, self._public = http, client, bucket, public
        self._location = location
        self._marks = (f"{run}-{number}" for run in [uuid4().hex] for number in count())

    async def get(self, key: str, *, max_bytes: int) -> StoredObject:
        """See `ObjectStore.get`."""
        check_key(key)
        try:
            with s3_errors("read", key):
                async with asyncio.timeout(_deadline_s(max_bytes)):
                    answer = await self._http.read(S3Request("GET", key), max_bytes=max_bytes)
        except AnswerTooLargeError as error:
            raise ObjectTooLargeError(key, max_bytes) from error
        return StoredObject(answer.body, _etag(answer, key), answer.headers.get("Content-Type", _UNKNOWN_TYPE))

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
        headers = {"content-type": content_type}
        if not if_absent and if_match is None:
            return await self._send(S3Request("PUT", key, headers=headers, body=body), len(body))
        if if_absent:
            headers["if-none-match"] = "*"
        if if_match is not None:
            headers["if-match"] = if_match
        headers[_WRITER] = mark = next(self._marks)
        try:
            return await self._send(S3Request("PUT", key, headers=headers, body=body), len(body))
        except ObjectNotFoundError as error:  # AWS's answer to If-Match when there is nothing to match
            raise PreconditionFailedError(key) from error
        except PreconditionFailedError:
            return await self._etag_if_written_by(mark, key)

    async def put_file(self, key: str, source: BinaryIO, *, size: int, content_type: str) -> str:
        """See `ObjectStore.put_file`."""
        check_key(key)
        if size <= _BUFFERED_BYTES:
            # Callers have just written it, to memory or to the page cache: a thread for this would take longer.
            return await self.put(key, read_exactly(source, size), content_type=content_type)
        body = FileBody(source, size)
        try:
            return await self._send(S3Request("PUT", key, headers={"content-type": content_type}, body=body), size)
        except StorageUnavailableError:
            if body.failure is not None:
                raise body.failure from None
            raise

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """See `ObjectStore.stream`."""
        check_key(key)
        with s3_errors("read", key):
            async with asyncio.timeout(_REQUEST_DEADLINE_S):
                answer = await self._http.perform(S3Request("GET", key), _unread)
        async with answer:
            while True:
                with s3_errors("read", key):  # each read has the session's time-out
                    chunk = await answer.content.read(CHUNK_BYTES)
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
                    await self._http.read(S3Request("DELETE", keys[0]))
            return
        for start in range(0, len(keys), _KEYS_PER_REQUEST):
            await self._delete_at_once(keys[start : start + _KEYS_PER_REQUEST])

    async def list(self, prefix: str, *, start_after: str = "", limit: int | None = None) -> AsyncIterator[ObjectInfo]:
        """See `ObjectStore.list`; SeaweedFS sorts folder by folder, so only within one folder by key."""
        check_prefix(prefix)
        left, next_page = limit, None
        while left is None or left > 0:
            most = _KEYS_PER_REQUEST if left is None else min(left, _KEYS_PER_REQUEST)
            page = await self._page(prefix, most, start_after=start_after, continuation=next_page)
            for row in page.rows:
                yield row
            left = None if left is None else left - len(page.rows)
            next_page = page.next_page
            if next_page is None:
                return

    async def folders(self, prefix: str, *, limit: int) -> AsyncIterator[str]:
        """See `ObjectStore.folders`."""
        check_prefix(prefix)
        left, next_page = limit, None
        while left > 0:
            page = await self._page(prefix, min(left, _KEYS_PER_REQUEST), continuation=next_page, delimiter="/")
            for folder in page.folders:
                yield folder.removeprefix(prefix).rstrip("/")
            left, next_page = left - len(page.folders), page.next_page
            if next_page is None:
                return

    async def presigned_url(self, key: str, *, ttl_s: int, filename: str | None = None) -> str:
        """See `ObjectStore.presigned_url`; sends nothing, but for temporary credentials that have to be renewed."""
        check_key(key)
        query = [] if filename is None else [("response-content-disposition", attachment_disposition(filename))]
        with s3_errors("sign a link to", key):
            return await self._http.link(key, query=query, ttl_s=check_ttl(ttl_s), at=self._public)

    async def prepare(self, rules: Sequence[ExpiryRule]) -> None:
        """See `ObjectStore.prepare`; needs more permissions than anything else here."""
        await ensure_bucket(self._client, self._bucket, location=self._location)
        await ensure_expiry(self._client, self._bucket, rules)

    async def verify(self) -> None:
        """See `ObjectStore.verify`."""
        # Listing is what the sweep needs too, and unlike a HEAD its refusal says why.
        await self._page(".probe/", 1)

    async def probe(self) -> Capabilities:
        """See `ObjectStore.probe`."""
        return await probe_conditional_writes(self)

    async def _send(self, request: S3Request, size: int) -> str:
        with s3_errors("write", request.key):
            async with asyncio.timeout(_deadline_s(size)):
                return _etag(await self._http.read(request), request.key)

    async def _etag_if_written_by(self, mark: str, key: str) -> str:
        try:
            with s3_errors("check who wrote", key):
                async with asyncio.timeout(_REQUEST_DEADLINE_S):
                    found = await self._http.read(S3Request("HEAD", key))
        except ObjectNotFoundError as error:
            raise PreconditionFailedError(key) from error
        if found.headers.get(_WRITER) != mark:
            raise PreconditionFailedError(key)
        return _etag(found, key)

    async def _page(
        self, prefix: str, most: int, *, start_after: str = "", continuation: str | None = None, delimiter: str = ""
    ) -> Page:
        query = [("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix), ("max-keys", str(most))]
        query += [("delimiter", delimiter)] if delimiter else []
        if continuation is not None:
            query.append(("continuation-token", continuation))
        elif start_after:
            query.append(("start-after", start_after))
        with s3_errors(f"list {self._bucket}/{prefix}"):
            async with asyncio.timeout(_REQUEST_DEADLINE_S):
                return page_of((await self._http.read(S3Request("GET", query=query))).body)

    async def _delete_at_once(self, keys: Sequence[str]) -> None:
        rows = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
        body = f'<Delete xmlns="{_NAMESPACE}"><Quiet>true</Quiet>{rows}</Delete>'.encode()
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        headers = {"content-type": "application/xml", "content-md5": digest}
        with s3_errors(f"delete {len(keys)} objects"):
            async with asyncio.timeout(_REQUEST_DEADLINE_S):
                answer = await self._http.read(S3Request("POST", query=[("delete", "")], headers=headers, body=body))
        for key, code in failures_of(answer.body):
            if code != "NoSuchKey":
                raise error_of_code(code, f"cannot delete {key}")


async def _unread(answer: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    return answer


def _etag(answer: S3Answer, key: str) -> str:
    etag = answer.headers.get("ETag")
    if not etag:
        raise StorageUnavailableError(f"the answer for {key} has no ETag: does the endpoint speak S3?")
    return etag


def _deadline_s(size: int) -> float:
    return _REQUEST_DEADLINE_S + size / _SLOWEST_BYTES_PER_S
