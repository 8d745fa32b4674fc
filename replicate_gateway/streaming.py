"""The events of a running prediction, as they happen, over whatever connections it takes.

The official client sends its token to whatever host a stream's URL names, drops events without an id and stops at the
first lost connection; so streams go around it. https://replicate.com/docs/topics/predictions/streaming
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from replicate_gateway import errors
from replicate_gateway.answers import Answer, Subject, error_of
from replicate_gateway.event_stream import EventStreamParser, EventTooLargeError, ServerSentEvent
from replicate_gateway.protocol import StreamEvent, StreamEventKind
from replicate_gateway.retry import backoff_s

_OUR_HOST = "replicate.com"  # streams have been seen on streaming.api.replicate.com and stream.replicate.com
_KINDS = {kind.value: kind for kind in StreamEventKind}
_LAST = frozenset({StreamEventKind.DONE, StreamEventKind.ERROR})
_TIME_HELPS = (errors.GatewayUnavailableError, errors.GatewayUnreachableError, errors.GatewayBusyError)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How long and how large a stream may be. `attempts` is how many connections in a row may bring no event."""

    connect_s: float = 5.0
    idle_s: float = 60.0
    """Silence after which another connection is made; models think for long."""
    total_s: float = 1800.0
    """Replicate ends a run after half an hour."""
    max_event_bytes: int = 256 * 1024
    max_bytes: int = 4 * 1024 * 1024
    attempts: int = 5
    backoff_base_s: float = 0.25
    backoff_cap_s: float = 8.0


class _SilentError(Exception):
    """The connection is fine, but nothing has come for long."""


class PredictionStreams:
    """Streams over `transport`, which must hand on bodies as they come. The token goes to the API's origin only."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        base_url: httpx.URL,
        api_token: str,
        limits: StreamLimits,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport, self._limits = transport, limits
        self._origin, self._api_token = _origin(base_url), api_token
        self._sleep, self._jitter = sleep, jitter

    async def events(self, url: str) -> AsyncGenerator[StreamEvent, None]:
        """The events up to the last; see `ReplicateGateway.stream`."""
        request_url, headers = self._destination(url)
        parser = EventStreamParser(self._limits.max_event_bytes)
        clock = asyncio.get_running_loop().time
        ends_at, left_bytes, in_vain = clock() + self._limits.total_s, self._limits.max_bytes, 0
        while True:
            wait_s = 0.0
            try:
                async with aclosing(self._connection(request_url, headers, parser)) as received:
                    async for event in received:
                        in_vain = 0
                        left_bytes -= len(event.data)
                        if left_bytes < 0 or clock() > ends_at:
                            raise errors.GatewayProtocolError("a stream that does not end")
                        kind = _KINDS.get(event.name)
                        if kind:
                            yield StreamEvent(kind, event.data, event.id)
                        if kind in _LAST:
                            return
                lost: errors.GatewayError = errors.GatewayUnavailableError("the stream was cut")
            except _SilentError:
                in_vain = 0
                lost = errors.GatewayUnavailableError("the stream is silent")
            except _TIME_HELPS as error:
                lost, wait_s = error, getattr(error, "retry_after_s", None) or 0.0
            in_vain += 1
            wait_s = max(wait_s, parser.retry_s) + self._backoff_s(in_vain)
            if in_vain >= self._limits.attempts or clock() + wait_s > ends_at:
                raise lost
            await self._sleep(wait_s)

    def _backoff_s(self, attempt: int) -> float:
        limits = self._limits
        return backoff_s(attempt, base_s=limits.backoff_base_s, cap_s=limits.backoff_cap_s, random=self._jitter)

    def _destination(self, url: str) -> tuple[httpx.URL, dict[str, str]]:
        """Where to connect to, and what to say there."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise errors.GatewayProtocolError("the stream's URL is not a URL") from error
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store"}
        if _origin(parsed) == self._origin:
            return parsed, headers | {"Authorization": f"Bearer {self._api_token}"}
        if parsed.scheme != "https" or not f".{parsed.host}".endswith(f".{_OUR_HOST}"):
            raise errors.GatewayProtocolError(f"a stream on a foreign host: {parsed.host}")
        return parsed, headers

    async def _connection(
        self, url: httpx.URL, headers: dict[str, str], parser: EventStreamParser
    ) -> AsyncGenerator[ServerSentEvent, None]:
        """The events of one connection, from where the one before was lost."""
        parser.reconnected()
        if parser.last_event_id:
            headers = headers | {"Last-Event-ID": parser.last_event_id}
        response = await self._answer(httpx.Request("GET", url, headers=headers, extensions=self._extensions()))
        try:
            _check(response)
            async for chunk in response.aiter_raw():
                for event in parser.feed(chunk):
                    yield event
        except httpx.ReadTimeout as error:
            raise _SilentError from error
        except (httpx.HTTPError, OSError) as error:
            raise errors.GatewayUnavailableError(f"the stream was cut: {type(error).__name__}") from error
        except EventTooLargeError as error:
            raise errors.GatewayProtocolError(str(error)) from error
        finally:
            await response.aclose()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise errors.GatewayUnreachableError(f"not sent: {type(error).__name__}") from error
        except (httpx.HTTPError, OSError) as error:
            raise errors.GatewayUnavailableError(f"no answer: {type(error).__name__}") from error

    def _extensions(self) -> dict[str, dict[str, float]]:
        connect_s = self._limits.connect_s
        return {"timeout": {"connect": connect_s, "pool": connect_s, "write": connect_s, "read": self._limits.idle_s}}


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _check(response: httpx.Response) -> None:
    if response.status_code != 200:
        # Its body is not read: nobody says how long it is.
        answer = Answer(response.status_code, response.headers, b"")
        raise error_of(answer, subject=Subject.PREDICTION, now=datetime.now(UTC))
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "text/event-stream" or response.headers.get("content-encoding", "identity") != "identity":
        raise errors.GatewayProtocolError("the stream's URL does not give plain events")
