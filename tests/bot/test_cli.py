"""The command line: exit codes, what goes to which stream, and how little it imports."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from bot.cli import COMMANDS, main
from bot.settings import SettingsError
from bot.settings.errors import Fault
from replicate_gateway.presets import load_presets

ROOT = Path(__file__).parents[2]
HEAVY = ["aiogram", "aioboto3", "aiohttp", "botocore", "httpx", "pydantic", "replicate", "structlog"]


@pytest.fixture(autouse=True)
def empty_environment(tmp_path, monkeypatch):
    """No `.env` and no variable of the machine decides a test."""
    monkeypatch.chdir(tmp_path)
    for name in ("BOT_TOKEN", "QUEUE_URL", "PORT", "LOG_LEVEL", "LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    yield
    structlog.reset_defaults()


def run(*arguments, **environ):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys, runpy\nsys.argv = ['bot', '--help']\n"
        "try: runpy.run_module('bot', run_name='__main__', alter_sys=False)\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    answer = run("-c", code)
    assert answer.returncode == 0
    assert answer.stderr.strip() == "[]"
    assert all(name in answer.stdout for name in COMMANDS if name != "serve")


@pytest.mark.parametrize("arguments", [["dance"], ["demo"], ["demo", "--photo", "a.jpg"], ["doctor", "--xml"]])
def test_wrong_arguments_end_with_usage_and_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_wrong_settings_end_with_their_lines_and_code_2():
    answer = run("-m", "bot", PORT="x", TIMEZONE="Mars")
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert [line.partition(":")[0] for line in answer.stderr.splitlines()] == ["PORT", "TIMEZONE"]


def test_settings_come_from_the_env_file_of_the_working_directory(tmp_path, capsys):
    (tmp_path / ".env").write_text("PORT=x\n")
    assert main([], {}) == 2
    assert "PORT: got 'x'" in capsys.readouterr().err


def test_a_worker_without_a_queue_says_what_it_needs(capsys):
    assert main(["worker"], {}) == 2
    captured = capsys.readouterr()
    assert "QUEUE_URL" in captured.err
    assert "python -m bot" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "command", "parsed"),
    [
        ([], "serve", {}),
        (["doctor"], "doctor", {"json": False}),
        (["doctor", "--json"], "doctor", {"json": True}),
        (["init-storage"], "init-storage", {}),
        (["demo", "--photo", "in.jpg", "--out", "out.jpg"], "demo", {"photo": Path("in.jpg"), "out": Path("out.jpg")}),
    ],
)
def test_the_named_command_gets_settings_and_arguments_and_its_code_is_the_exit_code(arguments, command, parsed):
    seen = []

    async def record(settings, namespace):
        seen.append((settings.port, {name: getattr(namespace, name) for name in parsed}))
        return 7

    assert main(arguments, {command: record}) == 7
    assert seen == [(8000, parsed)]


async def _crash(settings, arguments):
    raise OSError("cannot reach https://api.telegram.org/bot4242424242:AAbench-bench-bench-bench-bench-ben/getMe")


async def _log(settings, arguments):
    structlog.get_logger().info("hello_said")
    return 0


def test_a_crash_is_one_redacted_log_line_and_code_1(capsys, monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "json")
    assert main([], {"serve": _crash}) == 1
    captured = capsys.readouterr()
    [line] = [json.loads(line) for line in captured.out.splitlines()]
    assert (line["event"], line["command"]) == ("command_failed", "serve")
    assert "OSError" in line["exception"]
    assert "AAbench" not in captured.out + captured.err


def test_a_setting_that_only_the_command_finds_wrong_ends_with_its_line_and_code_2(capsys):
    async def serve(settings, arguments):
        raise SettingsError([Fault("SOME_NAME", "this", "that")])

    assert main([], {"serve": serve}) == 2
    assert capsys.readouterr().err == "SOME_NAME: got this, wants that\n"


def test_what_only_the_operator_can_mend_is_one_line_without_a_traceback(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("LOG_FORMAT", "json")

    async def command(settings, arguments):
        load_presets(tmp_path / "none.toml")

    assert main(["doctor"], {"doctor": command}) == 2
    captured = capsys.readouterr()
    (line,) = map(json.loads, captured.err.splitlines())
    assert line["event"] == "presets_not_usable"
    assert "exception" not in line
    assert captured.out == ""


def test_a_doubtful_name_in_the_environment_is_one_warning_without_its_value(capsys, monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "json")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "value-of-somebody-else")
    main([], {"serve": _log})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line["event"] == "setting_name_doubtful" and "BOT" in line["name"]]
    assert (line["level"], line["name"]) == ("warning", "TELEGRAM_BOT_TOKEN")
    assert "BOT_TOKEN" in line["fix"]
    assert "somebody" not in str(lines)


def test_a_service_logs_to_stdout_and_a_tool_keeps_stdout_for_its_answer(capsys):
    main([], {"serve": _log})
    assert "hello_said" in capsys.readouterr().out
    main(["doctor"], {"doctor": _log})
    captured = capsys.readouterr()
    assert "hello_said" in captured.err
    assert captured.out == ""


def test_closed_standard_streams_do_not_keep_it_from_running():
    """libuv aborts where a socket has one of their numbers."""
    code = (
        "import asyncio, sys\nfrom bot.cli import main\n"
        "async def serve(settings, arguments):\n"
        "    server = await asyncio.start_server(print, '127.0.0.1', 0)\n    server.close()\n"
        "    await server.wait_closed()\n    return 7\n"
        "sys.exit(main([], {'serve': serve}))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "CODE": code}
    command = f'exec "{sys.executable}" -c "$CODE" <&- >&- 2>&-'
    ended = subprocess.run(["sh", "-c", command], env=environment, timeout=30, check=False)
    assert ended.returncode == 7


def test_an_interrupt_from_the_keyboard_ends_with_130():
    code = (
        "import asyncio, signal, sys\nfrom bot.cli import main\n"
        # A shell's background jobs are born deaf to it, and the tests may run in one.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "async def serve(settings, arguments):\n    print('ready', flush=True)\n    await asyncio.Event().wait()\n"
        "sys.exit(main([], {'serve': serve}))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")
