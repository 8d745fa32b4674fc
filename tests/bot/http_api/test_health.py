"""Alive is not ready: an outside party that is down must not get the process restarted."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import app_keys
from bot.http_api.health import add_routes
from bot.middleware import errors_to_answers


@pytest.fixture
async def client():
    parts = {"storage": "ok", "queue": "ok"}

    async def readiness():
        return parts

    app = web.Application(middlewares=[errors_to_answers])
    add_routes(app)
    app[app_keys.READINESS] = readiness
    async with TestClient(TestServer(app)) as client:
        yield client, parts


async def answer(client, path):
    async with client.get(path) as response:
        return response.status, await response.json()


async def test_ready_names_its_parts(client):
    client, _ = client
    assert await answer(client, "/readyz") == (200, {"status": "ready", "parts": {"storage": "ok", "queue": "ok"}})


@pytest.mark.parametrize(
    ("part", "status", "word"),
    [
        ("storage", 503, "not ready"),
        ("queue", 503, "not ready"),
        ("telegram", 200, "degraded"),
        ("replicate", 200, "degraded"),
    ],
)
async def test_a_part_that_is_down_is_named_and_storage_and_queue_are_needed(client, part, status, word):
    client, parts = client
    parts[part] = "open"
    got, body = await answer(client, "/readyz")
    assert (got, body["status"], body["parts"][part]) == (status, word, "open")
    assert await answer(client, "/healthz") == (200, {"status": "alive"})
