"""The bot's session: aiogram's own, at less expense for each call."""

from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp import ClientTimeout, FormData

from bot.telegram.upload_form import GatheredForm

# To get a connection, the wait for a free one included: well below every call's whole time, so that a call which was
# not sent is known as such.
_CONNECT_S = 8.0


class TelegramSession(AiohttpSession):
    """Sends a form with files in few pieces, holds on to the models of answers, and bounds the way to a connection.

    pydantic remembers `Response[Message]` only as long as somebody has it
    (https://docs.pydantic.dev/latest/concepts/models/#generic-models), and aiogram lets it go after each answer:
    making it again takes as long as ten calls.

    `limit` is how many connections there are at most. A call that gets none within `connect_s` seconds fails with
    `aiohttp.ConnectionTimeoutError` as the cause: nothing was sent.
    """

    def __init__(self, *, connect_s: float = _CONNECT_S, **options: Any) -> None:
        super().__init__(**options)
        self._connect_s = connect_s
        self._models: dict[object, type[Response[Any]]] = {}

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is aiogram's
    ) -> TelegramType:
        """See `AiohttpSession.make_request`; `timeout` is for the whole call, in seconds."""
        whole_s = self.timeout if timeout is None else timeout
        phases = ClientTimeout(total=whole_s, connect=self._connect_s, sock_connect=self._connect_s)
        return await super().make_request(bot, method, phases)  # type: ignore[arg-type]  # it goes to aiohttp as it is

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
