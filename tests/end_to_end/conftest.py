import asyncio

import pytest

from bot.cli import event_loop_factory
from tests.support.crash_runs import starter
from tests.support.darkroom import World
from tests.support.s3_servers import moto_server  # noqa: F401 - a fixture


def pytest_asyncio_loop_factories():
    """These stories are told on the product's own loop."""
    return {"product": event_loop_factory() or asyncio.new_event_loop}


@pytest.fixture(scope="session")
def bots():
    """Starts bots that die where they are told to; once per run, since importing the bot takes seconds."""
    with starter() as bots:
        yield bots


@pytest.fixture
def world(telegram, replicate):
    return World(telegram, replicate)
