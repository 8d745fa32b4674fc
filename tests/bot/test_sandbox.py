"""What is built in when it is not configured, and how the bot is led there."""

import socket

import pytest
from pydantic import SecretStr

from bot.operator_errors.listening import CannotListenError
from bot.sandbox import with_built_in_parties
from bot.settings import Settings, SettingsError
from mock_server.replicate.config import MockReplicateConfig

TOKEN = SecretStr("4242424242:AAbot-of-somebody-with-a-real-token")
REAL = {"replicate_mode": "real", "replicate_api_token": SecretStr("r8_" + "t" * 37)}


def settings(unused_tcp_port, **changes):
    return Settings(**{"port": unused_tcp_port, **changes}).model_copy(update={"sandbox_port": 0})


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, True),
        ({"bot_token": TOKEN}, True),
        ({"bot_token": TOKEN, "replicate_base_url": "http://127.0.0.1:8001"}, False),
        ({"bot_token": TOKEN, **REAL}, False),
        ({"replicate_base_url": "http://127.0.0.1:8001"}, True),
    ],
)
def test_a_party_that_is_not_configured_is_built_in(changes, needed):
    asked = Settings(**changes)
    assert (asked.sandbox or asked.built_in_replicate) is needed


async def test_with_nothing_configured_both_parties_run_and_the_settings_lead_to_them(unused_tcp_port):
    async with with_built_in_parties(settings(unused_tcp_port)) as (complete, sandbox):
        assert complete.telegram_api_url == sandbox.telegram.base_url
        assert complete.bot_token.get_secret_value() == sandbox.telegram.bot_token
        assert complete.replicate_base_url == sandbox.replicate.base_url
        assert complete.replicate_webhook_secret.get_secret_value() == sandbox.replicate.webhook_secret
        assert complete.base_url == f"http://127.0.0.1:{unused_tcp_port}"
        assert complete.replicate_reaches_us
        assert complete.allowed_outputs.allows(f"{sandbox.replicate.base_url}/x.png")
        assert not complete.sandbox
        assert not complete.built_in_replicate


async def test_a_real_bot_keeps_its_telegram_beside_the_mock(unused_tcp_port):
    async with with_built_in_parties(settings(unused_tcp_port, bot_token=TOKEN)) as (complete, sandbox):
        assert sandbox.telegram is None
        assert (complete.bot_token, complete.base_url) == (TOKEN, None)
        assert complete.replicate_base_url == sandbox.replicate.base_url


async def test_a_mock_that_runs_elsewhere_is_used(unused_tcp_port):
    given = settings(unused_tcp_port, replicate_base_url="http://127.0.0.1:8001")
    async with with_built_in_parties(given) as (complete, sandbox):
        assert sandbox.replicate is None
        assert complete.replicate_base_url == "http://127.0.0.1:8001"


async def test_the_mock_can_be_given_its_manners(unused_tcp_port):
    mock = MockReplicateConfig(webhook_secret="whsec_" + "c2VjcmV0" * 4)
    async with with_built_in_parties(settings(unused_tcp_port), mock=mock) as (complete, _):
        assert complete.replicate_webhook_secret.get_secret_value() == mock.webhook_secret


async def test_a_taken_page_port_is_named_with_its_setting(unused_tcp_port):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = settings(unused_tcp_port).model_copy(update={"sandbox_port": taken.getsockname()[1]})
        with pytest.raises(CannotListenError, match="in use"):
            async with with_built_in_parties(given):
                pytest.fail("it cannot have started")


async def test_the_environment_sets_the_mood_of_the_built_in_mock(unused_tcp_port, monkeypatch):
    monkeypatch.setenv("MOCK_REPLICATE_SCENARIO", "slow, webhook_copies=2")
    async with with_built_in_parties(settings(unused_tcp_port)) as (_, sandbox):
        assert (sandbox.replicate.control.scenario.delay_s, sandbox.replicate.control.scenario.webhook_copies) == (
            20,
            2,
        )


async def test_an_unknown_mood_is_refused_as_a_setting_would_be(unused_tcp_port, monkeypatch):
    monkeypatch.setenv("MOCK_REPLICATE_SCENARIO", "slwo")
    with pytest.raises(SettingsError, match=r"MOCK_REPLICATE_SCENARIO: .*'slwo'"):
        async with with_built_in_parties(settings(unused_tcp_port)):
            pytest.fail("it cannot have started")
