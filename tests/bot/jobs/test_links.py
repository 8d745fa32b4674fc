"""How Replicate gets to see a stored input."""

import asyncio
from base64 import b64encode

import pytest

from bot.jobs.errors import JobFailedError
from bot.jobs.links import PresignedLinks, UploadedLinks
from storage.job import InputImage
from tests.support.fakes import storage_down

IMAGE = InputImage("file", key="images/input/1.jpg", content_type="image/jpeg")


async def test_a_storage_that_the_outside_can_reach_signs_a_link(world):
    links = PresignedLinks(world.store, 60)
    assert await links.publish(IMAGE) is None
    assert await links.link(IMAGE) == "https://store.example/images/input/1.jpg?ttl=60"


async def test_another_one_uploads_a_large_input_once_and_the_record_keeps_the_link(world):
    world.store.put_now("images/input/1.jpg", b"p" * 100_001)
    links = UploadedLinks(world.store, world.replicate)
    link = await links.publish(IMAGE)
    published = InputImage("file", key=IMAGE.key, link=link)
    assert await links.link(published) == link
    assert await links.publish(published) is None
    assert world.faults.calls["replicate.upload"] == 1


async def test_a_small_input_goes_along_as_a_data_url_that_is_read_once(world):
    world.store.put_now("images/input/1.jpg", b"p" * 100_000)
    links = UploadedLinks(world.store, world.replicate)
    assert await links.publish(IMAGE) is None
    world.faults.fail("store.get", storage_down)
    link = await links.link(IMAGE)
    assert link == "data:image/jpeg;base64," + b64encode(b"p" * 100_000).decode()
    assert await links.trace(IMAGE) == link
    assert world.faults.calls["replicate.upload"] == 0


async def test_only_so_many_inputs_are_held_at_hand(world):
    links = UploadedLinks(world.store, world.replicate)
    images = [InputImage("file", key=f"images/input/{n}.png", content_type="image/png") for n in range(40)]
    for image in images:
        world.store.put_now(image.key, b"picture")
        await links.publish(image)
    assert world.faults.calls["store.get"] == 40
    await links.link(images[-1])
    assert world.faults.calls["store.get"] == 40
    await links.link(images[0])
    assert world.faults.calls["store.get"] == 41


async def test_only_so_many_large_inputs_are_in_memory_while_they_are_uploaded(world):
    links = UploadedLinks(world.store, world.replicate)
    world.store.put_now(IMAGE.key, b"p" * 100_001)
    gates = [world.faults.hold("replicate.upload") for _ in range(4)]
    uploads = [asyncio.create_task(links.publish(IMAGE)) for _ in range(10)]
    for gate in gates:
        await gate.reached.wait()
    read = world.faults.calls["store.get"]
    assert read == 10 + 4, "each was looked at whether it is small, and four were read whole"
    for gate in gates:
        gate.open()
    assert all(await asyncio.gather(*uploads))


async def test_what_tells_a_prediction_of_ours_is_the_key_where_links_differ(world):
    links = PresignedLinks(world.store, 60)
    assert await links.trace(IMAGE) in await links.link(IMAGE)
    assert await links.trace(IMAGE) == IMAGE.key


async def test_an_input_that_vanished_fails_the_job(world):
    with pytest.raises(JobFailedError) as caught:
        await UploadedLinks(world.store, world.replicate).publish(IMAGE)
    assert caught.value.code == "input_gone"


async def test_an_input_that_was_not_published_has_no_link(world):
    world.store.put_now("images/input/1.jpg", b"p" * 100_001)
    with pytest.raises(ValueError, match="published"):
        await UploadedLinks(world.store, world.replicate).link(IMAGE)
