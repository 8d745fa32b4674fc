"""The bot's session: aiogram's own, at less expense for each call."""

from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp import FormData

from bot.telegram.upload_form import GatheredForm


class TelegramSession(AiohttpSession):
    """Sends a form with files in few pieces, and holds on to the models of answers.

    pydantic remembers `Response[Message]` only as long as somebody has it
    (https://docs.pydantic.dev/latest/concepts/models/#generic-models), and aiogram lets it go after each answer:
    making it again takes as long as ten calls.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._models: dict[object, type[Response[Any]]] = {}

    def build_form_data(self, bot: Bot, method: TelegramMethod[TelegramType]) -> FormData:
        """See `AiohttpSession.build_form_data`."""
        form = super().build_form_data(bot, method)
        return GatheredForm(form) if form.is_multipart else form

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """See `BaseSession.check_response`."""
        kind = method.__returning__
        if kind not in self._models:
            self._models[kind] = Response[kind]  # type: ignore[valid-type]  # as aiogram names it
        return super().check_response(bot, method, status_code, content)
