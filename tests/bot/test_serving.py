"""`python -m bot` as a process of its own: nothing configured, one photo through it, and how it ends."""

import asyncio
import errno
import json
import os
import resource
import signal
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.composition.adapters import open_store
from bot.operator_errors import report_operator_errors
from bot.serving import _allow_connections, serve
from bot.settings import Settings
from mock_server.telegram.client import connect
from tests.support import pictures
from tests.support.darkroom import open_world
from tests.support.ports import free_port
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


class Process:
    """The process, and what it logged so far."""

    def __init__(self, process, port, sandbox_port):
        self.process, self.port, self.sandbox_port = process, port, sandbox_port
        self.lines = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self):
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def events(self):
        return [line["event"] for line in self.lines]

    async def until(self, event):
        async with asyncio.timeout(PATIENCE_S):
            while raw := await self.process.stdout.readline():
                self.lines.append(json.loads(raw))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
        raise AssertionError(f"no {event} in {self.events}; {(await self.process.stderr.read()).decode()}")

    async def end(self, number=None):
        """Send a signal, wait for the end, read the rest; gives exit code and stderr."""
        if number is not None:
            self.process.send_signal(number)
        out, err = await asyncio.wait_for(self.process.communicate(), PATIENCE_S)
        self.lines += [json.loads(line) for line in out.splitlines()]
        return self.process.returncode, err.decode()


@asynccontextmanager
async def started(tmp_path, **environ):
    port, sandbox_port = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "debug",
        **environ,
    }
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    arguments = [sys.executable, "-W", "error::ResourceWarning", "-m", "bot"]
    process = await asyncio.create_subprocess_exec(*arguments, env=environment, cwd=tmp_path, **pipes)
    try:
        yield Process(process, port, sandbox_port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def get(url):
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.json()


async def photo_through(bot):
    """One person, one photo, by the emulator's HTTP control surface; gives the result when it is all that is left."""
    async with connect(bot.page) as telegram:
        person = await telegram.add_user("Ada")
        await person.send_photo(pictures.jpeg(160, 120))
        return await person.until(lambda: only_the_result(person), "result alone", within=PATIENCE_S)


def only_the_result(person):
    shown = person.bot_messages
    return shown[0] if len(shown) == 1 and shown[0].photo else None


@pytest.mark.timeout(240)
async def test_it_serves_a_photo_keeps_its_port_from_a_second_one_and_ends_cleanly_on_sigterm(tmp_path):
    async with started(tmp_path) as bot:
        opened = await bot.until("sandbox_opened")
        assert opened["chat_page"] == bot.page
        await bot.until("bot_started")
        assert await get(f"{bot.url}/healthz") == (200, {"status": "alive"})
        assert (await get(f"{bot.url}/readyz"))[0] == 200
        result = await photo_through(bot)
        assert "Done" in result.caption
        async with started(tmp_path, PORT=str(bot.port), DATA_DIR="other") as second:
            assert await second.end() == (1, "")
        began = asyncio.get_running_loop().time()
        code, err = await bot.end(signal.SIGTERM)
        assert asyncio.get_running_loop().time() - began < 10
    assert (code, err) == (0, "")
    assert "bot_stopping" in bot.events
    (starting,) = [line for line in bot.lines if line["event"] == "bot_starting"]
    assert starting["sandbox"] is True
    assert not {"bot_token", "replicate_api_token"} & starting.keys(), "as configured: nothing is"
    assert bot.events[-1] == "queue_drained"
    assert [line for line in bot.lines if line["level"] in {"warning", "error"}] == []
    assert not any("deleteWebhook" in str(line) or line["event"] == "long_polling_chosen" for line in bot.lines)
    assert (tmp_path / "data" / "jobs").is_dir()
    (error,) = (line for line in second.lines if line["level"] == "error")
    assert error["event"] == "port_not_free"
    assert "in use" in error["error"]


async def test_a_wrong_setting_is_one_line_and_exit_code_2(tmp_path):
    async with started(tmp_path, PRESIGNED_URL_TTL_S="soon") as bot:
        code, err = await bot.end()
    assert code == 2
    assert err.count("\n") == 1
    assert err.startswith("PRESIGNED_URL_TTL_S: got 'soon'")
    assert bot.lines == []


def sandbox_settings(tmp_path, *, page=0):
    return Settings(port=free_port(), data_dir=tmp_path).model_copy(update={"sandbox_port": page})


@asynccontextmanager
async def serving(settings):
    """The same in this process, where starting takes no second; gives the task and its log once it has started."""
    with capture_logs() as lines:
        task = asyncio.create_task(serve(settings))
        try:
            await eventually(lambda: task.done() or any(line["event"] == "bot_started" for line in lines), within=20)
            yield task, lines
        finally:
            task.cancel()
            await asyncio.wait([task])
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().remove_signal_handler(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_either_signal_ends_it_cleanly(tmp_path, number):
    async with serving(sandbox_settings(tmp_path)) as (task, _):
        os.kill(os.getpid(), number)
        assert await asyncio.wait_for(task, 10) == 0


def starts(lines):
    return [line["event"] for line in lines].count("bot_started")


async def test_the_pages_switch_starts_the_bot_anew_and_a_job_goes_on(tmp_path):
    async with serving(sandbox_settings(tmp_path)) as (task, lines):
        page = next(line["chat_page"] for line in lines if line["event"] == "sandbox_opened")
        async with connect(page) as telegram, aiohttp.ClientSession(f"{page}/control/neighbours/Replicate/") as models:
            await (await models.put("scenario", json={"scenario": "held"})).read()
            person = await telegram.add_user("Ada")
            await person.send_photo(pictures.jpeg(160, 120))
            await person.expect(button="✖ Cancel")
            await telegram.restart_bot(pause_s=0.01)
            await eventually(lambda: starts(lines) == 2, within=20)

            async def let_go():
                return (await (await models.post("release")).json())["released"]

            await eventually(let_go, within=20)
            await person.until(lambda: only_the_result(person), "result alone", within=20)
            assert person.pings == 1
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(task, 10) == 0


async def test_told_to_stop_while_it_is_down_it_does_not_start_again(tmp_path):
    async with serving(sandbox_settings(tmp_path)) as (task, lines):
        page = next(line["chat_page"] for line in lines if line["event"] == "sandbox_opened")
        async with connect(page) as telegram:
            await telegram.restart_bot(pause_s=60)
            await eventually(lambda: any(line["event"] == "queue_drained" for line in lines))
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(task, 10) == 0
        assert starts(lines) == 1


async def refusal(settings):
    """The one error line of a start that cannot succeed."""
    with capture_logs() as lines:
        assert await report_operator_errors(serve(settings), settings) == 1
    (error,) = (line for line in lines if line["log_level"] == "error")
    return error["event"], str(error)


async def test_what_the_system_refuses_a_running_bot_is_not_taken_for_a_port():
    """It was said to be one, without a traceback, and nobody looked for what was missing."""

    async def running():
        raise OSError(errno.EMFILE, "Too many open files")

    with pytest.raises(OSError, match="Too many"):
        await report_operator_errors(running(), Settings())


async def test_a_taken_port_is_one_error_line_that_names_it_and_its_setting(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        page = await refusal(sandbox_settings(tmp_path, page=port))
        own = await refusal(sandbox_settings(tmp_path).model_copy(update={"port": port}))
    assert page[0] == own[0] == "port_not_free"
    assert f"127.0.0.1:{port} is in use" in page[1]
    assert "'SANDBOX_PORT: name another port" in page[1]
    assert "'PORT: name another port" in own[1]


@pytest.mark.parametrize("host", ["10.99.99.99", "nosuch.invalid"])
async def test_a_host_that_is_not_here_is_told_from_a_taken_port(tmp_path, host):
    event, line = await refusal(sandbox_settings(tmp_path).model_copy(update={"host": host}))
    assert event == "address_not_usable"
    assert f"{host} is no address of this machine" in line
    assert "HOST: name an address" in line


async def test_a_storage_directory_in_use_is_one_error_line(tmp_path):
    settings = sandbox_settings(tmp_path)
    async with open_store(settings):
        event, line = await refusal(settings)
    assert event == "storage_not_usable"
    assert "another process" in line


async def test_a_wrong_token_is_one_error_line_that_says_where_to_get_a_right_one(tmp_path):
    async with open_world() as world:
        wrong = SecretStr("4242424242:AAwrong-token-of-a-bot-that-is-not-here")
        event, line = await refusal(world.settings(tmp_path, bot_token=wrong))
    assert event == "bot_token_refused"
    assert "@BotFather" in line
    assert "AAwrong" not in line


def test_it_may_open_as_many_connections_as_the_system_allows():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 256), hard))
        _allow_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
