"""One call of the official client: bounded in time, its errors translated, and repeated where that is safe."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

import httpx

from replicate_gateway import errors
from replicate_gateway.answers import Subject, error_of, lost
from replicate_gateway.prediction import read_json
from replicate_gateway.protocol import CREATE_S
from replicate_gateway.retry import backoff_s
from replicate_gateway.transport import (
    EXCHANGE,
    AnswerRefusedError,
    AnswerUnreadableError,
    Exchange,
    ForeignAddressError,
)

Send = Callable[[], Awaitable[object]]

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_NO_CONTENT = 204
# Raised before the first byte of a request leaves.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
# Some TLS failures reach us as bare OSError; TimeoutError, our own deadline, is one of them.
_NO_ANSWER = (httpx.HTTPError, OSError, AnswerUnreadableError)
# What the client's parser raises on documents that it does not know; we read the document ourselves.
_CLIENT_COULD_NOT_READ = (ValueError, TypeError, AttributeError, LookupError, RecursionError)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long calls may take and how much they may use.

    Pool and connect end well before the whole call does, so that a request which was not sent is known as such.
    """

    connect_s: float = 5.0
    pool_s: float = 10.0
    write_s: float = 20.0
    read_s: float = 20.0
    call_s: float = CREATE_S
    """The whole of a call, repetitions and pauses included; of a create call also what is looked up before."""
    look_up_s: float = 15.0
    """Of a create call's time, what may pass before it is sent."""
    upload_s: float = 120.0
    attempts: int = 4
    backoff_base_s: float = 0.25
    backoff_cap_s: float = 8.0
    max_connections: int = 64
    keepalive_s: float = 20.0
    max_answer_bytes: int = 16 * 1024 * 1024

    @property
    def timeouts(self) -> httpx.Timeout:
        """The time-outs of each phase of one request."""
        return httpx.Timeout(connect=self.connect_s, read=self.read_s, write=self.write_s, pool=self.pool_s)


class ApiCalls:
    """Runs calls of the client and gives the JSON documents of their answers."""

    def __init__(
        self,
        limits: CallLimits,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._limits = limits
        self._sleep = sleep
        self._jitter = jitter

    async def once(
        self,
        send: Send,
        *,
        subject: Subject,
        limit_s: float,
        headers: Mapping[str, str] = _NO_HEADERS,
        held_back_s: float = 0.0,
    ) -> object:
        """The document that `send` was answered with, within `limit_s` seconds; `headers` go along.

        `held_back_s` is how long the answer was asked to be held back; the limit grows by as much.

        Raises:
            GatewayError: whatever else happened.
        """
        exchange = Exchange(headers, held_back_s)
        outer = EXCHANGE.set(exchange)
        try:
            await self._perform(send, exchange, subject, limit_s + held_back_s)
        finally:
            EXCHANGE.reset(outer)
        if exchange.answer is None:
            raise errors.GatewayProtocolError("the client asked for nothing")
        if exchange.answer.status == _NO_CONTENT:
            return None
        try:
            return read_json(exchange.answer.body)
        except ValueError as error:
            raise lost("the answer is not JSON", subject=subject, status=exchange.answer.status) from error

    async def repeated(self, send: Send, *, subject: Subject, limit_s: float | None = None) -> object:
        """Like `once`, but asked again while time helps and there is time left. For what is safe to repeat only."""
        clock = asyncio.get_running_loop().time
        end = clock() + (self._limits.call_s if limit_s is None else limit_s)
        for attempt in itertools.count(1):
            try:
                return await self.once(send, subject=subject, limit_s=end - clock())
            except (errors.GatewayUnavailableError, errors.GatewayUnreachableError, errors.GatewayBusyError) as error:
                pause_s = self._pause_s(error, attempt)
                if attempt >= self._limits.attempts or clock() + pause_s >= end:
                    raise
            await self._sleep(pause_s)
        raise AssertionError("unreachable: the count has no end")

    def _pause_s(self, error: errors.GatewayError, attempt: int) -> float:
        """What the API asks for, and jitter on top, so that waiters do not come back as one."""
        wished_s = getattr(error, "retry_after_s", None) or 0.0
        limits = self._limits
        return float(wished_s) + backoff_s(
            attempt, base_s=limits.backoff_base_s, cap_s=limits.backoff_cap_s, random=self._jitter
        )

    async def _perform(self, send: Send, exchange: Exchange, subject: Subject, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await send()
        except AnswerRefusedError as refusal:
            raise error_of(refusal.answer, subject=subject, now=datetime.now(UTC)) from refusal
        except ForeignAddressError as error:
            raise errors.GatewayProtocolError(str(error)) from error
        except _NOT_SENT as error:
            raise errors.GatewayUnreachableError(f"not sent: {type(error).__name__}") from error
        except _NO_ANSWER as error:
            raise lost(f"no answer: {type(error).__name__}", subject=subject) from error
        except _CLIENT_COULD_NOT_READ as error:
            if exchange.answer is not None:
                return  # an answer did come; whether it is usable is decided by our own reading of it
            if isinstance(error, ValueError) and not exchange.handed_over:
                raise errors.PredictionRejectedError("the input cannot be written as JSON") from error
            raise
