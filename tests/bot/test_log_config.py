"""What reaches the log, in which form, and what never does."""

import asyncio
import errno
import io
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.log_config import LineWriter, configure_logging, log_trouble, process_name
from bot.redaction import REDACTED, Redactor

ROOT = Path(__file__).parents[2]
TOKEN = "4242424242:AAbench-bench-bench-bench-bench-ben"
CONFIGURED = "configured secret value"


@pytest.fixture(autouse=True)
def restored_logging():
    """Logging is global to the process: whatever a test configures is undone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in list(logging.root.manager.loggerDict)}
    yield
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


class Log:
    def __init__(self, level="info", fmt="json", secrets=(CONFIGURED,), process=None):
        root = logging.getLogger()  # pytest's own handlers would render every record too, and fail differently
        root.handlers[:] = [handler for handler in root.handlers if type(handler).__module__ == "bot.log_config"]
        self.stream = io.StringIO()
        self.writer = configure_logging(level, fmt, secrets, stream=self.stream, process=process)
        self.log = structlog.get_logger()

    def text(self):
        self.writer.close()
        return self.stream.getvalue()

    def lines(self):
        return [json.loads(line) for line in self.text().splitlines()]


def test_a_line_is_json_with_time_level_and_event_first():
    log = Log()
    log.log.info("job_recorded", job_id="j1", duration_ms=1.5)
    [text] = log.text().splitlines()
    line = json.loads(text)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "event": "job_recorded",
        "job_id": "j1",
        "duration_ms": 1.5,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_what_is_none_is_left_out(fmt):
    log = Log(fmt=fmt)
    structlog.contextvars.bind_contextvars(update_id=None)
    log.log.info("job_transitioned", code=None, count=0, error="")
    text = log.text()
    assert not {name for name in ("update_id", "code", "None", "null") if name in text}
    assert {name for name in ("count", "error") if name in text} == {"count", "error"}


def test_where_several_processes_share_the_work_each_line_says_who_wrote_it():
    log = Log(process="web-1:17")
    log.log.info("job_transitioned")
    logging.getLogger("somebody").warning("else")
    assert [line["process"] for line in log.lines()] == ["web-1:17"] * 2


def test_the_name_of_a_process_tells_host_and_process():
    assert process_name() == f"{socket.gethostname()}:{os.getpid()}"


def test_context_is_bound_to_the_line_and_the_call_wins_over_it():
    log = Log()
    structlog.contextvars.bind_contextvars(update_id=7, chat_id=1)
    log.log.info("update_received", chat_id=2)
    [line] = log.lines()
    assert (line["update_id"], line["chat_id"]) == (7, 2)


async def test_tasks_inherit_the_context_of_their_creator():
    log = Log()

    async def work():
        log.log.info("job_transitioned")

    structlog.contextvars.bind_contextvars(job_id="j1")
    task = asyncio.create_task(work())
    structlog.contextvars.clear_contextvars()
    await task
    assert log.lines()[0]["job_id"] == "j1"


def test_lines_below_the_level_are_not_made():
    log = Log(level="warning")

    class Loud:
        def __repr__(self):
            raise AssertionError("rendered")

    log.log.info("x", value=Loud())
    log.log.warning("y")
    assert [line["event"] for line in log.lines()] == ["y"]


def test_the_console_form_is_text_for_people_without_colours_in_a_file():
    log = Log(fmt="console")
    log.log.warning("result_delivered", job_id="j1")
    text = log.text()
    assert "result_delivered" in text
    assert "job_id=j1" in text
    assert "\x1b" not in text


def test_without_a_named_form_a_pipe_gets_json():
    log = Log(fmt=None)
    log.log.info("x")
    assert log.lines()[0]["event"] == "x"


def test_without_a_named_form_a_terminal_gets_the_console_form():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    writer = configure_logging("info", None, stream=stream)
    structlog.get_logger().info("x_done")
    writer.close()
    assert "x_done" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


# ---------------------------------------------------------------- redaction

LEAKS = {
    "telegram token in a URL": (f"https://api.telegram.org/bot{TOKEN}/getMe", "AAbench"),
    "telegram token of a file URL": (f"https://api.telegram.org/file/bot{TOKEN}/photos/1.jpg", "AAbench"),
    "telegram token, quoted": ("https://x/?u=4242424242%3AAAbench-bench-bench-bench-bench-ben", "AAbench"),
    "replicate token": ("401 for r8_0123456789abcdef0123456789abcdef01234", "0123456789"),
    "replicate token on a line of its own": ("first line\nr8_0123456789abcdef", "0123456789"),
    "webhook secret": ("key whsec_YmVuY2gtd2ViaG9vay1zaWduaW5nLXNlY3JldC0zMmI= here", "YmVuY2g"),
    "presigned URL, version 4": (
        "https://s3/b/k?X-Amz-Credential=AKIA%2F1&X-Amz-Date=2&X-Amz-Signature=deadbeef&X-Amz-Security-Token=tok3n",
        "AKIA|deadbeef|tok3n",
    ),
    "presigned URL, version 2": ("https://s3/b/k?AWSAccessKeyId=AKIA&Signature=deadbeef%3D&Expires=1", "AKIA|deadbeef"),
    "signed link to a file of ours": ("http://127.0.0.1/files/images/output/1.jpg?e=99&s=deadbeef", "deadbeef"),
    "signed link, signature first": ("GET /files/images/output/1.jpg?s=deadbeef&e=99", "deadbeef"),
    "signed callback URL": ("https://bot/webhook/replicate?job=1&slot=0&sig=deadbeef", "deadbeef"),
    "password in a URL": ("redis://user:hunter22@cache:6379/0", "hunter22"),
    "password in a URL without a user": ("rediss://:hunter22@cache", "hunter22"),
    "authorization header": ("Authorization: Bearer abcdefgh", "abcdefgh"),
    "configured value": (f"it says {CONFIGURED}!", CONFIGURED),
    "configured value, quoted": ("x=configured%20secret%20value", "configured%20secret"),
}


def fail_in_two_steps(text):
    try:
        raise ValueError(text)  # noqa: TRY301 - two chained errors are the point
    except ValueError as error:
        raise RuntimeError("outer") from error


@pytest.mark.parametrize("fmt", ["json", "console"])
@pytest.mark.parametrize(("text", "leak"), LEAKS.values(), ids=LEAKS)
def test_secrets_are_taken_out_wherever_they_stand(text, leak, fmt):
    log = Log(fmt=fmt)

    class Foreign:
        def __repr__(self):
            return f"<answer {text}>"

    log.log.info(text)
    log.log.info("x", value=text)
    log.log.info("x", nested={"a": [{"b": (text,)}], text: 1}, foreign=Foreign())
    structlog.contextvars.bind_contextvars(bound=text)
    try:
        fail_in_two_steps(text)
    except RuntimeError:
        log.log.exception("x")
        logging.getLogger("some.library").exception("got %s", text)
    written = log.text()
    assert not re.search(leak, written)
    assert written.count(REDACTED) >= 7
    assert "outer" in written


@pytest.mark.parametrize(
    "text",
    [
        "550e8400-e29b-41d4-a716-446655440000",
        "images/input/550e8400-e29b-41d4-a716-446655440000.jpg",
        "2026-11-20T10:00:00.123456Z",
        "https://replicate.delivery/pbxt/abc/out.png?size=3&e=5",
        "sczhou/codeformer:7de2ea26c616",
        "http://127.0.0.1:8000/healthz",
        "a=b; s=c",
    ],
)
def test_what_is_no_secret_stays_readable(text):
    assert Redactor([CONFIGURED])(text) == text


def test_values_under_a_secret_name_are_taken_out_whatever_they_look_like():
    clean = Redactor().value({"headers": {"Authorization": "Token x", "Content-Type": "y"}, "token": None})
    assert clean == {"headers": {"Authorization": REDACTED, "Content-Type": "y"}, "token": None}


def test_a_secret_inside_a_longer_secret_leaves_nothing_of_it():
    assert Redactor(["abcdefgh", "abcdefgh-and-more"])("x abcdefgh-and-more y") == f"x {REDACTED} y"


def test_short_configured_values_do_not_blank_out_words():
    assert Redactor(["bench"])("bench bench") == "bench bench"


def test_a_value_nested_without_end_is_still_logged():
    log = Log()
    endless = [CONFIGURED]
    endless.append(endless)
    log.log.info("x", value=endless)
    text = log.text()
    assert CONFIGURED not in text
    assert json.loads(text)["event"] == "x"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(), st.text(), JSON_VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_any_value_makes_one_line_of_json_without_the_secret(before, after, value):
    log = Log()
    log.log.info("x", value=value, text=f"{before}{CONFIGURED}{after}", **{"": f"{before}{TOKEN}"})
    [line] = log.lines()
    assert line["event"] == "x"
    assert CONFIGURED not in line["text"]
    assert TOKEN not in line[""]


# ---------------------------------------------------------------- libraries


def test_records_of_libraries_take_the_same_form():
    log = Log()
    structlog.contextvars.bind_contextvars(job_id="j1")
    logging.getLogger("some.library").warning("slow: %d s", 5)
    [line] = log.lines()
    assert line | {"timestamp": ""} == {
        "timestamp": "",
        "level": "warning",
        "event": "slow: 5 s",
        "logger": "some.library",
        "job_id": "j1",
    }


@pytest.mark.parametrize("name", ["httpx", "aiogram.event", "aiohttp.access", "botocore.endpoint", "some.library"])
def test_libraries_speak_from_warning_on_even_at_debug(name):
    log = Log(level="debug")
    logging.getLogger(name).info("GET https://…")
    logging.getLogger(name).warning("trouble")
    assert [line["event"] for line in log.lines()] == ["trouble"]


def test_libraries_are_no_louder_than_the_configured_level():
    log = Log(level="error")
    logging.getLogger("aiogram.event").warning("x")
    assert log.lines() == []


def test_a_record_whose_arguments_do_not_fit_is_logged_as_it_is():
    log = Log()
    too_few = ("one",)
    logging.getLogger("some.library").warning("%d of %d", *too_few)
    assert log.lines()[0]["event"] == "%d of %d"


def test_the_last_configuration_counts_also_for_loggers_in_use():
    first = Log()
    first.log.info("one")
    second = Log(level="error")
    first.log.info("two")
    first.log.error("three")
    logging.getLogger("some.library").error("four")
    assert [line["event"] for line in first.lines()] == ["one"]
    assert [line["event"] for line in second.lines()] == ["three", "four"]


# ---------------------------------------------------------------- the stream


class Stalled(io.StringIO):
    """A reader that takes nothing until it is released."""

    def __init__(self):
        super().__init__()
        self.entered, self.released = threading.Event(), threading.Event()

    def write(self, text):
        self.entered.set()
        assert self.released.wait(10)
        return super().write(text)


def test_a_stalled_reader_stops_nobody_and_the_gap_is_reported():
    stream = Stalled()
    writer = LineWriter(stream)
    writer.write("first")
    assert stream.entered.wait(5)
    for number in range(10_050):
        writer.write(str(number))
    stream.released.set()
    writer.close()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "first"
    assert json.loads(lines[1]) == {"level": "warning", "event": "log_lines_dropped", "count": 50}
    assert lines[2:] == [str(number) for number in range(10_000)]


def test_a_stream_closed_under_way_is_given_up_and_that_is_said_once(capsys):
    log = Log()
    log.stream.close()
    log.log.info("x")
    log.log.info("y")
    log.writer.close()
    assert capsys.readouterr().err == "the log cannot be written: its reader is gone; nothing more is logged\n"
    assert log_trouble() == "its reader is gone"


class Full(io.StringIO):
    """A disk without room, until there is some."""

    def __init__(self):
        super().__init__()
        self.full, self.refused = True, threading.Event()

    def write(self, text):
        if self.full:
            self.refused.set()
            raise OSError(errno.ENOSPC, "no room")
        return super().write(text)


def test_a_full_disk_is_said_once_on_stderr_and_the_log_goes_on_when_there_is_room(capsys):
    stream = Full()
    writer = LineWriter(stream)
    for line in ("one", "two"):
        stream.refused.clear()
        writer.write(line)
        assert stream.refused.wait(5)
    assert writer.trouble == "No space left on device"
    stream.full = False
    writer.write("three")
    writer.close()
    gap, line = stream.getvalue().splitlines()
    assert json.loads(gap) == {"level": "warning", "event": "log_lines_dropped", "count": 2}
    assert line == "three"
    assert writer.trouble is None
    said = "the log cannot be written: No space left on device; tried again with each line\n"
    assert capsys.readouterr().err == said


def test_closing_twice_and_writing_afterwards_is_harmless():
    log = Log()
    log.writer.close()
    log.writer.close()
    log.log.info("late")
    assert log.stream.getvalue() == ""


PROGRAM = """
import logging, structlog
from bot.log_config import configure_logging
configure_logging("info", "json")
for number in range(2000):
    structlog.get_logger().info("x", number=number, umlaut="\\u00fc")
logging.getLogger("lib").warning("end")
"""


def run_program(**kwargs):
    return subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, stderr=subprocess.PIPE, **kwargs)


def test_everything_is_written_before_the_process_ends():
    with run_program(stdout=subprocess.PIPE) as program:
        out, err = program.communicate(timeout=30)
    assert (program.returncode, err) == (0, b"")
    assert json.loads(out.splitlines()[-1])["event"] == "end"
    assert len(out.splitlines()) == 2001


def test_a_reader_that_goes_away_does_not_end_the_process():
    reader, pipe = os.pipe()
    os.close(reader)
    with run_program(stdout=pipe) as program:
        os.close(pipe)
        _, err = program.communicate(timeout=30)
    assert (program.returncode, err) == (0, b"the log cannot be written: its reader is gone; nothing more is logged\n")


def test_a_disk_that_stays_full_does_not_change_the_exit_code():
    with Path("/dev/full").open("wb") as full, run_program(stdout=full) as program:
        _, err = program.communicate(timeout=30)
    assert (program.returncode, err.count(b"\n")) == (0, 1)
    assert b"No space left on device" in err


def test_a_process_started_without_stdout_runs():
    command = f'exec "{sys.executable}" -c "$PROGRAM" >&-'
    run = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env={**os.environ, "PROGRAM": PROGRAM},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"the log cannot be written: there is no stdout; nothing is logged\n")
