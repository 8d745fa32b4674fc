"""How Replicate gets to see a stored input."""

import pytest

from bot.jobs.errors import JobFailedError
from bot.jobs.links import PresignedLinks, UploadedLinks
from storage.job import InputImage
from tests.support.fakes import World

IMAGE = InputImage("file", key="images/input/1.jpg", content_type="image/jpeg")


async def test_a_storage_that_the_outside_can_reach_signs_a_link():
    world = World()
    links = PresignedLinks(world.store, 60)
    assert await links.publish(IMAGE) is None
    assert await links.link(IMAGE) == "https://store.example/images/input/1.jpg?ttl=60"


async def test_another_one_uploads_once_and_the_record_keeps_the_link():
    world = World()
    world.store.put_now("images/input/1.jpg", b"picture")
    links = UploadedLinks(world.store, world.replicate)
    link = await links.publish(IMAGE)
    published = InputImage("file", key=IMAGE.key, link=link)
    assert await links.link(published) == link
    assert await links.publish(published) is None
    assert world.faults.calls["replicate.upload"] == 1


async def test_an_input_that_vanished_fails_the_job():
    world = World()
    with pytest.raises(JobFailedError) as caught:
        await UploadedLinks(world.store, world.replicate).publish(IMAGE)
    assert caught.value.code == "input_gone"


async def test_an_input_that_was_not_published_has_no_link():
    world = World()
    with pytest.raises(ValueError, match="published"):
        await UploadedLinks(world.store, world.replicate).link(IMAGE)
