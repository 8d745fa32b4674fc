"""An S3 that keeps everything in memory and checks no signature: what a storage costs its client, and little else."""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote
from xml.sax.saxutils import escape

from aiohttp import web

BUCKET = "bench"
_MOST_KEYS = 1000
_KINDS = {"delete", "lifecycle", "list-type"}


@dataclass(frozen=True, slots=True)
class _Object:
    body: bytes
    etag: str
    content_type: str
    writer: str | None


class MemoryS3:
    """The requests that Darkroom makes, in one bucket with its name in the path. `requests` counts them by kind.

    Each is answered `delay_s` seconds late.
    """

    def __init__(self, delay_s: float = 0.0) -> None:
        self.url, self._delay_s = "", delay_s
        self.requests: Counter[str] = Counter()
        self._objects: dict[str, _Object] = {}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request."""
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        if "Expect" in request.headers:  # botocore waits for it before it sends a body
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await request.content.read()  # request.read() takes a megabyte at most
        key = unquote(request.raw_path.partition("?")[0]).removeprefix(f"/{BUCKET}").lstrip("/")
        about = key.split("/")[0] if key else "?" + "&".join(sorted(set(request.query) & _KINDS))
        self.requests[f"{request.method} {about}"] += 1
        if not key:
            return self._on_bucket(request, body)
        match request.method:
            case "PUT":
                return self._put(request, key, body)
            case "DELETE":
                self._objects.pop(key, None)
                return web.Response(status=204)
            case _:
                return self._get(key)

    def _on_bucket(self, request: web.BaseRequest, body: bytes) -> web.Response:
        if "delete" in request.query:
            for found in re.findall(rb"<Key>(.*?)</Key>", body):
                self._objects.pop(found.decode(), None)
            return _xml("<DeleteResult/>")
        if "list-type" in request.query:
            return self._list(request)
        if "lifecycle" in request.query and request.method == "GET":
            return _error(404, "NoSuchLifecycleConfiguration")
        return web.Response()

    def _put(self, request: web.BaseRequest, key: str, body: bytes) -> web.Response:
        present = self._objects.get(key)
        wanted = request.headers.get("If-Match")
        if (present and "If-None-Match" in request.headers) or (wanted and (present is None or present.etag != wanted)):
            return _error(412, "PreconditionFailed")
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        kind = request.headers.get("Content-Type", "application/octet-stream")
        self._objects[key] = _Object(body, etag, kind, request.headers.get("x-amz-meta-writer"))
        return web.Response(headers={"ETag": etag})

    def _get(self, key: str) -> web.Response:
        found = self._objects.get(key)
        if found is None:
            return _error(404, "NoSuchKey")
        headers = {"ETag": found.etag, "Content-Type": found.content_type}
        if found.writer:
            headers["x-amz-meta-writer"] = found.writer
        return web.Response(body=found.body, headers=headers)

    def _list(self, request: web.BaseRequest) -> web.Response:
        prefix, after = request.query.get("prefix", ""), request.query.get("start-after", "")
        most = int(request.query.get("max-keys", _MOST_KEYS))
        keys = sorted(key for key in self._objects if key.startswith(prefix) and key > after)[:most]
        now = datetime.now(UTC).isoformat()
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self._objects[key].body)}</Size>"
            f"<LastModified>{now}</LastModified></Contents>"
            for key in keys
        )
        return _xml(f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>")


@asynccontextmanager
async def run_memory_s3(delay_s: float = 0.0) -> AsyncIterator[MemoryS3]:
    """On a free port of this machine, until the block is left."""
    s3 = MemoryS3(delay_s)
    runner = web.ServerRunner(web.Server(s3.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        s3.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield s3
    finally:
        await runner.cleanup()


def _xml(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text, content_type="application/xml")


def _error(status: int, code: str) -> web.Response:
    return _xml(f"<Error><Code>{code}</Code></Error>", status)


async def _serve() -> None:
    async with run_memory_s3() as s3:
        print(s3.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
