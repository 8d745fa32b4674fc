"""The API as a front end meets it, over the fakes; every answer is held against the OpenAPI document."""

import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from jsonschema import Draft202012Validator
from pydantic import SecretStr

from bot import app_keys
from bot.http_api import problems, routes
from bot.http_api.door import DOOR, offered
from bot.http_api.openapi import document
from bot.http_api.opening import api_door
from bot.http_limits import HttpLimits, bounded_bodies
from bot.middleware import errors_to_answers
from bot.refused_requests import RefusedRequests
from bot.settings import Settings
from bot.telegram.api_texts import api_reason_text, api_refusal_text
from bot.telegram.catalogues import locales
from tests.support.fakes import PRESETS, Process

KEY, OTHER_KEY = "first-key-of-the-tests", "other-key-of-the-tests"
IMAGE_URL = "https://pictures.example/person.jpg"
_PREFIX = "/api/v1"


class Contract:
    """An OpenAPI document, and which of its answers were met."""

    def __init__(self, openapi: Mapping[str, Any]) -> None:
        self.openapi = openapi
        self.met: set[tuple[str, int, str | None]] = set()

    @property
    def documented(self) -> set[tuple[str, int, str | None]]:
        """Every documented answer: operation, status, and for problems the code."""
        return {
            (operation["operationId"], int(status), code)
            for methods in self.openapi["paths"].values()
            for operation in methods.values()
            for status, answer in operation["responses"].items()
            for code in _codes(answer)
        }

    def check(self, method: str, path: str, reply: "Reply") -> None:
        """Fail unless the document foresees this answer."""
        operation = self._operation(method, path)
        assert str(reply.status) in operation["responses"], f"{method} {path}: {reply.status} is not documented"
        answer = operation["responses"][str(reply.status)]
        content = answer.get("content", {})
        for name in answer.get("headers", {}):
            optional = name == "Retry-After" and reply.status < 400 and self._ended(reply)
            assert optional or name in reply.headers, f"{method} {path}: {reply.status} lacks {name}"
        if content:
            ((media_type, described),) = content.items()
            assert reply.headers["Content-Type"] == media_type
            self._validate(reply.json, described["schema"])
        else:
            assert reply.body == b""
        self.met.add((operation["operationId"], reply.status, reply.code))

    def _operation(self, method: str, path: str) -> Mapping[str, Any]:
        for template, methods in self.openapi["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if method.lower() in methods and re.fullmatch(_PREFIX + pattern, path.partition("?")[0]):
                return methods[method.lower()]
        raise AssertionError(f"{method} {path} is not documented")

    def _validate(self, body: Any, schema: Mapping[str, Any]) -> None:
        whole = {**schema, "components": self.openapi["components"]}
        Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(body)

    @staticmethod
    def _ended(reply: "Reply") -> bool:
        # A 304 has no body that would tell.
        return reply.status == 304 or reply.json["status"] in {"completed", "failed", "canceled"}


def _codes(answer: Mapping[str, Any]) -> list[str | None]:
    content = answer.get("content", {})
    if problems.MEDIA_TYPE not in content:
        return [None]
    return content[problems.MEDIA_TYPE]["schema"]["allOf"][1]["properties"]["code"]["enum"]


CONTRACT = Contract(document(offered(PRESETS)))


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The code of a problem."""
        return self.json["code"] if self.headers.get("Content-Type") == problems.MEDIA_TYPE else None

    @property
    def pointers(self) -> list[str]:
        """Where an invalid request is wrong."""
        return [fault["pointer"] for fault in self.json["errors"]]


@dataclass
class Api:
    """A caller with a key."""

    client: TestClient
    process: Process
    key: str | None = KEY
    contract: Contract = field(default_factory=lambda: CONTRACT)

    async def call(self, method: str, path: str, *, documented: bool = True, **options: Any) -> Reply:
        """One request; `documented=False` for what no caller who has read the document would send."""
        headers = dict(options.pop("headers", {}))
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        async with self.client.request(method, _PREFIX + path, headers=headers, **options) as answer:
            reply = Reply(answer.status, answer.headers, await answer.read())
        if documented:
            self.contract.check(method, _PREFIX + path, reply)
        return reply

    async def start(self, idempotency_key: str | None = None, **request: Any) -> Reply:
        """Start a task with these fields."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return await self.call("POST", "/tasks", json={"person_image": IMAGE_URL, **request}, headers=headers)

    async def upload(
        self, *images: bytes, idempotency_key: str | None = None, headers: dict[str, str] | None = None, **texts: str
    ) -> Reply:
        """Start a task with these pictures: the person, then garments."""
        headers = {**(headers or {}), **({"Idempotency-Key": idempotency_key} if idempotency_key else {})}
        return await self.call("POST", "/tasks", data=form(*images, **texts), headers=headers)

    async def task(self, task_id: str, **headers: str) -> Reply:
        return await self.call("GET", f"/tasks/{task_id}", headers=headers)

    def with_key(self, key: str | None) -> "Api":
        return Api(self.client, self.process, key)


def form(*images: bytes, **texts: str) -> aiohttp.FormData:
    """A form with pictures and texts, the texts last."""
    data = aiohttp.FormData()
    for number, image in enumerate(images):
        name = "garments" if number else "person_image"
        data.add_field(name, io.BytesIO(image), filename="picture.bin", content_type="application/octet-stream")
    for name, text in texts.items():
        data.add_field(name, text)
    return data


def api_app(process: Process, **settings: Any) -> web.Application:
    """The bot's application with door 3 only."""
    values = {"api_keys": (SecretStr(KEY), SecretStr(OTHER_KEY)), "api_rate_limit": 0, "replicate_mode": "real"}
    values |= {"replicate_api_token": SecretStr("r8_" + "t" * 37)} | settings
    known = Settings(**values)
    world = process.world
    limits = HttpLimits(look_every_s=0.1)
    app = web.Application(middlewares=[errors_to_answers, bounded_bodies(limits)], client_max_size=limits.body_bytes)
    routes.add_routes(app, known.api_allowed_origins)
    app[app_keys.REFUSED_REQUESTS] = RefusedRequests()
    app[app_keys.API_ANSWERED] = lambda operation, status: None
    app[DOOR] = api_door(
        known,
        process.jobs,
        world.store,
        PRESETS,
        world.clock,
        locales=locales(),
        explain=api_reason_text,
        refusal=api_refusal_text,
    )
    return app


@asynccontextmanager
async def open_api(process: Process, **settings: Any) -> AsyncIterator[Api]:
    """The API over this process; settings are those of the real mode unless they say otherwise."""
    async with TestClient(TestServer(api_app(process, **settings))) as client:
        yield Api(client, process)
