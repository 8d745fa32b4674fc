"""A proxy in front of an S3 server that can be slow, answer errors, lose answers, or be gone for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from tests.support.web_servers import answering, listening

_OF_THIS_HOP = {"connection", "transfer-encoding", "content-encoding", "keep-alive"}
_ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>on purpose</Message></Error>'
_CODES = {500: "InternalError", 503: "SlowDown"}


class FaultyS3:
    """Passes every request on, unless told otherwise."""

    def __init__(self, upstream: str, session: aiohttp.ClientSession) -> None:
        self._upstream, self._session = upstream, session
        self.url = ""
        self.requests = 0
        self.heal()

    def heal(self) -> None:
        """All is well from now on."""
        self._status: int | None = None
        self._gone = self._lose_answers = False
        self._delay_s = 0.0

    def fail(self, status: int) -> None:
        """Answer every request with this status, and do nothing."""
        self._status = status

    def slow_down(self, delay_s: float) -> None:
        """Think about each request for so long."""
        self._delay_s = delay_s

    def disappear(self) -> None:
        """Cut every connection, and do nothing."""
        self._gone = True

    def lose_answers(self) -> None:
        """Do what is asked, then cut the connection."""
        self._lose_answers = True

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        body = await request.read()
        await asyncio.sleep(self._delay_s)  # this is the fault: nobody waits for anything here
        if self._gone:
            return _cut(request)
        if self._status is not None:
            text = _ERROR.format(code=_CODES.get(self._status, "ServiceUnavailable"))
            return web.Response(status=self._status, text=text, content_type="application/xml")
        answer = await self._pass_on(request, body)
        return _cut(request) if self._lose_answers else answer

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OF_THIS_HOP}
        url = self._upstream + request.raw_path
        async with self._session.request(
            request.method, URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
        ) as answer:
            kept = {n: v for n, v in answer.headers.items() if n.lower() not in _OF_THIS_HOP | {"content-length"}}
            content = await answer.read()
            if request.method == "HEAD" and "Content-Length" in answer.headers:
                kept["Content-Length"] = answer.headers["Content-Length"]
            return web.Response(status=answer.status, body=content, headers=kept)


@asynccontextmanager
async def faulty_s3(upstream: str) -> AsyncIterator[FaultyS3]:
    """A proxy on a port of its own."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        proxy = FaultyS3(upstream, session)
        async with listening(answering(proxy.handle), auto_decompress=False) as proxy.url:
            yield proxy


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)  # never reaches anybody: the connection is gone
