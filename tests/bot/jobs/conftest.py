"""For all tests of the use cases: everything outside one process of ours, that process, and what it logs."""

import pytest

from tests.support.fakes import World


@pytest.fixture(autouse=True)
def logs(logs):
    return logs


@pytest.fixture
def world():
    return World()


@pytest.fixture
def process(world):
    return world.start()
