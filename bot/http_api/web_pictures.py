"""`PictureSource` for URLs that callers of the API name: untrusted, so checked before every request and pinned.

A name is resolved once per connection, every address it has must be public, and the connection goes to one of just
these addresses: whoever changes the name's address in between (DNS rebinding) gains nothing. Every redirect goes the
same way. No credentials of ours are ever sent.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import AddressFamily
from typing import BinaryIO

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.http_api.public_addresses import is_public
from bot.jobs.errors import JobFailedError, NotDoneError
from bot.jobs.images import ImageLimits, ImageRefusedError

FETCH_S = 60.0  # of one picture, all redirects included
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=20)
_CHUNK_BYTES = 256 * 1024
_MAX_REDIRECTS = 3
_MAX_CONNECTIONS = 128  # more than one key's slow pictures take, as a rule: others would wait for a free one
_TIME_HELPS = frozenset({408, 425, 429})
# With the back-off of steps that is half a minute at most: somebody watches, and the host is the caller's own affair.
_TRIES = 6
# A compressed picture is none; what is not unpacked cannot burst.
_HEADERS = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "darkroom"}


class AddressRefusedError(Exception):
    """The name leads to an address that is not one of the public internet."""


class UrlRules:
    """Which URLs may be fetched. `public_only` is for production: https, and public addresses.

    Without it (mock mode, where everything is on this machine) plain http and any address will do.
    """

    def __init__(self, *, public_only: bool, public: Callable[[str], bool] = is_public) -> None:
        self.public_only, self.public = public_only, public

    def allow(self, url: URL) -> bool:
        """Whether the URL may be asked for, as far as it can be told without resolving its name."""
        if not url.host or url.user is not None or url.password is not None:
            return False
        if not self.public_only:
            return url.scheme in {"http", "https"}
        return url.scheme == "https" and (self.public(url.host) or not _is_numeric(url.host))


class PublicResolver(AbstractResolver):
    """Resolves names, and lets only those pass whose every address is public."""

    def __init__(self, resolver: AbstractResolver, public: Callable[[str], bool]) -> None:
        self._resolver, self._public = resolver, public

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        """The addresses.

        Raises:
            AddressRefusedError: one of them is not public.
            OSError: there are none.
        """
        found = await self._resolver.resolve(host, port, family)
        if not all(self._public(address["host"]) for address in found):
            raise AddressRefusedError
        return found

    async def close(self) -> None:
        """Release the inner resolver."""
        await self._resolver.close()


class WebPictures:
    """Downloads over one session, which belongs to the caller."""

    def __init__(self, session: aiohttp.ClientSession, rules: UrlRules, *, fetch_s: float = FETCH_S) -> None:
        self._session, self._rules, self._fetch_s = session, rules, fetch_s

    async def fetch(self, address: str, /, into: BinaryIO, *, max_bytes: int) -> int:
        """See `bot.jobs.ports.pictures.PictureSource`. The URL, perhaps a bearer link, is in no error and no log."""
        try:
            async with asyncio.timeout(self._fetch_s):
                return await self._follow(parsed(address), into, ImageLimits(max_bytes=max_bytes))
        except AddressRefusedError:
            raise JobFailedError("image_url_refused") from None
        except ImageRefusedError as error:
            raise JobFailedError(error.code.value, error.data) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(type(error).__name__) from None  # the error's own text would name the URL

    async def _follow(self, url: URL | None, into: BinaryIO, limits: ImageLimits) -> int:
        for _ in range(_MAX_REDIRECTS + 1):
            if url is None or not self._rules.allow(url):
                break
            async with self._session.get(url, timeout=_TIMEOUT, allow_redirects=False, headers=_HEADERS) as answer:
                location = answer.headers.get("Location") if 300 <= answer.status < 400 else None
                if location is None:
                    return await _copy(answer, into, limits)
                url = _joined(url, location)
        raise JobFailedError("image_url_refused")


@asynccontextmanager
async def open_web_pictures(
    rules: UrlRules,
    *,
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | bool = True,
    fetch_s: float = FETCH_S,
) -> AsyncIterator[WebPictures]:
    """The source with a session of its own, closed at the end; tests bring their own names and certificates."""
    resolver = resolver or aiohttp.DefaultResolver()
    # Without the cache a name is resolved, and its addresses are checked, for every new connection.
    connector = aiohttp.TCPConnector(
        limit=_MAX_CONNECTIONS,
        use_dns_cache=False,
        resolver=PublicResolver(resolver, rules.public) if rules.public_only else resolver,
        ssl=tls,
    )
    try:
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        ) as session:
            yield WebPictures(session, rules, fetch_s=fetch_s)
    finally:
        await resolver.close()


def parsed(address: str) -> URL | None:
    """The URL as the client itself will read it, or None: two parsers that disagree are a way around any rule."""
    try:
        url = URL(address)
        usable = url.absolute and url.port != 0
    except ValueError:
        return None
    return url if usable else None


async def _copy(answer: aiohttp.ClientResponse, into: BinaryIO, limits: ImageLimits) -> int:
    status = answer.status
    if status >= 500 or status in _TIME_HELPS:
        raise _unreachable(f"status {status}")
    if status != 200:
        raise JobFailedError("image_url_gone", {"status": status})
    limits.check_bytes(answer.content_length or 0)
    size = 0
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        limits.check_bytes(size)
        into.write(chunk)
    return size


def _unreachable(cause: str) -> NotDoneError:
    return NotDoneError("image_url_unreachable", tries=_TRIES, cause=cause)


def _joined(url: URL, location: str) -> URL | None:
    try:
        return url.join(URL(location))
    except ValueError:
        return None


def _is_numeric(host: str) -> bool:
    """Whether a client might take it for an address, in whatever spelling: then it must be a public one as it is."""
    return ":" in host or host.replace(".", "").isdigit()
