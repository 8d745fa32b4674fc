"""`python -m tests.support.crashing_bot FD [MODULE ...]`: the bot as a real process that dies where it is told to.

Importing the bot takes seconds and a crash test starts it hundreds of times. So this process imports everything once
and forks a child per run, before there is any thread or event loop; each MODULE is something that the bot would import
only once it knows its settings.

It listens on the Unix socket FD that it has inherited. A connection is one run: the client sends the environment as a
line of JSON, gets a line with the pid, and a line with the exit status when the run has ended; when the connection is
closed first, the run is killed. When stdin ends, so does this process with all its runs.
"""

import asyncio
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random

from aiogram.methods import DeleteMessages, EditMessageText, GetFile, GetMe, Response, SendMediaGroup, SendMessage

import bot.composition.jobs
import bot.jobs.steps.find_orphan
import bot.serving
import bot.work_queue.redis_streams
import replicate_gateway.gateway  # noqa: F401 - the bot imports it when it opens Replicate, which every run does
import storage.files
from bot.app import Overrides, create_app
from bot.log_config import configure_logging
from bot.settings import load_settings
from bot.telegram.catalogues import FALLBACK
from bot.telegram.session import TelegramSession
from bot.telegram.wording import text
from storage.files import open_file_store
from tests.support.certificates import read_certificates_once
from tests.support.crash_points import CrashPoints, watch

# What this launcher reads from the environment beside the bot's own settings.
CRASH_AT, CRASH_LOG, CRASH_TRACE = "CRASH_AT", "CRASH_LOG", "CRASH_TRACE"
GRACE_S, FILES_URL, BOT_LOG, GATHER_S = "CRASH_GRACE_S", "CRASH_FILES_URL", "CRASH_BOT_LOG", "CRASH_GATHER_S"
ROLE, LEASE_S = "CRASH_ROLE", "CRASH_LEASE_S"


class _Impatient(Random):
    """Jitter that picks a wait near the lower end."""

    def random(self) -> float:
        return 0.02


def run_bot(environ: Mapping[str, str]) -> int:
    """Serve, or work, with these settings until stopped, or until the point where it shall die."""
    settings = load_settings(environ, env_file=None)
    trace = environ.get(CRASH_TRACE)
    points = CrashPoints(environ.get(CRASH_AT, ""), Path(environ[CRASH_LOG]), Path(trace) if trace else None)
    bot.composition.jobs.assemble = watch(bot.composition.jobs.assemble, points)
    overrides = Overrides(random=_Impatient(), gather_s=float(environ.get(GATHER_S, "0.2")), profile=False)
    bot.serving.create_app = partial(create_app, overrides=overrides)
    if GRACE_S in environ:
        bot.jobs.steps.find_orphan.GRACE_S = bot.jobs.steps.find_orphan.CALL_S = float(environ[GRACE_S])
    if LEASE_S in environ:
        bot.work_queue.redis_streams.LEASE_S = float(environ[LEASE_S])
    if FILES_URL in environ:
        _serve_files_elsewhere(environ[FILES_URL])
    writer = configure_logging(settings.log_level, "json", settings.secret_values(), stream=sys.stdout)
    try:
        run = bot.serving.work if environ.get(ROLE) == "worker" else bot.serving.serve
        return asyncio.run(run(settings))
    finally:
        writer.close()


def _serve_files_elsewhere(url: str) -> None:
    """Links to stored files lead to a web server of their own, which does not die with the bot."""

    def opened(root, *, public_url, **options):
        return open_file_store(root, public_url=url, **options)

    storage.files.open_file_store = opened


class Launcher:
    """Forks runs, and tells their clients how they ended."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._runs: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._bell, self._rung = socket.socketpair()
        self._rung.setblocking(False)
        signal.set_wakeup_fd(self._rung.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler nothing is written to the wakeup fd

    def serve(self) -> None:
        """Until stdin ends."""
        for source in (sys.stdin, self._door, self._bell):
            self._selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    return self._end()
                if key.fileobj is self._door:
                    self._start(self._door.accept()[0])
                elif key.fileobj is self._bell:
                    self._bell.recv(4096)
                    self._reap()
                else:
                    self._abandon(key.fileobj)

    def _start(self, client: socket.socket) -> None:
        with client.makefile("rb") as lines:
            line = lines.readline()
        if not line:  # gave up before it began
            return client.close()
        pid = os.fork()
        if pid == 0:
            self._become(client, json.loads(line))
        self._runs[pid] = client
        self._selector.register(client, selectors.EVENT_READ)
        _say(client, pid)
        return None

    def _become(self, client: socket.socket, environ: Mapping[str, str]) -> None:
        """The child's way, which does not return."""
        code = 70
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for inherited in (client, self._door, self._bell, self._rung, self._selector, *self._runs.values()):
                inherited.close()
            log = os.open(environ[BOT_LOG], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.dup2(log, 1)
            os.dup2(log, 2)
            code = run_bot(environ)
        except BaseException:  # noqa: BLE001 - whatever it is, the child must not go on as a launcher
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        while self._runs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            client = self._runs.pop(pid)
            self._selector.unregister(client)
            _say(client, os.waitstatus_to_exitcode(status))
            client.close()

    def _abandon(self, client: object) -> None:
        """Nobody waits for this run any more."""
        for pid, known in self._runs.items():
            if known is client:
                os.kill(pid, signal.SIGKILL)
        with suppress(OSError):
            client.recv(1)

    def _end(self) -> None:
        for pid in self._runs:
            os.kill(pid, signal.SIGKILL)


def _say(client: socket.socket, number: int) -> None:
    with suppress(OSError):  # the client has lost interest; its run is killed when that shows on the connection
        client.sendall(b"%d\n" % number)


def made_once() -> list[object]:
    """What a bot makes on its first use, for as long as this is held: so no run has to."""
    read_certificates_once()
    session = TelegramSession()
    text("result_partial", FALLBACK, n=2)  # reads the sentences, and how numbers are written
    methods = (DeleteMessages, EditMessageText, GetFile, GetMe, SendMediaGroup, SendMessage)
    return [session, *(Response[method.__returning__] for method in methods)]


if __name__ == "__main__":
    for module in sys.argv[2:]:
        import_module(module)
    held = made_once()
    gc.freeze()  # what is imported stays shared between all runs
    Launcher(socket.socket(fileno=int(sys.argv[1]))).serve()
