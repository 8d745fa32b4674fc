"""POST /webhook/replicate: which answer follows from what became of the callback."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import app_keys
from bot.app_keys import CallbackForgedError
from bot.middleware import errors_to_answers
from bot.refused_requests import RefusedRequests
from bot.replicate_callback import routes
from storage.errors import StorageRefusedError, StorageUnavailableError

pytestmark = pytest.mark.usefixtures("logs")


class Intake:
    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], dict[str, str], bytes]] = []
        self.skipped: list[dict[str, str]] = []
        self.error: Exception | None = None

    def admit(self, headers, query):
        if headers.get("webhook-id") == "forged":
            raise CallbackForgedError("stale")

    async def take(self, headers, query, body):
        self.taken.append((dict(headers), dict(query), body))
        if self.error:
            raise self.error
        return "recorded"

    async def skip(self, query):
        if query.get("ref") != "genuine":
            raise CallbackForgedError("reference")
        self.skipped.append(dict(query))


@pytest.fixture
def intake():
    return Intake()


@pytest.fixture
async def client(intake):
    app = web.Application(middlewares=[errors_to_answers], client_max_size=1000)
    app[app_keys.CALLBACKS] = intake
    app[app_keys.REFUSED_REQUESTS] = RefusedRequests()
    routes.add_routes(app)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_callback_is_handed_on_as_it_came(client, intake):
    answer = await client.post("/webhook/replicate?job=1&ref=%C3%A9", data=b'{ "id" : 1}', headers={"webhook-id": "m"})
    assert (answer.status, await answer.read()) == (200, b"")
    ((headers, query, body),) = intake.taken
    assert (query, body) == ({"job": "1", "ref": "é"}, b'{ "id" : 1}')
    assert {name.lower(): value for name, value in headers.items()}["webhook-id"] == "m"


async def test_what_is_forged_is_refused_and_noted(client, intake, logs):
    intake.error = CallbackForgedError("mismatch")
    answer = await client.post("/webhook/replicate", data=b"x")
    assert (answer.status, await answer.read()) == (401, b"")
    assert [(line["event"], line["reason"]) for line in logs] == [("request_refused", "callback_mismatch")]


async def test_what_is_forged_whatever_its_body_is_is_refused_before_that_is_read(client, intake, logs):
    _reader, writer = await asyncio.open_connection(client.host, client.port)
    head = b"POST /webhook/replicate HTTP/1.1\r\nHost: x\r\nwebhook-id: forged\r\nContent-Length: 900\r\n\r\n"
    writer.write(head)
    assert b" 401 " in await _reader.readline()
    writer.close()
    await writer.wait_closed()
    assert intake.taken == []
    assert [line["reason"] for line in logs] == ["callback_stale"]


async def test_a_storm_of_forgeries_makes_few_lines(client, intake, logs):
    intake.error = CallbackForgedError("mismatch")
    for _ in range(50):
        await client.post("/webhook/replicate", data=b"x")
    assert len(logs) == 5


@pytest.mark.parametrize(
    ("error", "retry_after"),
    [
        (StorageUnavailableError("down"), "5"),
        (StorageUnavailableError("slow", retry_after_s=7.2), "8"),
        (StorageUnavailableError("slow", retry_after_s=0.2), "1"),
        (StorageRefusedError("no bucket"), "5"),
    ],
)
async def test_what_cannot_be_recorded_must_come_again(client, intake, error, retry_after):
    intake.error = error
    answer = await client.post("/webhook/replicate", data=b"x")
    assert (answer.status, answer.headers["Retry-After"]) == (503, retry_after)


async def test_a_body_that_is_too_large_is_refused(client, intake):
    answer = await client.post("/webhook/replicate?ref=forged", data=b"x" * 1001)
    assert answer.status == 413
    assert intake.taken == []


async def test_a_body_of_ours_that_is_too_large_is_not_read_but_acted_on(client, intake):
    answer = await client.post("/webhook/replicate?ref=genuine", data=b"x" * 1001)
    assert answer.status == 200
    assert (intake.taken, intake.skipped) == ([], [{"ref": "genuine"}])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_have_no_door(client, method):
    assert (await client.request(method, "/webhook/replicate")).status == 405


async def test_a_sender_that_hangs_up_is_no_crash(client, intake, logs):
    _reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"POST /webhook/replicate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    answer = await client.post("/webhook/replicate", data=b"x")
    assert answer.status == 200
    assert {line["event"] for line in logs} <= {"request_refused"}
    assert [body for _, _, body in intake.taken] == [b"x"]
