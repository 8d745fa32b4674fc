"""What an emulator elsewhere has, kept up to date here by its stream of events."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from mock_server.telegram.errors import UserActionError
from mock_server.telegram.event_log import Bell
from mock_server.telegram.remote_message import RemoteMessage

_SILENCE_S = 60.0  # the stream says that it is alive four times a minute
_WITH_MESSAGE = frozenset({"message", "edit", "delete", "reaction", "delivered"})
_WITH_PEOPLE = frozenset({"person", "chat"})


@dataclass
class _Chat:
    body: Mapping[str, Any]
    messages: dict[int, RemoteMessage] = field(default_factory=dict)


class Mirror:
    """The chats of an emulator at `base_url`. Use it as a context; what comes meanwhile is read in the background.

    `last` counts what has changed; it is not the emulator's own number.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session, self._base_url = session, base_url
        self._chats: dict[int, _Chat] = {}
        self._bell = Bell()
        self.answers: dict[str, dict[str, Any]] = {}
        self.last = 0
        self.closed = False

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Read everything, then follow the stream until the block is left."""
        seq = await self._read_all()
        task = asyncio.get_running_loop().create_task(self._follow(seq))
        try:
            yield
        finally:
            task.cancel()
            (ended,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended

    async def call(self, method: str, path: str, **request: Any) -> Any:
        """Ask the control surface.

        Raises: UserActionError for a refusal, aiohttp.ClientError when nobody answers.
        """
        async with self._session.request(method, f"{self._base_url}/control/{path}", **request) as response:
            answer = await response.json()
            if response.status >= 400:
                raise UserActionError(answer["error"])
            return answer

    async def read(self, path: str) -> bytes:
        """Give the bytes at a path of the control surface."""
        async with self._session.get(f"{self._base_url}/control/{path}") as response:
            response.raise_for_status()
            return await response.read()

    def chat(self, chat_id: int) -> Mapping[str, Any]:
        """Give a chat as the control surface has it."""
        return self._chats[chat_id].body

    def history(self, chat_id: int) -> list[RemoteMessage]:
        """Give all messages of a chat, deleted ones too, oldest first."""
        return list(self._chats[chat_id].messages.values())

    def find(self, chat_id: int, message_id: int) -> RemoteMessage | None:
        """Give a message."""
        return self._chats[chat_id].messages.get(message_id)

    def take(self, body: Mapping[str, Any]) -> RemoteMessage:
        """Note a message as it is now, and give it."""
        chat = body["chat"]  # a new one may be heard of by its first message
        messages = self._chats.setdefault(chat["id"], _Chat({**chat, "pings": 0})).messages
        known = messages.setdefault(body["message_id"], RemoteMessage(body, self.find))
        if (
            body["sandbox"]["seq"] >= known.json["sandbox"]["seq"]
        ):  # an answer may come after the event of a later change
            known.json = body
        self._changed()
        return known

    async def read_chats(self) -> int:
        """Read which chats there are; give the number of the newest event."""
        state = await self.call("GET", "state")
        for body in state["chats"]:
            self._chats.setdefault(body["id"], _Chat(body)).body = body
        self._changed()
        return int(state["seq"])

    async def beyond(self, seq: int) -> int:
        """Wait until `last` is greater than `seq`; returns at once when the emulator has gone."""
        while self.last <= seq and not self.closed:
            await self._bell.wait()
        return self.last

    async def _read_all(self) -> int:
        seq = await self.read_chats()
        for chat_id in self._chats:
            for body in await self.call("GET", f"chats/{chat_id}/messages"):
                self.take(body)
        return seq

    def _changed(self) -> None:
        self.last += 1
        self._bell.ring()

    async def _follow(self, seq: int) -> None:
        url = f"{self._base_url}/control/events"
        patience = aiohttp.ClientTimeout(total=None, sock_read=_SILENCE_S)
        try:
            # That the emulator has gone is said by `closed`: whoever waits for something is told that it cannot come.
            with contextlib.suppress(aiohttp.ClientError):
                async with self._session.get(url, params={"after": seq}, timeout=patience) as response:
                    async for kind, data in _events(response.content):
                        await self._react(kind, data)
        finally:
            self.closed = True
            self._bell.ring()

    async def _react(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "reset":
            await self._read_all()
        elif kind in _WITH_PEOPLE:
            await self.read_chats()
        elif kind in _WITH_MESSAGE and data["message"] is not None:
            chat = self._chats[data["chat_id"]]
            chat.body = {**chat.body, "pings": data["pings"]}
            self.take(data["message"])
        elif kind == "callback_answer":
            self.answers[data["query_id"]] = {name: data[name] for name in ("text", "show_alert", "url")}
            self._changed()


async def _events(lines: AsyncIterable[bytes]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html, one line of data each."""
    kind = ""
    async for raw in lines:
        name, _, value = raw.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)
