"""Against a real server: what a form with a file is on the wire."""

import io

import pytest
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import SendDocument, SendMessage
from aiohttp import FormData, web

from bot.telegram.session import TelegramSession
from bot.telegram.upload_form import FileBody, GatheredForm
from bot.telegram.uploads import SpoolFile
from tests.support.web_servers import answering, listening

MESSAGE = {"ok": True, "result": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}}


class Wire:
    """What the server got."""

    def __init__(self):
        self.lengths, self.types, self.fields = [], [], []

    async def take(self, request):
        self.lengths.append(request.content_length)
        self.types.append(request.content_type)
        form = await request.post()
        self.fields.append({k: v.file.read() if isinstance(v, web.FileField) else v for k, v in form.items()})
        return web.json_response(MESSAGE)


@pytest.fixture
async def wire():
    """The server's notes, and a bot that talks to it."""
    wire = Wire()
    async with listening(answering(wire.take)) as url:
        bot = Bot("42:TEST", session=TelegramSession(api=TelegramAPIServer.from_base(url)))
        yield wire, bot
        await (await bot.session.create_session()).close()


class Recorder:
    def __init__(self):
        self.pieces = []

    async def write(self, chunk):
        self.pieces.append(bytes(chunk))


@pytest.mark.parametrize("size", [0, 1, 128 * 1024, 300_001])
async def test_a_file_arrives_whole_each_time_and_its_length_is_told_first(wire, size):
    seen, bot = wire
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    method = SendDocument(chat_id=7, document=SpoolFile(io.BytesIO(content), "a.bin"), caption="Grüße")
    for _ in range(2):
        await bot(method)
    assert [fields["caption"] for fields in seen.fields] == ["Grüße", "Grüße"]
    name = seen.fields[0]["document"].removeprefix("attach://")
    assert seen.fields[0][name] == seen.fields[1][seen.fields[1]["document"].removeprefix("attach://")] == content
    assert all(length > size for length in seen.lengths)


async def test_a_form_without_files_stays_as_it_is(wire):
    seen, bot = wire
    await bot(SendMessage(chat_id=7, text="hello"))
    assert seen.types == ["application/x-www-form-urlencoded"]


def form(content):
    made = FormData()
    for name in ("one", "two", "three"):
        made.add_field(name, name)
    made.add_field("file", FileBody(content), filename="a.bin")
    return GatheredForm(made)


async def test_a_small_form_is_one_piece():
    writer, body = Recorder(), form(io.BytesIO(b"abc"))()
    await body.write(writer)
    assert len(writer.pieces) == 1
    assert body.size == len(writer.pieces[0])


async def test_a_large_file_is_not_read_at_once():
    writer, body = Recorder(), form(io.BytesIO(b"x" * 1_000_000))()
    await body.write(writer)
    assert body.size == sum(map(len, writer.pieces))
    assert max(map(len, writer.pieces)) < 300_000
