"""The emulator as a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from mock_server.telegram.__main__ import main
from mock_server.telegram.client import connect

ROOT = Path(__file__).parents[3]


async def started(*arguments, **environ):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ}
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    command = [sys.executable, "-m", "mock_server.telegram", *arguments]
    return await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT, **pipes)


async def test_it_says_where_it_is_serves_a_client_and_ends_on_sigterm():
    process = await started("--port", "0", "--flood", "harsh", "--group-privacy")
    first = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    async with connect(first.split()[3]) as telegram:
        anna = await telegram.add_user()
        await anna.send_text("hello")
        assert [message.text for message in anna.messages] == ["hello"]
    process.send_signal(signal.SIGTERM)
    rest, errors = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, errors) == (0, b"")
    assert b"bot token     4200000042:SANDBOX" in rest


def test_beside_a_real_token_it_does_not_start(monkeypatch, capsys):
    monkeypatch.setenv("BOT_TOKEN", "4242424242:AAtoken-of-a-real-bot")
    assert main(["--port", "0"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("BOT_TOKEN is set")
    assert "AAtoken" not in said.err + said.out


def test_a_taken_port_is_one_line(monkeypatch, capsys):
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 2
    assert "in use" in capsys.readouterr().err
