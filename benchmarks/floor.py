"""The floor that Darkroom is measured against: the same calls on the same outside, and nothing else.

It makes each call that a job cannot do without once, over one raw HTTP client, and writes down as much as a recovery
would need. It has no recovery, no retries, no limits, no checks, no log; nobody should run it for anything else.
Started by `benchmarks.subjects` with Darkroom's own environment variables.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
from collections.abc import Coroutine
from typing import Any

import aiohttp
from aiohttp import web

from storage.sigv4 import hash_of

_ENV = os.environ
_TELEGRAM = f"{_ENV['TELEGRAM_API_URL']}/bot{_ENV['BOT_TOKEN']}"
_FILES = f"{_ENV['TELEGRAM_API_URL']}/file/bot{_ENV['BOT_TOKEN']}"
_S3 = f"{_ENV['S3_ENDPOINT_URL']}/{_ENV['S3_BUCKET']}"
_REPLICATE = f"{_ENV['REPLICATE_BASE_URL']}/v1"
_AUTHORIZATION = {"Authorization": f"Bearer {_ENV['REPLICATE_API_TOKEN']}"}
_KEY = base64.b64decode(_ENV["REPLICATE_WEBHOOK_SECRET"].removeprefix("whsec_"))
_MODEL = "sczhou/codeformer"


class Floor:
    """Both doors and what follows from them."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._tasks: set[asyncio.Task[None]] = set()
        self._version = ""

    async def start(self) -> None:
        """Tell Telegram where the bot is, and look the model up."""
        await self._telegram("setWebhook", url=f"{_ENV['BASE_URL']}/webhook/telegram")
        async with self._http.get(f"{_REPLICATE}/models/{_MODEL}", headers=_AUTHORIZATION) as answer:
            self._version = (await answer.json())["latest_version"]["id"]

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """A request at any door."""
        body = await request.read()
        if request.path == "/webhook/telegram":
            await self._on_update(json.loads(body))
        elif request.path == "/webhook/replicate":
            return await self._on_callback(request, body)
        return web.Response()

    async def _on_update(self, update: dict[str, Any]) -> None:
        message = update.get("message", {})
        if "photo" not in message:
            return
        job, chat = str(update["update_id"]), message["chat"]["id"]
        await self._put(f"jobs/{job}.json", json.dumps({"chat": chat}).encode())
        self._spawn(self._begin(job, chat, message["photo"][-1]["file_id"]))

    async def _begin(self, job: str, chat: int, file_id: str) -> None:
        status = await self._telegram("sendMessage", chat_id=chat, text="Accepted")
        path = (await self._telegram("getFile", file_id=file_id))["file_path"]
        async with self._http.get(f"{_FILES}/{path}") as answer:
            await self._put(f"images/input/{job}.jpg", await answer.read())
        order = {
            "version": self._version,
            "input": {"image": f"{_S3}/images/input/{job}.jpg"},
            "webhook": f"{_ENV['BASE_URL']}/webhook/replicate",
            "webhook_events_filter": ["completed"],
        }
        async with self._http.post(f"{_REPLICATE}/predictions", json=order, headers=_AUTHORIZATION) as answer:
            prediction = (await answer.json())["id"]
        task = {"job": job, "chat": chat, "status": status["message_id"]}
        await self._put(f"tasks/{prediction}.json", json.dumps(task).encode())

    async def _on_callback(self, request: web.BaseRequest, body: bytes) -> web.Response:
        head = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode()
        mine = "v1," + base64.b64encode(hmac.digest(_KEY, head + body, hashlib.sha256)).decode()
        if not hmac.compare_digest(mine, request.headers["webhook-signature"]):
            return web.Response(status=401)
        prediction = json.loads(body)
        async with self._http.get(f"{_S3}/tasks/{prediction['id']}.json") as answer:
            if answer.status != 200:
                return web.Response(status=503)
            task = json.loads(await answer.read())
        output = prediction["output"]
        self._spawn(self._end(prediction["id"], output if isinstance(output, str) else output[0], task))
        return web.Response()

    async def _end(self, prediction: str, url: str, task: dict[str, Any]) -> None:
        async with self._http.get(url) as answer:
            picture = await answer.read()
        job, chat = task["job"], task["chat"]
        await self._put(f"images/output/{job}.png", picture)
        form = aiohttp.FormData({"chat_id": str(chat)})
        form.add_field("photo", picture, filename="result.png", content_type="image/png")
        async with self._http.post(f"{_TELEGRAM}/sendPhoto", data=form) as answer:
            await answer.read()
        await self._put(f"history/{chat}/{job}.json", json.dumps(task).encode())
        await self._telegram("deleteMessage", chat_id=chat, message_id=task["status"])
        for key in (f"tasks/{prediction}.json", f"jobs/{job}.json"):
            async with self._http.delete(f"{_S3}/{key}"):
                pass

    async def _put(self, key: str, body: bytes) -> None:
        headers = {"x-amz-content-sha256": hash_of(b""), "Content-Type": "application/octet-stream"}
        async with self._http.put(f"{_S3}/{key}", data=body, headers=headers) as answer:
            answer.raise_for_status()

    async def _telegram(self, method: str, **parameters: Any) -> Any:
        async with self._http.post(f"{_TELEGRAM}/{method}", json=parameters) as answer:
            return (await answer.json())["result"]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _main() -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as http:
        floor = Floor(http)
        runner = web.ServerRunner(web.Server(floor.answer, access_log=None))
        await runner.setup()
        await floor.start()
        await web.TCPSite(runner, _ENV["HOST"], int(_ENV["PORT"])).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
