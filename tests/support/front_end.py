"""A front end as it should be: it names its requests, repeats them until they are answered, and polls."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.support.web_servers import listening

KEY = "a-front-end-and-its-key"
ENDED = {"completed", "failed", "canceled"}
_AGAIN_S = 0.02  # front ends ask at their own pace: the API offers nothing to wait for
_PATIENCE_S = 25.0


@dataclass
class FrontEnd:
    """Calls the API at `base_url` (without /api/v1), whether anybody is there or not."""

    base_url: str
    session: aiohttp.ClientSession
    answers: list[tuple[int, Any]] = field(default_factory=list)

    async def start(
        self, name: str, *, image_url: str | None = None, upload: bytes | None = None, **options: Any
    ) -> str:
        """Start the task of this name, again and again until that is answered; its id."""
        return (await self._insist("POST", "/tasks", lambda: _body(name, image_url, upload, options)))["task_id"]

    async def ended(self, task_id: str) -> dict[str, Any]:
        """The task, once it has come to its end."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                task = await self._insist("GET", f"/tasks/{task_id}")
                if task["status"] in ENDED:
                    return task
                await asyncio.sleep(_AGAIN_S)

    async def cancel(self, task_id: str) -> None:
        await self._insist("POST", f"/tasks/{task_id}/cancel")

    async def tasks(self) -> list[dict[str, Any]]:
        """The first page of all tasks."""
        return (await self._insist("GET", "/tasks"))["tasks"]

    async def download(self, url: str) -> bytes:
        """What lies behind a link; no key is sent."""
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def _insist(self, method: str, path: str, body: Any = dict) -> Any:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    async with self.session.request(method, f"{self.base_url}/api/v1{path}", **body()) as answer:
                        document = await answer.json(content_type=None)
                        self.answers.append((answer.status, document))
                        if answer.status < 500:
                            assert answer.status < 400, document
                            return document
                except (aiohttp.ClientError, OSError):
                    pass  # nobody there, or gone in the middle of it
                await asyncio.sleep(_AGAIN_S)


def _body(name: str, image_url: str | None, upload: bytes | None, options: dict[str, Any]) -> dict[str, Any]:
    headers = {"Idempotency-Key": name}
    if upload is None:
        return {"json": {"person_image": image_url, **options}, "headers": headers}
    data = aiohttp.FormData()
    data.add_field("person_image", io.BytesIO(upload), filename="photo.jpg", content_type="image/jpeg")
    for option, value in options.items():
        data.add_field(option, str(value))
    return {"data": data, "headers": headers}


@asynccontextmanager
async def front_end(base_url: str) -> AsyncIterator[FrontEnd]:
    headers = {"Authorization": f"Bearer {KEY}"}
    # A new connection each time: a bot that was killed leaves none that could be used again.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        yield FrontEnd(base_url, session)


@asynccontextmanager
async def picture_host(body: bytes) -> AsyncIterator[str]:
    """A web server with one picture; its URL."""

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/person.jpg", picture)
    async with listening(app) as url:
        yield f"{url}/person.jpg?signature=secret-of-the-caller"
