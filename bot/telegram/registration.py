"""Telling Telegram where updates go: our webhook, or nowhere when we poll."""

import asyncio
from collections.abc import Sequence

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramUnauthorizedError

from bot.jobs.background import Background
from bot.settings import Settings

_ASK_AGAIN_S = 10.0
# Updates of different chats come in parallel; one process answers each within milliseconds.
_MAX_CONNECTIONS = 40

_log = structlog.get_logger()


class Registration:
    """Safe at the start of every process: an identical webhook is left as it is, and pending updates are kept."""

    def __init__(self, bot: Bot, settings: Settings, path: str, update_types: Sequence[str]) -> None:
        self._bot, self._settings = bot, settings
        self._path, self._update_types = path, list(update_types)

    async def start(self, background: Background) -> None:
        """Register now, or keep trying while Telegram cannot be reached.

        Raises:
            TelegramUnauthorizedError: the bot token is wrong.
        """
        if not await self._register():
            background.spawn(self._keep_trying(), name="webhook registration")

    async def _keep_trying(self) -> None:
        while True:
            await asyncio.sleep(_ASK_AGAIN_S)
            if await self._register():
                return

    async def _register(self) -> bool:
        try:
            if self._settings.base_url:
                await self._set_webhook(self._settings.base_url)
            else:
                # A webhook left over from another run would keep getUpdates from working.
                await self._bot.delete_webhook(drop_pending_updates=False)
                _log.info("long_polling_chosen")
        except TelegramUnauthorizedError:
            raise
        except AiogramError as error:
            _log.warning("telegram_not_reached", error=type(error).__name__)
            return False
        return True

    async def _set_webhook(self, base_url: str) -> None:
        await self._bot.set_webhook(
            f"{base_url}{self._path}",
            secret_token=self._settings.telegram_secret_token.get_secret_value(),
            allowed_updates=self._update_types,
            max_connections=_MAX_CONNECTIONS,
            drop_pending_updates=False,
        )
        _log.info("webhook_set", url=f"{base_url}{self._path}")
