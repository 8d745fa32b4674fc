"""Fetching outputs: untrusted URLs, so our own session without the API token, an allow-list, and a bound on size."""

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import BinaryIO
from urllib.parse import unquote_to_bytes, urljoin

import aiohttp

from replicate_gateway.errors import GatewayUnavailableError, OutputRefusedError

FETCH_S = 180.0  # of one output, all redirects included
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30)
_CHUNK_BYTES = 256 * 1024
_MAX_REDIRECTS = 3
# Where buckets may not be listed, or a link has expired, what is not there (any more) is answered with 403, or 401:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_GONE = frozenset({401, 403, 404, 410})
_TIME_HELPS = frozenset({408, 425, 429})


class OutputFetcher:
    """`allows` says whether a URL may be fetched; it is asked for every redirect too.

    The session belongs to the caller; it must carry no credentials.
    """

    def __init__(
        self, session: aiohttp.ClientSession, allows: Callable[[str], bool], *, fetch_s: float = FETCH_S
    ) -> None:
        self._session, self._allows, self._fetch_s = session, allows, fetch_s

    async def fetch(self, url: str, into: BinaryIO, *, max_bytes: int) -> int:
        """Write the output into `into`; returns its size in bytes. A try that failed leaves `into` empty.

        Raises:
            OutputRefusedError: host, redirect, size or answer are not acceptable; trying again is no use.
            GatewayUnavailableError: time helps.
        """
        if url.startswith("data:"):
            return _decode_data_url(url, into, max_bytes)
        try:
            async with asyncio.timeout(self._fetch_s):
                return await self._follow(url, into, max_bytes)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _empty(into)
            # The error's own text would name the URL.
            raise GatewayUnavailableError(f"output not read: {type(error).__name__}") from None

    async def _follow(self, url: str, into: BinaryIO, max_bytes: int) -> int:
        for _ in range(_MAX_REDIRECTS + 1):
            if not self._allows(url):
                raise OutputRefusedError("output_host")
            async with self._session.get(url, timeout=_TIMEOUT, allow_redirects=False) as answer:
                location = answer.headers.get("Location") if 300 <= answer.status < 400 else None
                if location is None:
                    _check(answer, max_bytes)
                    return await _copy(answer, into, max_bytes)
                url = _redirected(url, location)
        raise OutputRefusedError("output_redirected")


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise OutputRefusedError("output_redirected") from None


def _check(answer: aiohttp.ClientResponse, max_bytes: int) -> None:
    status = answer.status
    if status in _GONE:
        raise OutputRefusedError("output_gone", status=status)
    if status >= 500 or status in _TIME_HELPS:
        raise GatewayUnavailableError("output not served", status=status)
    if status != 200:
        raise OutputRefusedError("output_refused", status=status)
    if (answer.content_length or 0) > max_bytes:
        raise OutputRefusedError("output_too_large")


async def _copy(answer: aiohttp.ClientResponse, into: BinaryIO, max_bytes: int) -> int:
    size = 0
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        if size > max_bytes:
            _empty(into)
            raise OutputRefusedError("output_too_large")
        into.write(chunk)
    return size


def _decode_data_url(url: str, into: BinaryIO, max_bytes: int) -> int:
    """Small outputs come as data URLs when a create call waited for them (RFC 2397)."""
    head, comma, data = url.partition(",")
    if not comma or len(data) > max_bytes * 3:
        raise OutputRefusedError("output_too_large" if comma else "output_refused")
    try:
        body = base64.b64decode(data, validate=True) if head.endswith(";base64") else unquote_to_bytes(data)
    except (binascii.Error, ValueError):
        raise OutputRefusedError("output_refused") from None
    if len(body) > max_bytes:
        raise OutputRefusedError("output_too_large")
    into.write(body)
    return len(body)


def _empty(into: BinaryIO) -> None:
    into.seek(0)
    into.truncate()
