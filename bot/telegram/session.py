"""The bot's session: aiogram's own, without making the model of an answer anew for each answer."""

from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType


class TelegramSession(AiohttpSession):
    """Holds on to the models of answers.

    pydantic remembers `Response[Message]` only as long as somebody has it
    (https://docs.pydantic.dev/latest/concepts/models/#generic-models), and aiogram lets it go after each answer:
    making it again takes as long as ten calls.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._models: dict[object, type[Response[Any]]] = {}

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """See `BaseSession.check_response`."""
        kind = method.__returning__
        if kind not in self._models:
            self._models[kind] = Response[kind]  # type: ignore[valid-type]  # as aiogram names it
        return super().check_response(bot, method, status_code, content)
