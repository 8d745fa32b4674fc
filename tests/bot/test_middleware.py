"""Around every request."""

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.contextvars import bind_contextvars, get_contextvars

from bot import app_keys
from bot.log_throttle import LogThrottle
from bot.middleware import errors_to_answers
from storage.errors import StorageUnavailableError

pytestmark = pytest.mark.usefixtures("logs")


async def answered(handler, times=1):
    app = web.Application(middlewares=[errors_to_answers])
    app[app_keys.OUTAGE_LINES] = LogThrottle(5)
    app.router.add_get("/x", handler)
    async with TestClient(TestServer(app)) as client:
        for _ in range(times):
            answer = await client.get("/x", allow_redirects=False)
            body = await answer.text()
    return answer, body


def raising(error):
    async def handler(request):
        raise error

    return handler


async def test_what_is_well_passes():
    async def handler(request):
        return web.Response(text="fine")

    answer, body = await answered(handler)
    assert (answer.status, body) == (200, "fine")


async def test_nothing_of_a_crash_but_its_status_reaches_the_caller(logs):
    answer, body = await answered(raising(RuntimeError("the secret")))
    assert (answer.status, body) == (500, "")
    (line,) = logs
    assert (line["event"], line["log_level"], line["path"]) == ("request_crashed", "error", "/x")
    assert line["exc_info"]


async def test_an_outage_asks_to_come_again(logs):
    answer, body = await answered(raising(StorageUnavailableError("down", retry_after_s=3)))
    assert (answer.status, body, answer.headers["Retry-After"]) == (503, "", "3")
    assert [(line["event"], line["log_level"]) for line in logs] == [("storage_unavailable", "warning")]


async def test_an_outage_is_told_a_few_times_a_minute_and_not_for_every_request(logs):
    answer, _ = await answered(raising(StorageUnavailableError("down")), times=50)
    assert answer.status == 503
    assert [line["event"] for line in logs] == ["storage_unavailable"] * 5


async def test_each_crash_is_told(logs):
    await answered(raising(RuntimeError("x")), times=10)
    assert len(logs) == 10


async def test_answers_that_are_raised_pass_with_their_headers(logs):
    answer, _ = await answered(raising(web.HTTPFound("/elsewhere")))
    assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")
    assert logs == []


async def test_every_request_begins_with_a_clean_log_context():
    seen = []

    async def handler(request):
        seen.append(dict(get_contextvars()))
        bind_contextvars(update_id=1)
        structlog.get_logger().info("seen")
        return web.Response()

    await answered(handler, times=2)
    assert seen == [{}, {}]
