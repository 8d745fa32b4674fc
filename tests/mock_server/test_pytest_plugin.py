"""The fixtures for tests of any bot, used as their own documentation says."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest

from mock_server.telegram.config import TelegramEmulatorConfig
from tests.support import pictures


@asynccontextmanager
async def echo_bot(api, token):
    """A bot of a few lines: it sends every photo back."""
    async with aiohttp.ClientSession(f"{api}/bot{token}/") as http:

        async def call(method, **params):
            async with http.post(method, json=params) as response:
                return (await response.json())["result"]

        async def work():
            offset = 0
            while True:
                for update in await call("getUpdates", offset=offset, timeout=30):
                    offset, message = update["update_id"] + 1, update["message"]
                    photo = message["photo"][-1]["file_id"]
                    await call("sendPhoto", chat_id=message["chat"]["id"], photo=photo, caption="Here it is")

        task = asyncio.create_task(work())
        yield
        task.cancel()
        await asyncio.wait([task])


async def test_a_photo_comes_back(telegram, user, tmp_path):
    path = tmp_path / "old.jpg"
    path.write_bytes(pictures.jpeg())
    async with echo_bot(api=telegram.base_url, token=telegram.bot_token):
        await user.send_photo(path, caption="please restore")
        result = await user.expect(photo=True, within=5)
    assert result.caption == "Here it is"


async def test_a_group_has_the_user_and_the_bot_in_it(telegram, user, group):
    async with echo_bot(api=telegram.base_url, token=telegram.bot_token):
        await user.in_chat(group).send_photo(pictures.jpeg())
        await user.in_chat(group).expect(photo=True)
    assert user.messages == []


class TestOverridden:
    @pytest.fixture
    def telegram_config(self):
        return TelegramEmulatorConfig(bot_first_name="Mirror", flood="harsh")

    def test_a_configuration_of_ones_own_holds(self, telegram, replicate):
        assert telegram.control._world.config.bot_first_name == "Mirror"
        assert telegram.control._world.flood.mode == "harsh"
        assert replicate.base_url.startswith("http://127.0.0.1:")
