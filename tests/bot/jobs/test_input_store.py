from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.jobs.images import ImageLimits, ImageRefusedError
from bot.jobs.input_store import InputStore
from bot.jobs.limits.byte_budget import ByteBudget
from tests.support import pictures
from tests.support.fakes import World


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.mark.parametrize(("size", "held"), [(300, 600), (None, 2000)])
async def test_room_is_for_the_picture_as_it_came_and_as_it_is_stored(executor, size, held):
    budget = ByteBudget(10_000)
    inputs = InputStore(World().store, ImageLimits(max_bytes=1000), budget, executor)

    async with inputs.room(size):
        assert budget.held == held

    assert budget.held == 0


async def test_there_is_no_room_for_what_is_too_large(executor):
    budget = ByteBudget(10_000)
    inputs = InputStore(World().store, ImageLimits(max_bytes=1000), budget, executor)

    with pytest.raises(ImageRefusedError):
        inputs.room(1001)

    assert budget.held == 0


async def test_a_picture_is_stored_as_what_it_was_found_to_be(world, executor):
    inputs = InputStore(world.store, ImageLimits(), ByteBudget(10_000_000), executor)
    picture = pictures.jpeg(64, 48)

    stored = await inputs.put("0" * 8 + "-0000-0000-0000-" + "0" * 12, 0, picture)

    found = await world.store.get(stored.key, max_bytes=100_000)
    assert (found.body, found.content_type) == (stored.image.body, "image/jpeg")
