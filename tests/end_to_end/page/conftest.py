"""One browser for all tests of a module, in one loop with them."""

from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from mock_server.telegram.server import run_telegram_emulator
from tests.support.browser import CHROMIUM, DESKTOP, LOADED_WITHIN_MS, SWITCHES, Visit
from tests.support.darkroom import open_world


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser():
    # Where Chromium is, a missing Playwright is a mistake in the set-up, not a reason to skip.
    from playwright.async_api import async_playwright

    async with async_playwright() as started:
        opened = await started.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def world():
    """Everything outside the bot."""
    async with open_world() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def emulator():
    """The emulated Telegram alone; the test plays the bot."""
    async with run_telegram_emulator() as running:
        yield running


@pytest.fixture
def visit(browser):
    """Open the page of an emulator in a browser of its own; in the end nothing may have gone wrong on it."""

    @asynccontextmanager
    async def open_page(emulator, *, viewport=DESKTOP, scheme="light"):
        context = await browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        page.set_default_timeout(LOADED_WITHIN_MS)
        one = Visit(page, emulator.base_url)
        await one.open()
        yield one
        assert one.complaints == []
        await context.close()

    return open_page
