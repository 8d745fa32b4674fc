"""Telegram behind a circuit, as a request middleware of the bot's session."""

import math

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

from bot.jobs.circuit import Circuit, CircuitOpenError

_DOWN = (TelegramNetworkError, TelegramServerError, ClientDecodeError)
# Long polling and the webhook's registration have a pace of their own, and find out soonest that Telegram is back.
_FREE = frozenset({"getUpdates", "setWebhook", "deleteWebhook"})


class Guard(BaseRequestMiddleware):
    """While the circuit is open, calls raise `TelegramRetryAfter` and nothing is sent."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        """One call."""
        try:
            if method.__api_method__ not in _FREE:
                self._circuit.enter()
        except CircuitOpenError as error:
            raise TelegramRetryAfter(method, str(error), math.ceil(error.retry_after_s)) from error
        try:
            answer = await make_request(bot, method)
        except _DOWN:
            self._circuit.failed()
            raise
        except TelegramAPIError:
            self._circuit.succeeded()
            raise
        self._circuit.succeeded()
        return answer
