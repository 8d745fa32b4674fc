"""One browser for all tests of a process, in one loop with them."""

import pytest
import pytest_asyncio

from mock_server.telegram.server import run_telegram_emulator
from tests.support.browser import CHROMIUM, SWITCHES, Tab
from tests.support.darkroom import open_world


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def tab():
    # Where Chromium is, a missing Playwright is a mistake in the set-up, not a reason to skip.
    from playwright.async_api import async_playwright

    async with async_playwright() as started:
        opened = await started.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield Tab(opened)
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def world():
    """Everything outside the bot."""
    async with open_world() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def emulator():
    """The emulated Telegram alone; the test plays the bot."""
    async with run_telegram_emulator() as running:
        yield running


@pytest.fixture
def visit(tab):
    """Open the page of an emulator: `async with visit(emulator, viewport=PHONE, scheme="dark") as one`."""
    return tab.visit
