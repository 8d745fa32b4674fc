"""The key that callbacks are signed with."""

import asyncio

import pytest

from bot.replicate_callback.signing_key import SigningKey, SigningKeyUnavailableError
from replicate_gateway import errors as gateway
from replicate_gateway.signature import SecretMalformedError, decode_secret
from tests.support.fakes import World

SECRET = "whsec_" + "c2VjcmV0" * 5


async def test_a_configured_key_asks_nobody():
    world = World()
    assert await SigningKey(world.replicate, SECRET).get() == decode_secret(SECRET)
    assert world.faults.calls["replicate.webhook_secret"] == 0


async def test_otherwise_it_is_fetched_once_for_all():
    world = World()
    key = SigningKey(world.replicate, None)
    keys = await asyncio.gather(*(key.get() for _ in range(10)))
    assert set(keys) == {decode_secret(world.replicate.secret)}
    await key.get()
    assert world.faults.calls["replicate.webhook_secret"] == 1


def test_a_configured_key_that_is_none_stops_the_start():
    with pytest.raises(SecretMalformedError):
        SigningKey(World().replicate, "whsec_short")


@pytest.mark.parametrize("secret", ["", "whsec_", "nonsense"])
async def test_a_fetched_key_that_is_none_is_not_used(secret):
    world = World()
    world.replicate.secret = secret
    with pytest.raises(SigningKeyUnavailableError):
        await SigningKey(world.replicate, None).get()


async def test_a_failure_makes_the_sender_come_again():
    world = World()
    world.faults.fail("replicate.webhook_secret", gateway.GatewayUnavailableError("down", status=500))
    with pytest.raises(SigningKeyUnavailableError) as caught:
        await SigningKey(world.replicate, None).get()
    assert caught.value.retry_after_s
    assert "whsec" not in str(caught.value)


def test_a_replicate_that_never_answers_does_not_hold_the_door(skipping_time):
    """Fifty callbacks come meanwhile: each is told within seconds when to come again, and Replicate was asked once."""
    world = World()
    world.faults.hold("replicate.webhook_secret")
    key = SigningKey(world.replicate, None)

    async def story():
        begun = asyncio.get_running_loop().time()
        results = await asyncio.gather(*(key.get() for _ in range(50)), return_exceptions=True)
        assert all(isinstance(result, SigningKeyUnavailableError) for result in results)
        assert asyncio.get_running_loop().time() - begun < 6

    skipping_time(story())
    assert world.faults.calls["replicate.webhook_secret"] == 1
