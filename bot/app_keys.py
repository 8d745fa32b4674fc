"""What a route may find on the app."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from bot.log_throttle import LogThrottle
from bot.refused_requests import RefusedRequests
from storage.file_format import ObjectFile


class Updates(Protocol):
    """Takes what Telegram delivers."""

    async def take(self, update: Mapping[str, Any]) -> None:
        """Return once the update is dealt with; raises `StorageError` when it must come again."""
        ...


class Callbacks(Protocol):
    """Takes what Replicate delivers."""

    def admit(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        """Look at what can be judged before the body is read.

        Raises:
            CallbackForgedError: it is not Replicate's, or not meant for us, whatever its body is.
        """
        ...

    async def take(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> str:
        """Return, once it is recorded, what became of it.

        Raises:
            CallbackForgedError: it is not Replicate's, or not meant for us.
            StorageError: it must come again.
        """
        ...

    async def skip(self, query: Mapping[str, str]) -> None:
        """Deal with one whose body is too large to be read: its prediction is asked about instead.

        Raises:
            CallbackForgedError: it does not carry a reference of ours.
        """
        ...


@dataclass(frozen=True, slots=True)
class FileLinks:
    """What the file route needs: the key that links are signed with, and the way to a file."""

    signing_key: bytes
    resolve: Callable[[str], Awaitable[ObjectFile]]


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """What /metrics needs: `page` gives body and media type for an `Accept` header. Without a token it is open."""

    token: bytes | None
    page: Callable[[str], Awaitable[tuple[bytes, str]]]


class CallbackForgedError(Exception):
    """A callback whose signature or job reference is not genuine; `reason` is a word for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


TELEGRAM_SECRET: web.AppKey[bytes] = web.AppKey("telegram_secret", bytes)
UPDATES: web.AppKey[Updates] = web.AppKey("updates")
CALLBACKS: web.AppKey[Callbacks] = web.AppKey("callbacks")
REFUSED_REQUESTS: web.AppKey[RefusedRequests] = web.AppKey("refusals", RefusedRequests)
OUTAGE_LINES: web.AppKey[LogThrottle] = web.AppKey("outage_lines", LogThrottle)
READINESS: web.AppKey[Callable[[], Awaitable[Mapping[str, str]]]] = web.AppKey("readiness")
METRICS: web.AppKey[MetricsPage] = web.AppKey("metrics", MetricsPage)
API_ANSWERED: web.AppKey[Callable[[str, int], None]] = web.AppKey("api_answered")
FILE_LINKS: web.AppKey[FileLinks] = web.AppKey("file_links", FileLinks)
