"""Carries the official client's httpx requests over aiohttp.

The product holds aiohttp connections anyway; httpx's own stack needs two to three times the processor time for
the same request, more with every further connection in its pool. Errors come out as httpx's own.
"""

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import httpx
from yarl import URL


class AiohttpTransport(httpx.AsyncBaseTransport):
    """One connection pool over aiohttp; proxies, cookies, redirects and decompression are off.

    Made in a running event loop. A POST is sent once: aiohttp repeats only idempotent requests, on a kept
    connection that turned out to be closed. `trust` says which certificates count (default: the system's).
    """

    def __init__(self, *, max_connections: int, keepalive_s: float, trust: ssl.SSLContext | None = None) -> None:
        connector = aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=keepalive_s, ssl=trust or True)
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to `request`, its body still unread.

        Raises:
            httpx.ConnectTimeout: no connection came free or was made in time.
            httpx.ConnectError: no connection could be made.
            httpx.ReadTimeout: no answer in time.
            httpx.RemoteProtocolError: no complete answer.
        """
        if self._session.closed:
            raise httpx.ConnectError("the gateway is closed")
        with _httpx_errors():
            response = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=_body(request),
                allow_redirects=False,
                timeout=_timeout(request.extensions["timeout"]),
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        # Gives the connection back if the body was read to its end, and cuts it otherwise.
        self._response.close()


def _body(request: httpx.Request) -> bytes | AsyncIterable[bytes]:
    try:
        return request.content
    except httpx.RequestNotRead:  # a form with a file: sent piece by piece, its length is in the headers
        return request.stream if isinstance(request.stream, AsyncIterable) else b""


def _timeout(phases: dict[str, Any]) -> aiohttp.ClientTimeout:
    """The whole has a deadline at the caller's; aiohttp counts the wait for a free connection into `connect`."""
    return aiohttp.ClientTimeout(
        total=None,
        connect=phases["pool"] + phases["connect"],
        sock_connect=phases["connect"],
        sock_read=phases["read"],
    )


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """Keeps apart what calls must tell apart: never sent, and sent without an answer."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout("no connection in time") from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError("no connection") from error
    except TimeoutError as error:
        raise httpx.ReadTimeout("no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.RemoteProtocolError(f"no complete answer: {type(error).__name__}") from error
