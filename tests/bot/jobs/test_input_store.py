from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from bot.jobs.images import ImageLimits, ImageRefusedError, check_input_image, check_plain_jpeg
from bot.jobs.input_store import InputStore
from bot.jobs.limits.byte_budget import ByteBudget
from tests.support import pictures

JOB = "0" * 8 + "-0000-0000-0000-" + "0" * 12
PICTURE = pictures.jpeg(64, 48)


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as executor:
        yield executor


async def test_a_picture_is_stored_as_what_it_was_found_to_be(world, executor):
    inputs = InputStore(world.store, ImageLimits(), ByteBudget(10_000_000), executor)

    stored = await inputs.put(JOB, 0, BytesIO(PICTURE), len(PICTURE))

    found = await world.store.get(stored.key, max_bytes=100_000)
    assert (found.body, found.content_type) == (PICTURE, "image/jpeg")
    assert (stored.content_type, stored.width, stored.height) == ("image/jpeg", 64, 48)


async def test_memory_is_held_for_the_picture_as_it_came_and_as_it_is_stored_until_it_is(world, executor):
    budget = ByteBudget(10_000_000)
    inputs = InputStore(world.store, ImageLimits(), budget, executor)
    held = []

    class Watching(BytesIO):
        def read(self, *args):
            held.append(budget.held)
            return super().read(*args)

    await inputs.put(JOB, 0, Watching(PICTURE), len(PICTURE))

    assert held == [2 * len(PICTURE)]
    assert budget.held == 0


def test_a_jpeg_whose_headers_take_long_is_left_to_the_threads():
    block = b"\xff\xe1\x00\x08Exif\0\0"
    assert check_plain_jpeg(PICTURE[:2] + block * 60 + PICTURE[2:], ImageLimits()).body == PICTURE
    assert check_plain_jpeg(PICTURE[:2] + block * 600 + PICTURE[2:], ImageLimits()) is None
    assert check_input_image(PICTURE[:2] + block * 600 + PICTURE[2:], ImageLimits()).body == PICTURE


async def test_what_is_too_large_is_not_even_read(world, executor):
    inputs = InputStore(world.store, ImageLimits(max_bytes=1000), ByteBudget(10_000), executor)
    source = BytesIO(b"x" * 1001)

    with pytest.raises(ImageRefusedError):
        await inputs.put(JOB, 0, source, 1001)

    assert source.tell() == 0
