"""A real Redis or Valkey for tests: one named in `REDIS_URL`, else a server of our own on a free port."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.programs import first_of

_names = count()


@contextmanager
def own_redis(folder: Path, *options: str) -> Iterator[str]:
    """A server that keeps nothing on disk; its URL."""
    binary = first_of("redis-server", "valkey-server")
    port = free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *options]
    server = subprocess.Popen([binary, *arguments], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        while "eady to accept connections" not in server.stdout.readline():
            assert server.poll() is None, "the server did not start"
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory) -> Iterator[str]:
    """The URL of a server that all tests share; each uses keys of its own (`fresh_bot_id`)."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    with own_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


def fresh_bot_id() -> str:
    """A bot of which the server has nothing yet."""
    return f"test{os.getpid()}x{next(_names)}"
