"""Downloads from Telegram: bounded, translated, and without the bot token in any error."""

import asyncio
import traceback
from io import BytesIO

import aiohttp
import pytest
from aiohttp import web

from bot.jobs.errors import ChatGoneError, JobFailedError, NotDoneError
from bot.jobs.images import ImageProblem
from bot.telegram.photos import TelegramPhotos
from tests.support.aioresponses_shim import MockedResponses
from tests.support.recording_bot import SERVER, TOKEN, recording_bot
from tests.support.web_servers import answering, listening

PATH = "photos/file_1.jpg"
URL = f"{SERVER}/file/bot{TOKEN}/{PATH}"
LIMIT = 1024 * 1024


def everything_said(error: BaseException) -> str:
    """All that a log could show of an error, down to what it hides."""
    said, seen = [], set()
    pending = [error]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        said += [str(one), repr(one), *map(str, one.args)]
        pending += [cause for cause in (one.__cause__, None if one.__suppress_context__ else one.__context__) if cause]
    return "\n".join([*said, *traceback.format_exception(error)])


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def session_and_photos(http):
    bot, session = recording_bot()
    session.succeed({"file_id": "f", "file_unique_id": "u", "file_path": PATH})
    return session, TelegramPhotos(bot, http)


@pytest.fixture
def photos(session_and_photos):
    return session_and_photos[1]


async def test_the_picture_comes_whole(photos):
    with MockedResponses() as telegram:
        telegram.get(URL, body=b"\xff\xd8 a picture")
        into = BytesIO()
        assert await photos.fetch("f", into, max_bytes=LIMIT) == 12
    assert into.getvalue() == b"\xff\xd8 a picture"


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT])
async def test_the_limit_itself_is_within_it(photos, size):
    with MockedResponses() as telegram:
        telegram.get(URL, body=b"x" * size)
        assert await photos.fetch("f", BytesIO(), max_bytes=LIMIT) == size


async def test_one_byte_above_the_limit_is_refused_with_the_numbers(photos):
    with MockedResponses() as telegram:
        telegram.get(URL, body=b"x" * (LIMIT + 1))
        with pytest.raises(JobFailedError) as refused:
            await photos.fetch("f", BytesIO(), max_bytes=LIMIT)
    assert refused.value.code == ImageProblem.TOO_MANY_BYTES
    assert refused.value.facts == {"megabytes": 1.1, "max_megabytes": 1}


@pytest.mark.parametrize("status", [404, 410])
async def test_a_file_that_is_gone_fails_the_job(photos, status):
    with MockedResponses() as telegram:
        telegram.get(URL, status=status)
        with pytest.raises(JobFailedError) as refused:
            await photos.fetch("f", BytesIO(), max_bytes=LIMIT)
    assert refused.value.code == "input_gone"
    assert TOKEN not in everything_said(refused.value)


@pytest.mark.parametrize("status", [204, 206, 401, 429, 500, 502, 503])
async def test_any_other_answer_is_worth_another_try(photos, status):
    with MockedResponses() as telegram:
        telegram.get(URL, status=status)
        with pytest.raises(NotDoneError) as refused:
            await photos.fetch("f", BytesIO(), max_bytes=LIMIT)
    assert refused.value.code == "telegram_unreachable"
    assert TOKEN not in everything_said(refused.value)


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientConnectionError(f"cannot connect to {URL}"),
        aiohttp.ServerDisconnectedError(f"{URL} went away"),
        aiohttp.ClientPayloadError(f"{URL} broke off"),
        aiohttp.InvalidURL(URL),
        aiohttp.TooManyRedirects(None, (), status=302, message=URL),
        TimeoutError(URL),
        OSError(5, URL),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_broken_download_is_worth_another_try_and_never_names_the_url(photos, error):
    with MockedResponses() as telegram:
        telegram.get(URL, exception=error)
        with pytest.raises(NotDoneError) as refused:
            await photos.fetch("f", BytesIO(), max_bytes=LIMIT)
    said = everything_said(refused.value)
    assert TOKEN not in said
    assert PATH not in said


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        (400, "Bad Request: wrong file_id or the file is temporarily unavailable", "input_gone"),
        (400, "Bad Request: invalid file_id", "input_gone"),
        (400, "Bad Request: file is too big", "too_many_bytes"),
    ],
)
async def test_what_telegram_does_not_hand_out_fails_the_job(http, status, words, code):
    bot, session = recording_bot()
    session.refuse(status, words)
    with pytest.raises(JobFailedError) as refused:
        await TelegramPhotos(bot, http).fetch("f", BytesIO(), max_bytes=LIMIT)
    assert refused.value.code == code
    if code == "too_many_bytes":
        assert refused.value.facts["max_megabytes"] == 1


async def test_a_file_without_a_path_is_gone(http):
    bot, session = recording_bot()
    session.succeed({"file_id": "f", "file_unique_id": "u"})
    with pytest.raises(JobFailedError) as refused:
        await TelegramPhotos(bot, http).fetch("f", BytesIO(), max_bytes=LIMIT)
    assert refused.value.code == "input_gone"


@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        (lambda session: session.refuse(429, "Too Many Requests", retry_after=9), NotDoneError),
        (lambda session: session.refuse(500, "Internal Server Error"), NotDoneError),
        (lambda session: session.break_line(TimeoutError()), NotDoneError),
        (lambda session: session.answer_raw(200, "<html>"), NotDoneError),
        (lambda session: session.refuse(403, "Forbidden: bot was blocked by the user"), ChatGoneError),
    ],
    ids=["flood", "5xx", "timeout", "html", "blocked"],
)
async def test_asking_for_the_path_may_fail_like_any_call(http, prepare, error):
    bot, session = recording_bot()
    prepare(session)
    with pytest.raises(error) as refused:
        await TelegramPhotos(bot, http).fetch("f", BytesIO(), max_bytes=LIMIT)
    assert TOKEN not in everything_said(refused.value)


class Downloads:
    """A real server for files; `serve` decides what it does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.serve = None
        self.sent = 0


@pytest.fixture
async def server():
    async def handle(request):
        return await downloads.serve(request)

    async with listening(answering(handle)) as url:
        downloads = Downloads(url)
        yield downloads


@pytest.fixture
def real_photos(http, server):
    bot, session = recording_bot()
    session.api = session.api.from_base(server.url)
    session.succeed({"file_id": "f", "file_unique_id": "u", "file_path": PATH})
    return TelegramPhotos(bot, http)


async def test_a_stream_without_an_end_is_cut_off_at_the_limit(real_photos, server):
    async def endless(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65_536)
            server.sent += 65_536

    server.serve = endless
    with pytest.raises(JobFailedError) as refused:
        await real_photos.fetch("f", BytesIO(), max_bytes=LIMIT)
    assert refused.value.code == ImageProblem.TOO_MANY_BYTES
    assert server.sent < 50 * LIMIT


async def test_a_download_that_breaks_off_is_worth_another_try_and_never_names_the_url(real_photos, server):
    async def broken(request):
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"x" * 10)
        request.transport.close()
        return answer

    server.serve = broken
    with pytest.raises(NotDoneError) as refused:
        await real_photos.fetch("f", BytesIO(), max_bytes=LIMIT)
    assert TOKEN not in everything_said(refused.value)


async def test_a_server_that_is_not_there_is_worth_another_try(http, unused_tcp_port):
    bot, session = recording_bot()
    session.api = session.api.from_base(f"http://127.0.0.1:{unused_tcp_port}")
    session.succeed({"file_id": "f", "file_unique_id": "u", "file_path": PATH})
    with pytest.raises(NotDoneError) as refused:
        await TelegramPhotos(bot, http).fetch("f", BytesIO(), max_bytes=LIMIT)
    assert TOKEN not in everything_said(refused.value)


async def test_a_canceled_download_leaves_no_connection_behind(real_photos, server, http):
    reached = asyncio.Event()

    async def slow(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        reached.set()
        await asyncio.Event().wait()

    server.serve = slow
    task = asyncio.create_task(real_photos.fetch("f", BytesIO(), max_bytes=LIMIT))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert http.connector._acquired == set()
