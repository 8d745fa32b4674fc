"""The outside of a crash test: starts, kills and restarts the bot, lives on meanwhile, and takes stock at the end."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from bot import app_keys
from bot.composition.adapters import file_link_key
from bot.http_api import files as file_routes
from bot.refused_requests import RefusedRequests
from bot.settings import Settings
from mock_server.telegram.actors import User
from mock_server.telegram.chats import Message
from storage.file_tree import FileTree
from storage.files import FileStore
from tests.support.darkroom import World
from tests.support.flow import records, stored
from tests.support.ports import free_port
from tests.support.waiting import eventually
from tests.support.web_servers import listening

ROOT = Path(__file__).parents[2]
# Long, for a busy machine: what is never reached takes this long to fail.
_PATIENCE_S = 40.0
TERMINAL = {"completed", "failed", "canceled"}


class BotProcess:
    """One run of the bot."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid, self._reader, self._writer = pid, reader, writer

    def kill(self) -> None:
        with suppress(ProcessLookupError):  # it was faster
            os.kill(self.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """The exit code, or minus the number of the signal."""
        async with asyncio.timeout(_PATIENCE_S):
            status = int(await self._reader.readline())
        await self.abandon()
        return status

    async def abandon(self) -> None:
        """Let go of it; it is killed if it still runs."""
        self._writer.close()
        await self._writer.wait_closed()


class Starter:
    """Where `tests.support.crashing_bot` listens."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def start(self, environ: Mapping[str, str]) -> BotProcess:
        reader, writer = await asyncio.open_unix_connection(self._path)
        writer.write(json.dumps(environ).encode() + b"\n")
        return BotProcess(int(await reader.readline()), reader, writer)


@contextmanager
def starter(*modules: str) -> Iterator[Starter]:
    """The process that forks bots, until the block is left; it imports while the caller goes on."""
    with tempfile.TemporaryDirectory(prefix="bots-") as folder, socket.socket(socket.AF_UNIX) as door:
        path = Path(folder) / "door"  # short: socket paths end at about a hundred characters
        door.bind(str(path))
        door.listen(100)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.crashing_bot", str(door.fileno()), *modules],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            pass_fds=[door.fileno()],
        )
        door.close()  # it is theirs: should they end, whoever calls is refused
        with process:
            try:
                yield Starter(path)
            finally:
                assert process.stdin
                process.stdin.close()


@dataclass(frozen=True, slots=True)
class Sent:
    """A photo that somebody sent."""

    person: User
    message: Message

    @property
    def answers(self) -> list[Message]:
        """All that the bot ever wrote about it, deleted or not."""
        messages = self.person.chat.messages.values()
        return [m for m in messages if m.is_from_bot and m.reply_to is self.message]

    @property
    def results(self) -> list[Message]:
        """The pictures that the person sees."""
        return [m for m in self.answers if m.photo and not m.deleted]

    @property
    def waiting(self) -> list[Message]:
        """Status messages that the person still sees."""
        return [m for m in self.answers if not (m.photo or m.document or m.deleted)]

    @property
    def pings(self) -> int:
        """How many of the answers were new messages that notify; an album does so once."""
        return len({m.media_group_id or m.message_id for m in self.answers if not m.silent})

    @property
    def reports(self) -> list[Message]:
        """The pages about the job that the person sees."""
        documents = [m for m in self.answers if m.document and not m.deleted]
        return [m for m in documents if m.document and m.document.name.endswith(".pdf")]


@dataclass
class Scene:
    """One bot's outside: it survives whatever happens to the bot."""

    world: World
    settings: Settings
    folder: Path
    starter: Starter
    extra: dict[str, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    deaths: list[float] = field(default_factory=list)
    runs: list[BotProcess] = field(default_factory=list)

    async def start(self, at: str = "", *, trace: bool = False, role: str = "bot") -> BotProcess:
        """The bot, or a worker, armed for the point `at`."""
        environ = environment(self.settings) | self.extra | {"CRASH_ROLE": role}
        if role == "worker":
            del environ["PORT"]
        environ |= {"CRASH_AT": at, "CRASH_LOG": str(self._crash_log), "CRASH_BOT_LOG": str(self.folder / "bot.log")}
        if trace:
            environ["CRASH_TRACE"] = str(self._trace)
        bot = await self.starter.start(environ)
        self.runs.append(bot)
        return bot

    async def died(self, bot: BotProcess) -> int:
        """How it ended, once it has."""
        status = await bot.ended()
        self.runs.remove(bot)
        self.deaths.append(time.time())
        return status

    async def send(self, person: User, photo: bytes, *, caption: str = "") -> Sent:
        sent = Sent(person, await person.send_photo(photo, caption=caption))
        self.sent.append(sent)
        return sent

    async def send_album(self, person: User, photos: list[bytes]) -> Sent:
        first, *_ = await person.send_album(photos)
        sent = Sent(person, first)
        self.sent.append(sent)
        return sent

    @property
    def crashed_at(self) -> list[str]:
        """The points where it died, one per death."""
        return _lines(self._crash_log)

    @property
    def traced(self) -> list[str]:
        """The points that were passed, each once."""
        return list(dict.fromkeys(_lines(self._trace)))

    def said(self, *events: str) -> bool:
        """Whether each of these events stands somewhere in the logs."""
        text = "\n".join(_lines(self.folder / "bot.log"))
        return all(f'"{event}"' in text for event in events)

    @property
    def log(self) -> str:
        """The end of what the bot said."""
        return "\n".join(_lines(self.folder / "bot.log")[-40:])

    @property
    def _crash_log(self) -> Path:
        return self.folder / "crashes"

    @property
    def _trace(self) -> Path:
        return self.folder / "trace"


@asynccontextmanager
async def scene(world: World, bots: Starter, folder: Path, **changes: Any) -> AsyncIterator[Scene]:
    """The world with a place to run bots in. With file storage the links in it survive a crash, as those of S3 do."""
    port = free_port()
    changes = {"port": port, "base_url": f"http://127.0.0.1:{port}"} | changes
    settings = world.settings(folder / "data", **changes)
    made = Scene(world, settings, folder, bots, {"CRASH_GRACE_S": "0.3"})
    try:
        if settings.s3_bucket:
            yield made
        else:
            async with file_server(settings) as url:
                made.extra["CRASH_FILES_URL"] = url
                yield made
    finally:
        for run in made.runs:
            await run.abandon()


@asynccontextmanager
async def file_server(settings: Settings) -> AsyncIterator[str]:
    """A web server for the links to stored files, beside the bot; as a proxy in front of it may be."""
    with ThreadPoolExecutor(2, thread_name_prefix="file-server") as pool:
        key = file_link_key(settings)
        store = FileStore(FileTree(settings.data_dir), pool, public_url="", signing_key=key, clock=time.time)
        app = web.Application()
        file_routes.add_routes(app)
        app[app_keys.FILE_LINKS] = app_keys.FileLinks(key, store.resolve)
        app[app_keys.REFUSED_REQUESTS] = RefusedRequests()
        async with listening(app) as url:
            yield url


def environment(settings: Settings) -> dict[str, str]:
    """The variables that give these settings."""
    return {name.upper(): _text(getattr(settings, name)) for name in settings.model_fields_set}


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(_text, value)) if isinstance(value, tuple | frozenset) else str(value)


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []


async def closed(at: Scene, within: float = _PATIENCE_S) -> None:
    """Wait until every photo has a terminal record, and no job is open. For file storage."""
    data = at.settings.data_dir

    def done() -> bool:
        # A record comes to be beside its marker, and perhaps before it.
        if len(stored(data, "jobs")) < len(at.sent) or stored(data, "open"):
            return False
        return {record.get("status") for record in records(data)} <= TERMINAL

    await eventually(done, within=within, because="all jobs are closed")
