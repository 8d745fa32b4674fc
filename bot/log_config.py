"""Structured logs: one chain for our events and for the records of libraries; it takes secrets out of both.

Lines are rendered and redacted by the caller and written by a thread: a reader of stdout that stalls or
goes away stops neither the event loop nor the process.
"""

import atexit
import io
import json
import logging
import os
import queue
import socket
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import StackInfoRenderer, add_log_level, format_exc_info
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.redaction import Redactor

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]

# Below warning these print request URLs, and Telegram's carry the bot token.
_TALKATIVE: Final = (
    "aiobotocore", "aioboto3", "aiogram", "aiogram.dispatcher", "aiogram.event", "aiohttp", "aiohttp.access",
    "aiohttp.client", "aiohttp.server", "asyncio", "boto3", "botocore", "httpcore", "httpx", "redis", "urllib3",
)  # fmt: skip
_MAX_LINES_BEHIND: Final = 10_000  # some megabytes of memory; a reader this late is stuck
_CLOSE_TIMEOUT_S: Final = 2.0
# Waking the thread costs more than rendering a line, so a line waits for others before they are written together.
_GATHER_S: Final = 0.02
_LINES_AT_ONCE: Final = 1000
_ENCODE: Final = json.JSONEncoder().encode  # json.dumps with options makes a new one for each line


class LineWriter:
    """Writes lines from a thread of its own: `write` never waits and never raises.

    Lines that come while the reader is 10 000 lines behind, or while the stream takes none (a full disk, say), are
    dropped, and the gap is reported in the stream. A reader that is gone for good is given up. Either is said once on
    stderr and for as long as it lasts in `trouble`: a bot without a log is better than none, but not unnoticed.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.trouble: str | None = None
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._dropped = 0
        self._closed = threading.Event()
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        if stream is None:
            self._complain("there is no stdout", "nothing is logged")
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def write(self, line: str) -> None:
        """Hand over one line without its line break."""
        if self._closed.is_set() or self._lines.qsize() >= _MAX_LINES_BEHIND:
            self._dropped += 1
        else:
            self._lines.put(line)

    def close(self) -> None:
        """Write what was handed over, waiting for at most two seconds; later lines are dropped. Idempotent."""
        atexit.unregister(self.close)
        self._closed.set()
        self._lines.put(None)
        self._thread.join(_CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            self._closed.wait(_GATHER_S)
            lines, ended = self._gathered(line)
            if self._dropped:
                lost, self._dropped = self._dropped, 0
                lines.insert(0, json.dumps({"level": "warning", "event": "log_lines_dropped", "count": lost}))
            self._print(lines)
            if ended:
                return

    def _gathered(self, first: str) -> tuple[list[str], bool]:
        """`first` and the lines that wait behind it, and whether the last of all was among them."""
        lines = [first]
        with suppress(queue.Empty):
            while len(lines) < _LINES_AT_ONCE:
                line = self._lines.get_nowait()
                if line is None:
                    return lines, True
                lines.append(line)
        return lines, False

    def _print(self, lines: list[str]) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write("\n".join([*lines, ""]))
            self._stream.flush()
        except (BrokenPipeError, ValueError):  # ValueError: closed in this process
            self._give_up("its reader is gone")
        except OSError as error:
            self._dropped += len(lines)
            self._complain(os.strerror(error.errno or 0), "tried again with each line")
            if self._closed.is_set():
                self._give_up(os.strerror(error.errno or 0))
        else:
            self.trouble = None

    def _give_up(self, why: str) -> None:
        stream, self._stream = self._stream, None
        self._complain(why, "nothing more is logged")
        if stream is not None:
            _point_to_nowhere(stream)

    def _complain(self, why: str, consequence: str) -> None:
        """Once, until it is over; stderr may be just as broken."""
        if self.trouble is None and sys.stderr is not None and self._stream is not sys.stderr:
            with suppress(OSError, ValueError):
                sys.stderr.write(f"the log cannot be written: {why}; {consequence}\n")
                sys.stderr.flush()
        self.trouble = why


class _LineLogger:
    """What structlog writes rendered lines to."""

    def __init__(self, writer: LineWriter) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = self.exception = writer.write


class _LibraryRecords(logging.Handler):
    """Sends the records of `logging` through the same chain."""

    def __init__(self, chain: list[Processor], writer: LineWriter) -> None:
        super().__init__()
        self._chain, self.writer = chain, writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # arguments that do not fit the message
            message = str(record.msg)
        event: Any = {"event": message, "logger": record.name}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        for process in self._chain:
            event = process(None, record.levelname.lower(), event)
        self.writer.write(str(event))

    def close(self) -> None:
        self.writer.close()
        super().close()


def configure_logging(
    level: Level,
    fmt: Format | None,
    secrets: Iterable[str] = (),
    *,
    stream: TextIO | None = None,
    process: str | None = None,
) -> LineWriter:
    """Route all logging of the process to `stream` (default: stdout) and return what writes it.

    `fmt` None means console on a terminal, else JSON. `secrets` are redacted wherever they occur, beside
    everything that looks like a token or a signed URL. `process` is who writes, where several do. May be called
    again; the last call counts. Closing the returned writer flushes it, which also happens at exit.
    """
    target = stream if stream is not None else sys.stdout  # None when the process was started without one
    terminal = target is not None and not target.closed and target.isatty()
    chain = _chain(fmt or ("console" if terminal else "json"), Redactor(secrets), process, colors=terminal)
    writer = LineWriter(target)
    lines = _LineLogger(writer)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: lines,
        # Off, so that the last call counts for loggers in use too; looking one up costs a few microseconds.
        cache_logger_on_first_use=False,
    )
    _route_libraries(_LibraryRecords(chain, writer), max(threshold, logging.WARNING))
    return writer


def log_trouble() -> str | None:
    """Why log lines of this process get lost just now; None where they do not."""
    handlers = [one for one in logging.getLogger().handlers if isinstance(one, _LibraryRecords)]
    return handlers[-1].writer.trouble if handlers else None


def process_name() -> str:
    """Tells processes apart that run now, on one machine or several; containers have names for host names."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _chain(fmt: Format, redact: Redactor, process: str | None, *, colors: bool) -> list[Processor]:
    written_by = {"process": process} if process else {}

    def stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Time (UTC, milliseconds), level and event first: lines are read by people too. None is left out."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = {"timestamp": now, "level": event.pop("level", None), "event": event.pop("event", None)}
        return head | {name: value for name, value in event.items() if value is not None} | written_by

    def redact_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        clean: EventDict = redact.value(event)
        return clean

    renderer: Processor = (
        _as_json
        if fmt == "json"
        else ConsoleRenderer(colors=colors, sort_keys=False, exception_formatter=plain_traceback)
    )
    before: list[Processor] = [structlog.contextvars.merge_contextvars, add_log_level, StackInfoRenderer()]
    return [*before, format_exc_info, redact_values, stamp, renderer]


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    """After redaction there is nothing in it that JSON does not know."""
    return _ENCODE(event)


def _route_libraries(handler: _LibraryRecords, threshold: int) -> None:
    root = logging.getLogger()
    for previous in [known for known in root.handlers if isinstance(known, _LibraryRecords)]:
        root.removeHandler(previous)
        previous.close()
    root.addHandler(handler)
    root.setLevel(threshold)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(threshold)


def _point_to_nowhere(stream: TextIO) -> None:
    """Point a broken stream to nowhere, else the interpreter fails at exit when it flushes what is left.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
