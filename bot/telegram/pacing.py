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

from bot.jobs.guards.circuit import CircuitOpenError
from bot.jobs.limits.send_pace import Pace

# Calls that put something in front of a person count as messages.
_COUNTED = ("send", "edit", "copy", "forward")
_UNCOUNTED = frozenset({"sendChatAction"})
# They count too, but only where there is room: a sign that comes late says nothing, and a result would wait behind it.
_SIGNS = frozenset({"setMessageReaction"})
# Waiting in the call is fine for a moment; for longer the job is put off and its place goes to another.
_MAX_WAIT_S = 2.0


class Pacing(BaseRequestMiddleware):
    """A request middleware for the bot's session."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        """Raises `TelegramRetryAfter` without a call when the chat, or the whole bot, has to wait too long."""
        chat_id: Any = getattr(method, "chat_id", None)
        if _counted(method.__api_method__):
            await self._take_turn(method, chat_id)
        elif chat_id is not None:
            await self._check_pause(chat_id, method)
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            ours = isinstance(error.__cause__, CircuitOpenError)  # no word of Telegram's, and of no chat in particular
            if chat_id is not None and not ours:
                await self._pace.pause_chat(chat_id, error.retry_after)
            raise

    async def _check_pause(self, chat_id: int | str, method: TelegramMethod[Any]) -> None:
        left_s = await self._pace.paused_for(chat_id)
        if left_s > 0:
            raise TelegramRetryAfter(method, "this chat has to wait", math.ceil(left_s))

    async def _take_turn(self, method: TelegramMethod[Any], chat_id: int | str | None) -> None:
        wait_s = await self._pace.turn(0.0 if method.__api_method__ in _SIGNS else _MAX_WAIT_S, chat_id)
        if wait_s < 0:
            raise TelegramRetryAfter(method, "this chat, or all, have to wait", math.ceil(-wait_s))
        if wait_s > 0:
            await asyncio.sleep(wait_s)


def _counted(api_method: str) -> bool:
    return api_method in _SIGNS or (api_method.startswith(_COUNTED) and api_method not in _UNCOUNTED)
