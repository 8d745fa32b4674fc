"""`python -m bot demo`: one photo through the whole flow, over real HTTP, with every outside party built in."""

import asyncio
import io
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web
from PIL import Image

from bot.app import Overrides, create_app
from bot.sandbox import with_built_in_parties
from bot.settings import Settings
from mock_server.replicate.config import MockReplicateConfig
from mock_server.sandbox import Sandbox
from mock_server.telegram.actors import ExpectationError, User
from mock_server.telegram.chats import Message

WITHIN_S = 120.0
_HOST = "127.0.0.1"
_EXIT_OK, _EXIT_FAILED = 0, 1
_MAX_PHOTO_BYTES = 50_000_000
# A demonstration shall show waiting, not make people wait.
_MODEL_DELAY_S = (1.0, 2.0)


async def run_demo(settings: Settings, photo: Path, out: Path) -> int:
    """Send `photo` as a person would, put the result into `out`, print what happened when; returns the exit code."""
    if not await asyncio.to_thread(out.parent.is_dir):
        return _say_failed(f"{out}: no such folder")
    try:
        body = await asyncio.to_thread(_read, photo)
    except OSError as error:
        return _say_failed(f"{photo}: {error.strerror}")
    mock = MockReplicateConfig(delay_s=_MODEL_DELAY_S)
    with tempfile.TemporaryDirectory(prefix="darkroom-demo-") as directory, open_door() as door:
        alone = _settings_of_its_own(settings, Path(directory), door)
        async with with_built_in_parties(alone, mock=mock) as (complete, sandbox):
            runner = web.AppRunner(create_app(complete, Overrides(profile=False)), access_log=None)
            await runner.setup()
            try:
                await web.SockSite(runner, door).start()
                return await _one_photo(sandbox, body, photo.name, out)
            finally:
                await runner.cleanup()


async def _one_photo(sandbox: Sandbox, body: bytes, name: str, out: Path) -> int:
    if sandbox.telegram is None:
        raise ValueError("the demo has a Telegram of its own")
    person = sandbox.telegram.control.add_user("Ada", language_code="en")
    await person.send_photo(body, as_file=True, filename=name)
    try:
        # The status message is taken away last, so what is left then is the answer.
        answer = await person.until(lambda: _only_answer(person), "result", within=WITHIN_S)
    except ExpectationError as error:
        return _say_failed(str(error))
    finally:
        _print(_timeline(sandbox))
    if not (answer.photo or answer.document):
        return _say_failed(answer.all_text)
    picture = await person.download(answer)
    await asyncio.to_thread(out.write_bytes, picture)
    _print([f"{answer.all_text}\nresult: {out} ({_described(picture)})"])
    return _EXIT_OK


def _described(picture: bytes) -> str:
    """Telegram makes a JPEG of every photo, whatever the name of the file says."""
    with Image.open(io.BytesIO(picture)) as opened:
        return f"{opened.format}, {opened.width}x{opened.height}"


def _only_answer(person: User) -> Message | None:
    messages = person.bot_messages
    waiting = [one for message in messages for one in message.buttons() if "cancel" in one.get("callback_data", "")]
    return messages[0] if len(messages) == 1 and not waiting else None


def _read(photo: Path) -> bytes:
    with photo.open("rb") as file:
        return file.read(_MAX_PHOTO_BYTES)  # more than the bot takes, so that it can say so


def open_door() -> socket.socket:
    """Where the bot can be called; listening already, so that nobody else takes the port that others are told of."""
    return socket.create_server((_HOST, 0))


def _settings_of_its_own(settings: Settings, directory: Path, door: socket.socket) -> Settings:
    """Nothing of a configured bot is touched: own token, own folder, free ports."""
    host, port = door.getsockname()
    changes: dict[str, object] = {
        "bot_token": None,
        "base_url": None,
        "replicate_mode": "mock",
        "replicate_base_url": None,
        "s3_bucket": None,
        "queue_url": None,
        "allowed_ids": frozenset(),
        "data_dir": directory,
        "host": host,
        "port": port,
        "sandbox_port": 0,
    }
    return settings.model_copy(update=changes)


def _timeline(sandbox: Sandbox) -> Iterable[str]:
    """What went over the wire, from the journals of both outside parties."""
    rows: list[tuple[float, str]] = []
    if sandbox.telegram:
        control = sandbox.telegram.control
        rows += [(c.at, f"bot -> Telegram    {c.method} ({c.status})") for c in control.calls]
        rows += [(d.at, f"Telegram -> bot    update ({d.status}, {d.took_ms:.0f} ms)") for d in control.deliveries]
    if sandbox.replicate:
        mock = sandbox.replicate.control
        rows += [(c.at, f"bot -> Replicate   {c.method} {c.path} ({c.status})") for c in mock.calls]
        rows += [(d.at, f"Replicate -> bot   {d.event} ({d.status})") for d in mock.deliveries]
    rows.sort()
    return [f"{at - rows[0][0]:7.3f} s  {what}" for at, what in rows]


def _say_failed(why: str) -> int:
    _print([f"demo failed: {why}"])
    return _EXIT_FAILED


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)  # noqa: T201 - the command's output
