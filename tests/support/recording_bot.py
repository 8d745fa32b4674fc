"""An aiogram bot that speaks to nobody: calls are recorded, answers come from a queue, or are the usual ones.

RefusedRequests go through aiogram's own check of an answer, so the errors are the ones that production sees.
"""

import itertools
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import TelegramMethod
from aiogram.types import InputFile
from aiohttp import Payload

TOKEN = "4242424242:AArecording-bot-opens-no-real-door-0"
SERVER = "http://telegram.test"
_DATE = 1_790_000_000
_MESSAGES = frozenset({"sendMessage", "sendPhoto", "sendDocument", "editMessageText", "editMessageMedia"})


@dataclass(frozen=True)
class Upload:
    """A file that went along with a call."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Call:
    """One call as Telegram would have got it: parameters without those that are not set, and the files."""

    method: str
    params: dict[str, Any]
    uploads: tuple[Upload, ...]
    timeout_s: int | None


@dataclass(frozen=True)
class _Answer:
    status: int
    body: str
    error: Callable[[TelegramMethod[Any]], Exception] | None = None


class RecordingSession(BaseSession):
    """Answers the calls in order from what was prepared; a call that nothing was prepared for succeeds."""

    def __init__(self) -> None:
        super().__init__(api=TelegramAPIServer.from_base(SERVER))
        self.calls: list[Call] = []
        self.closed = False
        self.default: Callable[[TelegramMethod[Any]], _Answer] = self._success
        self._prepared: deque[_Answer] = deque()
        self._message_ids = itertools.count(501)

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.calls]

    def succeed(self, result: Any = None) -> None:
        """Answer the next call with `result`, or with what is usual for its method."""
        self._prepared.append(_Answer(0, "") if result is None else _ok(result))

    def refuse(self, status: int, description: str, **parameters: int) -> None:
        """Answer the next call as Telegram refuses: `retry_after`, `migrate_to_chat_id` are `parameters`."""
        self._prepared.append(refusal(status, description, **parameters))

    def answer_raw(self, status: int, body: str) -> None:
        """Answer the next call with any text."""
        self._prepared.append(_Answer(status, body))

    def break_line(self, cause: BaseException) -> None:
        """Let the network fail under the next call."""
        self._prepared.append(_Answer(0, "", lambda method: _network_error(method, cause)))

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[Any],
        timeout: int | None = None,  # noqa: ASYNC109 - the signature is aiogram's
    ) -> Any:
        self.calls.append(await self._recorded(bot, method, timeout))
        answer = self._prepared.popleft() if self._prepared else self.default(method)
        if answer.error:
            raise answer.error(method)
        if answer.status == 0:
            answer = self._success(method)
        return self.check_response(bot=bot, method=method, status_code=answer.status, content=answer.body).result

    async def close(self) -> None:
        self.closed = True

    async def stream_content(self, *args: Any, **kwargs: Any) -> AsyncGenerator[bytes, None]:
        raise AssertionError("the product downloads through a client of its own")
        yield b""

    async def _recorded(self, bot: Bot, method: TelegramMethod[Any], timeout_s: int | None) -> Call:
        files: dict[str, InputFile] = {}
        fields = method.model_dump(warnings=False).items()
        sent = {name: self.prepare_value(value, bot=bot, files=files, _dumps_json=False) for name, value in fields}
        uploads = [Upload(file.filename or name, await _content(file.read(bot))) for name, file in files.items()]
        # As aiogram's own session does it: what is empty is not sent.
        params = {name: value for name, value in sent.items() if value or value is False}
        return Call(method.__api_method__, params, tuple(uploads), timeout_s)

    def _success(self, method: TelegramMethod[Any]) -> _Answer:
        name = method.__api_method__
        if name in _MESSAGES:
            return _ok(self._message(method, getattr(method, "message_id", None)))
        if name == "sendMediaGroup":
            return _ok([self._message(method) for _ in getattr(method, "media", ())])
        if name == "getMe":
            return _ok({"id": int(TOKEN.partition(":")[0]), "is_bot": True, "first_name": "Bot", "username": "a_bot"})
        return _ok([] if name == "getUpdates" else True)

    def _message(self, method: TelegramMethod[Any], message_id: int | None = None) -> dict[str, Any]:
        chat = {"id": getattr(method, "chat_id", 0), "type": "private"}
        return {"message_id": message_id or next(self._message_ids), "date": _DATE, "chat": chat}


def recording_bot() -> tuple[Bot, RecordingSession]:
    """The bot, and the session that it speaks through."""
    session = RecordingSession()
    return Bot(TOKEN, session=session), session


def refusal(status: int, description: str, **parameters: int) -> _Answer:
    """An answer that is a refusal, for `RecordingSession.default`."""
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return _Answer(status, json.dumps(body | ({"parameters": parameters} if parameters else {})))


def _ok(result: Any) -> _Answer:
    return _Answer(200, json.dumps({"ok": True, "result": result}))


def _network_error(method: TelegramMethod[Any], cause: BaseException) -> TelegramNetworkError:
    error = TelegramNetworkError(method=method, message=f"{type(cause).__name__}: {cause}")
    error.__cause__ = cause
    return error


async def _content(body):
    """What a file is sent as: something of aiohttp's, or aiogram's own generator."""
    return await body.as_bytes() if isinstance(body, Payload) else b"".join([chunk async for chunk in body])
