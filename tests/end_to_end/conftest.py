import pytest

from tests.support.darkroom import open_world
from tests.support.s3_servers import moto_server  # noqa: F401 - a fixture


@pytest.fixture
async def world():
    async with open_world() as world:
        yield world
