"""Fixtures for tests of a Telegram bot; `pytest_plugins = ["mock_server.pytest_plugin"]` in a conftest.py.

    async def test_a_photo_comes_back(telegram, user):
        async with my_bot(api=telegram.base_url, token=telegram.bot_token):
            await user.send_photo("old.jpg", caption="please restore")
            result = await user.expect(photo=True, within=5)

Everything runs in the loop of the test, over real HTTP on free ports. Override `telegram_config` and
`replicate_config` to change how the parties behave. Needs pytest and pytest-asyncio.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.server import MockReplicate
from mock_server.sandbox import Sandbox, open_sandbox
from mock_server.telegram.actors import User
from mock_server.telegram.chats import Chat
from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.server import TelegramEmulator

_HASTE = 0.01  # of the time that real parties would wait


@pytest.fixture
def telegram_config() -> TelegramEmulatorConfig:
    """How the emulated Telegram behaves: as usual, but quick to try a webhook again."""
    return TelegramEmulatorConfig(retry_delay_scale=_HASTE)


@pytest.fixture
def replicate_config() -> MockReplicateConfig:
    """How the mock Replicate behaves: as usual, but quick."""
    return MockReplicateConfig(delay_s=(_HASTE, 3 * _HASTE), webhook_retry_base_s=2 * _HASTE)


@pytest_asyncio.fixture
async def sandbox(
    telegram_config: TelegramEmulatorConfig, replicate_config: MockReplicateConfig
) -> AsyncIterator[Sandbox]:
    """Both parties, running."""
    async with open_sandbox(telegram=telegram_config, replicate=replicate_config) as opened:
        yield opened


@pytest.fixture
def telegram(sandbox: Sandbox) -> TelegramEmulator:
    """The running Telegram: `base_url`, `bot_token`, `control`."""
    assert sandbox.telegram is not None  # noqa: S101 - `sandbox` has both; this tells mypy
    return sandbox.telegram


@pytest.fixture
def replicate(sandbox: Sandbox) -> MockReplicate:
    """The running Replicate: `base_url`, `webhook_secret`, `control`."""
    assert sandbox.replicate is not None  # noqa: S101 - likewise
    return sandbox.replicate


@pytest.fixture
def user(telegram: TelegramEmulator) -> User:
    """Anna, who speaks English, in her private chat with the bot; `telegram.control.add_user` makes more people."""
    return telegram.control.add_user("Anna", "en")


@pytest.fixture
def group(telegram: TelegramEmulator, user: User) -> Chat:
    """A group of Anna and the bot; she writes there as `user.in_chat(group)`."""
    return telegram.control.add_group("Photo club", [user])
