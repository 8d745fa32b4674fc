"""Door 1: who may knock, what counts as an update, and what is answered when it cannot be recorded."""

import asyncio
import gzip
import json
from http.client import HTTPResponse
from io import BytesIO

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from bot import app_keys
from bot.middleware import errors_to_answers
from bot.refused_requests import RefusedRequests
from bot.telegram.routes import SECRET_HEADER, add_routes
from storage.errors import StorageRefusedError, StorageUnavailableError

SECRET = "correct-horse-battery-staple"
LIMIT = 10_000
URL = "/webhook/telegram"


class Taken:
    """What registers updates; `error` is raised instead."""

    def __init__(self):
        self.updates, self.error = [], None

    async def take(self, update):
        if self.error:
            raise self.error
        self.updates.append(update)


@pytest.fixture
def taken():
    return Taken()


def app_around(taken, secret):
    app = web.Application(middlewares=[errors_to_answers], client_max_size=LIMIT)
    add_routes(app)
    app[app_keys.TELEGRAM_SECRET] = secret
    app[app_keys.REFUSED_REQUESTS] = RefusedRequests()
    app[app_keys.UPDATES] = taken
    return app


@pytest.fixture
async def client(taken):
    async with TestClient(TestServer(app_around(taken, SECRET.encode()))) as client:
        yield client


async def post(client, body, **headers):
    headers = {SECRET_HEADER: SECRET} | headers
    async with client.post(URL, data=body, headers=headers) as answer:
        return answer.status, dict(answer.headers), await answer.read()


async def test_an_update_is_taken_and_answered_with_nothing(client, taken):
    status, _, body = await post(client, b'{"update_id": 1, "message": {}}')
    assert (status, body) == (200, b"")
    assert taken.updates == [{"update_id": 1, "message": {}}]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET[:-1], SECRET.upper(), f" {SECRET}x"])
async def test_without_the_secret_nothing_is_taken(client, taken, secret):
    headers = {} if secret is None else {SECRET_HEADER: secret}
    async with client.post(URL, data=b'{"update_id": 1}', headers=headers) as answer:
        assert answer.status == 401
        assert await answer.read() == b""
    assert taken.updates == []


class Untouchable(bytes):
    """A secret that tells who compares it byte by byte: how long that takes tells how much of it was right."""

    def __eq__(self, other):
        raise AssertionError("compared with ==")

    __ne__ = startswith = __eq__
    __hash__ = None


async def test_the_secret_is_compared_in_constant_time(taken):
    app = app_around(taken, Untouchable(SECRET.encode()))
    async with TestClient(TestServer(app)) as client:
        assert (await post(client, b"{}"))[0] == 200
        assert (await post(client, b"{}", **{SECRET_HEADER: SECRET[:-1] + "x"}))[0] == 401


async def answer_to_raw(client, request):
    """The answer to bytes that no well-behaved client would send."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(request)
    raw = await reader.read()
    writer.close()
    await writer.wait_closed()

    class Connection:
        def makefile(self, *_):
            return BytesIO(raw)

    answer = HTTPResponse(Connection())
    answer.begin()
    return answer.status


@pytest.mark.parametrize("value", [b"\xff\xfe\x80", "ключ".encode(), b"\xed\xb2\x80", SECRET.encode() + b"\xff"])
async def test_a_secret_of_any_bytes_is_refused_without_a_crash(client, taken, value):
    head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n{SECRET_HEADER}: ".encode()
    with capture_logs() as lines:
        assert await answer_to_raw(client, head + value + b"\r\n\r\n{}") == 401
    assert "request_crashed" not in [line["event"] for line in lines]
    assert taken.updates == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[1]",
        b'[{"update_id": 1}]',
        b"null",
        b"7",
        b'"text"',
        b"[" * 9000,
        b'{"a":' * 1500,
        b"9" * 9000,
        b"{} {}",
    ],
    ids=[
        "empty",
        "text",
        "bytes",
        "list",
        "list of one",
        "null",
        "number",
        "string",
        "deep",
        "deep objects",
        "digits",
        "two",
    ],
)
async def test_what_cannot_be_an_update_is_answered_with_200_since_repeating_would_not_help(client, taken, body):
    with capture_logs() as lines:
        status, _, _ = await post(client, body)
    assert status == 200
    assert taken.updates == []
    assert [(line["event"], line["size"]) for line in lines] == [("update_unreadable", len(body))]


@pytest.mark.parametrize("size", [LIMIT + 1, 5 * LIMIT])
async def test_a_body_over_the_limit_is_refused_with_413(client, taken, size):
    status, _, _ = await post(client, json.dumps({"update_id": 1, "x": "y" * size}).encode())
    assert status == 413
    assert taken.updates == []


@pytest.mark.parametrize("body", [b"this is not gzip", gzip.compress(b"{}")[:-4]], ids=["garbage", "cut short"])
async def test_a_body_that_cannot_be_unpacked_is_no_crash_of_ours(client, taken, body):
    with capture_logs() as lines:
        status, _, _ = await post(client, body, **{"Content-Encoding": "gzip"})
    assert status in {200, 400}
    assert taken.updates in ([], [{}])
    assert "request_crashed" not in [line["event"] for line in lines]


@pytest.mark.parametrize(
    ("error", "retry_after"),
    [
        (StorageUnavailableError("down"), "5"),
        (StorageUnavailableError("down", retry_after_s=17), "17"),
        (StorageUnavailableError("busy", retry_after_s=0.4), "1"),
        (StorageRefusedError("no permission"), "5"),
    ],
)
async def test_what_cannot_be_recorded_is_answered_with_503_and_a_time(client, taken, error, retry_after):
    taken.error = error
    status, headers, body = await post(client, b'{"update_id": 1}')
    assert (status, headers["Retry-After"], body) == (503, retry_after, b"")


async def test_a_fault_of_ours_is_500_and_says_nothing(client, taken):
    taken.error = RuntimeError("something private")
    with capture_logs() as lines:
        status, _, body = await post(client, b'{"update_id": 1}')
    assert (status, body) == (500, b"")
    assert [line["event"] for line in lines] == ["request_crashed"]


async def test_strangers_cannot_fill_the_log(client):
    with capture_logs() as lines:
        for _ in range(50):
            await post(client, b"{}", **{SECRET_HEADER: "wrong"})
    assert 1 <= len(lines) <= 5
    assert {line["reason"] for line in lines} == {"telegram_secret"}


async def test_the_secret_is_in_no_log_line(client):
    with capture_logs() as lines:
        await post(client, b"not json")
        await post(client, b"{}", **{SECRET_HEADER: SECRET + "x"})
    assert SECRET not in str(lines)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_only_posts_are_taken(client, method):
    async with client.request(method, URL) as answer:
        assert answer.status == 405
