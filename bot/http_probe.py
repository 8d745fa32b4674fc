"""One question over HTTP without credentials: bounded in time and size, not following redirects."""

import json
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

MAX_BODY_BYTES = 256 * 1024

_PATIENCE_S = 8.0
_CHUNK_BYTES = 64 * 1024


class NotReachedError(Exception):
    """No answer came. The text says why in a few words and holds no URL, which may hold a token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; of the body the first 256 KiB at most."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any] | None:
        """The JSON object in the body; None when there is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):  # so deeply nested that it cannot be meant well
            return None
        return found if isinstance(found, dict) else None


@asynccontextmanager
async def open_http(patience_s: float = _PATIENCE_S) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that carries neither credentials nor cookies; an answer has to be there within `patience_s`."""
    headers = {"Accept-Encoding": "identity"}  # what is read is what was sent
    timeout = aiohttp.ClientTimeout(total=patience_s, sock_connect=patience_s / 2)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), headers=headers) as session:
        yield session


async def ask(http: aiohttp.ClientSession, url: str) -> Answer:
    """The answer to a GET.

    Raises:
        NotReachedError: there was none in the time that the session allows.
    """
    return await _exchange(http, "GET", url)


async def send(http: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """The answer to a POST; raises as `ask` does."""
    return await _exchange(http, "POST", url, data=body, headers=headers)


async def _exchange(http: aiohttp.ClientSession, method: str, url: str, **options: Any) -> Answer:
    try:
        async with http.request(method, url, allow_redirects=False, **options) as response:
            body = b""
            while len(body) < MAX_BODY_BYTES and (chunk := await response.content.read(_CHUNK_BYTES)):
                body += chunk
            return Answer(response.status, response.headers, body)
    except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
        raise NotReachedError(_reason(error, http.timeout.total)) from None  # the original may print the URL


def _reason(error: Exception, patience_s: float | None) -> str:
    match error:
        case TimeoutError():
            return f"no answer within {patience_s:g} s"
        case aiohttp.ClientConnectorDNSError():
            return "the name is not known"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return "the TLS certificate is not accepted"
        case OSError(errno=int(number)):
            return os.strerror(number).lower()
        case _:
            return f"the connection broke ({type(error).__name__})"
