"""The wire under the official client, made safe for a long-running service.

Version 1.0.7 of the client sends some requests without any time-out, sleeps as long as a Retry-After header
says, sends its token to whatever host a URL names, and keeps neither bodies nor headers of answers. All of
that is settled here, below it, so that it needs no private attribute.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

import httpx

from replicate_gateway.answers import Answer


@dataclass(slots=True)
class Exchange:
    """One call through the client: what to add to its request, and what came back for it."""

    headers: Mapping[str, str]
    held_back_s: float = 0.0
    """How long the API was asked to hold its answer back: so much longer silence is no fault."""
    handed_over: bool = False
    """Whether a request got as far as the network."""
    answer: Answer | None = None


EXCHANGE: ContextVar[Exchange] = ContextVar("replicate_exchange")


class AnswerRefusedError(Exception):
    """The answer is not a 2xx. Raised in place of a response, so that the client's own retry layer never acts."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"answered with {answer.status}")
        self.answer = answer


class AnswerUnreadableError(Exception):
    """The answer is larger than allowed or encoded although we asked for plain bytes."""


class ForeignAddressError(Exception):
    """A request for another host than the API's: the token does not go there."""


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends through `inner`: to one origin only, never without time-outs, reading bounded answers only."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, *, base_url: httpx.URL, timeouts: httpx.Timeout, max_answer_bytes: int
    ) -> None:
        self._inner = inner
        self._origin = _origin(base_url)
        self._timeouts = timeouts.as_dict()
        self._max_answer_bytes = max_answer_bytes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to `request`, read to its end.

        Raises:
            AnswerRefusedError: it is not a 2xx.
            AnswerUnreadableError: it is too large or compressed.
            ForeignAddressError: nothing was sent, the address is not the API's.
            httpx.TransportError: no answer.
        """
        if _origin(request.url) != self._origin:
            raise ForeignAddressError(f"not the API's address: {request.url.host}")
        exchange = EXCHANGE.get()
        request.headers.update(exchange.headers)
        given = request.extensions.get("timeout") or {}
        request.extensions["timeout"] = {
            phase: default if given.get(phase) is None else given[phase] for phase, default in self._timeouts.items()
        }
        request.extensions["timeout"]["read"] += exchange.held_back_s
        exchange.handed_over = True
        response = await self._inner.handle_async_request(request)
        try:
            body = await self._read(response)
        finally:
            await response.aclose()
        if not response.is_success:
            raise AnswerRefusedError(Answer(response.status_code, response.headers, _without_token(body, request)))
        exchange.answer = Answer(response.status_code, response.headers, body)
        return httpx.Response(
            response.status_code, headers=response.headers, content=body, extensions=response.extensions
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            if response.is_success:
                raise AnswerUnreadableError("the answer is compressed although that was not offered")
            return b""  # the status of a refusal says enough
        chunks: list[bytes] = []
        left = self._max_answer_bytes
        async for chunk in response.aiter_raw():
            left -= len(chunk)
            if left < 0:
                raise AnswerUnreadableError(f"the answer is larger than {self._max_answer_bytes} bytes")
            chunks.append(chunk)
        return b"".join(chunks)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _without_token(body: bytes, request: httpx.Request) -> bytes:
    """Errors quote bodies, and a body may quote the request."""
    token = request.headers.get("authorization", "").rpartition(" ")[2]
    return body.replace(token.encode(), b"***") if token else body
