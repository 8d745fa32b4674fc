import asyncio

import pytest

from replicate_gateway.errors import GatewayUnavailableError, GatewayUnreachableError
from replicate_gateway.latest_versions import LatestVersions, latest_version_id
from replicate_gateway.models import ModelReference
from tests.support.skipped_time import time_passes
from tests.support.waiting import loop_turns

VERSION = "a" * 64
MODEL = ModelReference("o", "n")


class Registry:
    def __init__(self, *answers):
        self.asked = 0
        self._answers = answers

    async def __call__(self, model):
        self.asked += 1
        answer = self._answers[min(self.asked, len(self._answers)) - 1]
        await loop_turns()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_many_who_wait_ask_once():
    registry = Registry({"latest_version": {"id": VERSION}})
    versions = LatestVersions(registry)
    assert await asyncio.gather(*(versions.of(MODEL) for _ in range(10))) == [VERSION] * 10
    assert registry.asked == 1


async def test_a_failure_is_not_remembered():
    versions = LatestVersions(Registry(GatewayUnavailableError("down"), {"latest_version": {"id": VERSION}}))
    with pytest.raises(GatewayUnavailableError):
        await versions.of(MODEL)
    assert await versions.of(MODEL) == VERSION


def test_fifty_who_wait_for_a_dead_registry_do_not_wait_one_after_the_other(skipping_time):
    """Each took the gateway's whole patience, behind one lock: the last of fifty jobs heard after half an hour."""

    async def story():
        asked = 0

        async def look_up(_):
            nonlocal asked
            asked += 1
            await time_passes(45)
            raise GatewayUnavailableError("down")

        versions = LatestVersions(look_up)
        begun = asyncio.get_running_loop().time()
        results = await asyncio.gather(*(versions.of(MODEL) for _ in range(50)), return_exceptions=True)
        assert asyncio.get_running_loop().time() - begun < 50
        assert asked == 1
        assert all(isinstance(r, GatewayUnavailableError | GatewayUnreachableError) for r in results)
        with pytest.raises(GatewayUnavailableError):
            await versions.of(MODEL)
        assert asked == 2

    skipping_time(story())


async def test_a_caller_that_gives_up_does_not_take_the_others_along():
    versions = LatestVersions(Registry({"latest_version": {"id": VERSION}}))
    first, second = (asyncio.create_task(versions.of(MODEL)) for _ in range(2))
    await loop_turns()
    first.cancel()
    assert await second == VERSION


async def test_models_do_not_wait_for_each_other():
    versions = LatestVersions(Registry({"latest_version": {"id": VERSION}}, {"latest_version": None}))
    assert [await versions.of(MODEL), await versions.of(ModelReference("o", "m"))] == [VERSION, None]


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"latest_version": None}, {"latest_version": {"id": "hidden"}}, {"latest_version": {"id": 5}}],
)
def test_a_model_that_hides_its_version_has_none(document):
    assert latest_version_id(document) is None
