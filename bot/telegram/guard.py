"""Telegram behind a circuit, as a request middleware of the bot's session."""

import math
from functools import partial

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.jobs.guards.circuit import Circuit, CircuitOpenError, Heard
from bot.jobs.guards.meter import SILENT, Meter, Timed

_DOWN = (TelegramNetworkError, TelegramServerError, ClientDecodeError)
# Long polling and the webhook's registration have a pace of their own, and find out soonest that Telegram is back.
_FREE = frozenset({"getUpdates", "setWebhook", "deleteWebhook"})


class Guard(BaseRequestMiddleware):
    """While the circuit is open, calls raise `TelegramRetryAfter` and nothing is sent."""

    def __init__(self, circuit: Circuit, meter: Meter = SILENT) -> None:
        self._circuit, self._heard = circuit, Heard(circuit, down=_DOWN, answered=TelegramAPIError)
        self._told = partial(meter.call_ended, "telegram")

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        """One call."""
        with Timed(self._told, method.__api_method__, _outcome):
            return await self._guarded(make_request, bot, method)

    async def _guarded(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        try:
            if method.__api_method__ not in _FREE:
                self._circuit.enter()
        except CircuitOpenError as error:
            raise TelegramRetryAfter(method, str(error), math.ceil(error.retry_after_s)) from error
        with self._heard:
            return await make_request(bot, method)


def _outcome(error: Exception) -> str:
    match error:
        case TelegramRetryAfter():
            return "held_back" if isinstance(error.__cause__, CircuitOpenError) else "busy"
        case TelegramNetworkError() | TelegramServerError() | ClientDecodeError():
            return "unreachable"
        case _:
            return "refused"
