import sys

import pytest

from tests.support.crash_runs import starter
from tests.support.darkroom import World
from tests.support.s3_servers import moto_server  # noqa: F401 - a fixture


if sys.platform != "win32":
    import uvloop

    @pytest.fixture(scope="session")
    def event_loop_policy():
        """The product's own loop (`bot.cli`)."""
        return uvloop.EventLoopPolicy()


@pytest.fixture(scope="session")
def bots():
    """Starts bots that die where they are told to; once per run, since importing the bot takes seconds."""
    with starter() as bots:
        yield bots


@pytest.fixture
def world(telegram, replicate):
    return World(telegram, replicate)
