"""Staying within Telegram's limits: a pace over all chats, and silence towards a chat that asked for it.

About 30 messages a second over all chats (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this);
a 429 names the seconds for which that chat is to be left alone, while all others go on.
"""

import asyncio
import math
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

# Calls that put something in front of a person count as messages.
_COUNTED = ("send", "edit", "copy", "forward")
_UNCOUNTED = frozenset({"sendChatAction"})
_BURST_S = 1.0
# Waiting in the call is fine for a moment; for longer the job is put off and its place goes to another.
_MAX_WAIT_S = 2.0


class Pacing(BaseRequestMiddleware):
    """A request middleware for the bot's session; `per_second` of 0 is no limit."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._burst = per_second * _BURST_S
        self._next_free = -math.inf  # loop time at which the next message fits the pace
        self._silent_until: dict[int | str, float] = {}

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        """Raises `TelegramRetryAfter` without a call when the chat, or the whole bot, has to wait too long."""
        chat_id: Any = getattr(method, "chat_id", None)
        self._check_silence(chat_id, method)
        if self._interval and _counted(method.__api_method__):
            await self._take_turn(method)
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            if chat_id is not None:
                self._silent_until[chat_id] = asyncio.get_running_loop().time() + error.retry_after
            raise

    def _check_silence(self, chat_id: int | str | None, method: TelegramMethod[Any]) -> None:
        until = self._silent_until.get(chat_id) if chat_id is not None else None
        if chat_id is None or until is None:
            return
        left_s = until - asyncio.get_running_loop().time()
        if left_s > 0:
            raise TelegramRetryAfter(method, "this chat has to wait", math.ceil(left_s))
        del self._silent_until[chat_id]

    async def _take_turn(self, method: TelegramMethod[Any]) -> None:
        now = asyncio.get_running_loop().time()
        turn = max(self._next_free, now - self._burst * self._interval)
        wait_s = turn - now
        if wait_s > _MAX_WAIT_S:
            raise TelegramRetryAfter(method, "all chats have to wait", math.ceil(wait_s))
        self._next_free = turn + self._interval
        if wait_s > 0:
            await asyncio.sleep(wait_s)


def _counted(api_method: str) -> bool:
    return api_method.startswith(_COUNTED) and api_method not in _UNCOUNTED
