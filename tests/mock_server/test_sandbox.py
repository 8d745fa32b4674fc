"""Everything outside the bot on this machine: one party, the other, both, or none."""

import socket

import aiohttp
import pytest

from mock_server.replicate.config import MockReplicateConfig
from mock_server.sandbox import open_sandbox
from mock_server.telegram.config import TelegramEmulatorConfig


async def status(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status


@pytest.mark.parametrize("telegram", [TelegramEmulatorConfig(), None], ids=["telegram", "no telegram"])
@pytest.mark.parametrize("replicate", [MockReplicateConfig(), None], ids=["replicate", "no replicate"])
async def test_what_has_a_configuration_runs_and_the_rest_is_none(telegram, replicate):
    async with open_sandbox(telegram=telegram, replicate=replicate) as sandbox:
        assert (sandbox.telegram is None, sandbox.replicate is None) == (telegram is None, replicate is None)
        if sandbox.telegram:
            assert await status(f"{sandbox.telegram.base_url}/bot{sandbox.telegram.bot_token}/getMe") == 200
        if sandbox.replicate:
            assert await status(f"{sandbox.replicate.base_url}/v1/account") == 401


async def test_both_end_with_the_block():
    async with open_sandbox(telegram=TelegramEmulatorConfig(), replicate=MockReplicateConfig()) as sandbox:
        urls = [sandbox.telegram.base_url, sandbox.replicate.base_url]
    for url in urls:
        with pytest.raises(aiohttp.ClientConnectorError):
            await status(url)


@pytest.mark.parametrize("taken", ["telegram", "replicate"])
async def test_a_taken_port_is_an_os_error_and_nothing_stays_open(taken, unused_tcp_port_factory):
    ports = {"telegram": unused_tcp_port_factory(), "replicate": unused_tcp_port_factory()}
    configs = {
        "telegram": TelegramEmulatorConfig(port=ports["telegram"]),
        "replicate": MockReplicateConfig(port=ports["replicate"]),
    }
    with socket.create_server(("127.0.0.1", ports[taken])), pytest.raises(OSError, match="in use"):
        async with open_sandbox(**configs):
            pytest.fail("it cannot have started")
    async with open_sandbox(**configs):
        pass  # every port is free again
