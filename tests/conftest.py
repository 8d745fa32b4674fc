"""For all tests: the S3 servers, Hypothesis without its own clock, and a loop in which waiting takes no time."""

import asyncio
import gc
import logging
import os
from collections.abc import Callable
from zlib import crc32

import coverage
import pytest
import structlog
from hypothesis import HealthCheck, settings

if (premature := coverage.Coverage.current()) and os.environ.get("PYTEST_XDIST_WORKER"):
    premature.stop()  # see `tests.support.tracing`

from bot.telegram.lean_aiogram import import_lean_aiogram

gc.disable()  # nothing that is imported is garbage; see `pytest_collection_finish`
import_lean_aiogram()  # as the product does, before anything else imports it

from tests.support.certificates import read_certificates_once  # noqa: E402
from tests.support.clocks import LoopClock  # noqa: E402
from tests.support.ports import free_port  # noqa: E402
from tests.support.redis_servers import redis_url  # noqa: E402
from tests.support.s3_servers import moto_server, seaweedfs_server  # noqa: E402
from tests.support.skipped_time import SkippingLoop  # noqa: E402

read_certificates_once()

__all__ = ["moto_server", "redis_url", "seaweedfs_server"]

pytest_plugins = ["mock_server.pytest_plugin", "tests.support.tracing"]

# The default renderer draws tracebacks with all local variables, which takes seconds each.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_xdist_auto_num_workers() -> int:
    """Tests wait about as much as they compute."""
    return (os.cpu_count() or 1) * 3 // 2


# Whole stories run through what the tests of the parts have traced already, but for what takes several bots.
_RETOLD, _NEW_THERE = "/end_to_end/", ("test_circuits.py", "test_many_processes.py", "test_waiting_together.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tracing the same lines thousands of times doubles the time of a test and covers nothing new."""
    items.sort(key=_turns(items))
    for item in items:
        function = getattr(item, "obj", None)
        tries_much = hasattr(function, "hypothesis") or getattr(function, "is_hypothesis_test", False)
        if tries_much or (_RETOLD in item.path.as_posix() and item.path.name not in _NEW_THERE):
            item.add_marker("no_cover")


def _turns(items: list[pytest.Item]) -> Callable[[pytest.Item], int]:
    """Some tests wait and some compute: mixed well they keep all cores busy. Stories take long, so they come early."""
    files = dict.fromkeys(item.path for item in items)
    stories = [path for path in files if _RETOLD in path.as_posix()]
    parts = [path for path in files if _RETOLD not in path.as_posix()]
    parts.sort(key=lambda path: crc32(path.name.encode()))  # any order but that of the folders
    turns = {path: 3 * n for n, path in enumerate(stories)}
    turns |= {path: n + n // 2 + 1 for n, path in enumerate(parts)}
    return lambda item: turns[item.path]


def pytest_collection_finish() -> None:
    """What is there now stays to the end; garbage is looked for in what comes, and not as often as usual."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


# A busy machine is no failure; in CI the same examples are tried on every run.
settings.register_profile(
    "darkroom",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("darkroom")


class _Unseen(logging.Handler):
    """asyncio complains about a task's failure that nobody looked at when the task is collected, some time later."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.complaints: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "never retrieved" in record.getMessage():
            self.complaints.append(record.getMessage())


_UNSEEN = _Unseen()
logging.getLogger("asyncio").addHandler(_UNSEEN)


@pytest.fixture(autouse=True)
def every_failure_is_looked_at():
    """In production each is a traceback that belongs to nothing; here it may be of a test before this one."""
    yield
    complaints, _UNSEEN.complaints = _UNSEEN.complaints, []
    assert not complaints


@pytest.fixture
def unused_tcp_port():
    """In place of pytest-asyncio's, which an outgoing connection may get in the meantime."""
    return free_port()


@pytest.fixture
def unused_tcp_port_factory():
    """Likewise."""
    return free_port


@pytest.fixture
def logs():
    """What is logged from here on, one mapping for each line; nothing is printed."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
async def loop_clock():
    """For stories with sockets, in which a server is slow: put forward, the loop's clock lets time-outs ring."""
    return LoopClock()


@pytest.fixture
def skipping_time():
    """Run a coroutine to its end in a loop where sleeping is free: `skipping_time(story())`."""

    def run(story):
        with asyncio.Runner(loop_factory=SkippingLoop) as runner:
            return runner.run(asyncio.wait_for(story, timeout=100_000))

    return run
