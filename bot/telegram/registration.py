"""How updates get here: by our webhook where Telegram can reach it, else by long polling."""

import asyncio

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from bot.addresses import host_of
from bot.jobs.background import Background
from bot.operator_errors.token import BotTokenRefusedError
from bot.settings import Settings
from bot.telegram.intake import UpdateIntake

_ASK_AGAIN_S = 10.0
# Updates of different chats come in parallel; one process answers each within milliseconds.
_MAX_CONNECTIONS = 40

_TIME_HELPS = (
    TelegramNetworkError,
    TelegramNotFound,
    TelegramServerError,
    TelegramRetryAfter,
    TelegramConflictError,  # another process is registering the same webhook
    ClientDecodeError,
)

_log = structlog.get_logger()


class Registration:
    """Safe at the start of every process: an identical webhook is left as it is, and pending updates are kept."""

    def __init__(self, bot: Bot, settings: Settings, path: str, updates: UpdateIntake) -> None:
        self._bot, self._updates = bot, updates
        self._host = host_of(settings.telegram_api_url)
        self._url = f"{settings.base_url}{path}" if settings.base_url else None
        self._secret = settings.telegram_secret_token.get_secret_value()

    async def start(self, background: Background) -> None:
        """Register now, or keep trying while Telegram cannot be reached.

        Raises:
            BotTokenRefusedError: the bot token is wrong.
        """
        try:
            await self._register(background)
        except (TelegramUnauthorizedError, TelegramNotFound) as error:  # 404: Telegram's word for a malformed token
            raise BotTokenRefusedError(self._host, error.message) from error
        except _TIME_HELPS as error:
            _log.warning("telegram_not_reached", error=type(error).__name__)
            background.spawn(self._keep_trying(background), name="webhook registration")

    async def _keep_trying(self, background: Background) -> None:
        while True:
            await asyncio.sleep(_ASK_AGAIN_S)
            try:
                return await self._register(background)
            except AiogramError as error:
                _log.warning("telegram_not_reached", error=type(error).__name__)

    async def _register(self, background: Background) -> None:
        if self._url and await self._set_webhook(self._url):
            return
        # A webhook left over from another run would keep getUpdates from working.
        await self._bot.delete_webhook(drop_pending_updates=False)
        _log.info("long_polling_chosen")
        background.spawn(self._updates.poll(), name="long polling")

    async def _set_webhook(self, url: str) -> bool:
        try:
            await self._bot.set_webhook(
                url,
                secret_token=self._secret,
                allowed_updates=self._updates.update_types,
                max_connections=_MAX_CONNECTIONS,
                drop_pending_updates=False,
            )
        except TelegramBadRequest as error:
            # Telegram calls public https URLs only; a loopback BASE_URL still serves a mock Replicate.
            _log.warning("webhook_refused", url=url, error=error.message)
            return False
        _log.info("webhook_set", url=url)
        return True
