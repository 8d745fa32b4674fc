"""A person in an emulator that runs elsewhere: what `actors.User` does, over HTTP."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from mock_server.telegram.actors import Content, read_attachment
from mock_server.telegram.errors import UserActionError
from mock_server.telegram.mirror import Mirror
from mock_server.telegram.people import Attachment
from mock_server.telegram.remote_message import RemoteMessage
from mock_server.telegram.watching import DEFAULT_WITHIN_S, Watcher


@dataclass(frozen=True)
class RemotePress:
    """A pressed button."""

    user: "RemoteUser"
    query_id: str

    async def answer(self, within: float = DEFAULT_WITHIN_S) -> dict[str, Any]:
        """Wait for the bot's answerCallbackQuery: `text`, `show_alert`, `url`."""
        return await self.user.until(
            lambda: self.user.answers.get(self.query_id), "answer to the pressed button", within
        )


class RemoteUser(Watcher[RemoteMessage]):
    """A person in one chat with the bot. Made by `EmulatorClient.add_user`, `RemoteUser.in_chat`."""

    def __init__(self, mirror: Mirror, user_id: int, chat_id: int) -> None:
        super().__init__(mirror)
        self._mirror, self.id, self.chat_id = mirror, user_id, chat_id

    @property
    def answers(self) -> Mapping[str, dict[str, Any]]:
        """The bot's answers to pressed buttons, by query id."""
        return self._mirror.answers

    @property
    def history(self) -> list[RemoteMessage]:
        """All messages of the chat, deleted ones too, oldest first."""
        return self._mirror.history(self.chat_id)

    @property
    def pings(self) -> int:
        """How many new messages of the bot notified this chat; edits never do."""
        return int(self._mirror.chat(self.chat_id)["pings"])

    def in_chat(self, chat: Mapping[str, Any]) -> "RemoteUser":
        """Give the same person in another chat, such as a group."""
        return RemoteUser(self._mirror, self.id, chat["id"])

    async def start(self, payload: str = "") -> RemoteMessage:
        """Press Start, or follow a deep link with this payload."""
        return self._mirror.take(await self._in_chat("POST", "start", payload=payload))

    async def commands(self) -> list[dict[str, str]]:
        """Give the command menu that this person sees in this chat."""
        path = f"chats/{self.chat_id}/commands"
        commands: list[dict[str, str]] = await self._mirror.call("GET", path, params={"user_id": self.id})
        return commands

    async def send_text(
        self, text: str, *, reply_to: RemoteMessage | None = None, thread_id: int | None = None
    ) -> RemoteMessage:
        """Write a text."""
        return self._mirror.take(await self._in_chat("POST", "text", text=text, **_around(reply_to, thread_id)))

    async def send_photo(
        self,
        photo: Content,
        *,
        caption: str = "",
        as_file: bool = False,
        filename: str | None = None,
        mime_type: str | None = None,
        reply_to: RemoteMessage | None = None,
        thread_id: int | None = None,
    ) -> RemoteMessage:
        """Send one picture, as a photo (re-encoded) or as a file (bytes, name and type kept)."""
        file = await read_attachment(photo, filename, mime_type)
        facts = {"kind": _kind(as_file=as_file), "caption": caption, "mime_type": mime_type or ""}
        return (await self._upload([file], facts | _around(reply_to, thread_id)))[0]

    async def send_album(
        self,
        photos: Sequence[Content],
        *,
        caption: str = "",
        as_file: bool = False,
        reply_to: RemoteMessage | None = None,
        thread_id: int | None = None,
    ) -> list[RemoteMessage]:
        """Send two to ten pictures as one album."""
        files = [await read_attachment(photo, None, None) for photo in photos]
        facts = {"kind": _kind(as_file=as_file), "caption": caption}
        return await self._upload(files, facts | _around(reply_to, thread_id))

    async def send_sticker(
        self,
        picture: Content,
        *,
        emoji: str = "🙂",
        reply_to: RemoteMessage | None = None,
        thread_id: int | None = None,
    ) -> RemoteMessage:
        """Send a picture as a still sticker: WebP, its longer side 512 pixels."""
        file = await read_attachment(picture, None, None)
        return (await self._upload([file], {"kind": "sticker", "emoji": emoji} | _around(reply_to, thread_id)))[0]

    async def send_live_photo(
        self,
        photo: Content,
        *,
        caption: str = "",
        reply_to: RemoteMessage | None = None,
        thread_id: int | None = None,
    ) -> RemoteMessage:
        """Send a picture as a live photo, whose video is a stub; the bot gets its still as a photo too."""
        file = await read_attachment(photo, None, None)
        facts = {"kind": "live_photo", "caption": caption}
        return (await self._upload([file], facts | _around(reply_to, thread_id)))[0]

    async def send_other(self, **content: Any) -> RemoteMessage:
        """Send another kind of content by its Message fields, such as `voice={...}` or `location={...}`."""
        return self._mirror.take(await self._in_chat("POST", "other", content=content))

    async def forward(self, message: RemoteMessage) -> RemoteMessage:
        """Forward a message of any chat to this one: the bot gets the same picture again."""
        fields = {"from_chat_id": message.chat_id, "message_id": message.message_id}
        return self._mirror.take(await self._in_chat("POST", "forward", **fields))

    async def edit(self, message: RemoteMessage, text: str) -> None:
        """Change the text or caption of an own message."""
        self._mirror.take(await self._to(message, "POST", "/edit", text=text))

    async def press(self, message: RemoteMessage, button: str) -> RemotePress:
        """Press an inline button by its label or its callback data."""
        return RemotePress(self, (await self._to(message, "POST", "/press", button=button))["query_id"])

    async def press_outdated(self, message: RemoteMessage, data: str) -> RemotePress:
        """Press a button that is no longer (or never was) on the message."""
        return RemotePress(self, (await self._to(message, "POST", "/press", data=data))["query_id"])

    async def react(self, message: RemoteMessage, emoji: str) -> None:
        """Put a reaction on a message; an empty text takes it away."""
        self._mirror.take(await self._to(message, "POST", "/react", emoji=emoji))

    async def delete_message(self, message: RemoteMessage) -> None:
        """Delete a message for both sides."""
        self._mirror.take(await self._to(message, "DELETE", ""))

    async def block_bot(self) -> None:
        """Stop the bot from writing to this person."""
        await self._mirror.call("PATCH", f"users/{self.id}", json={"blocked_bot": True})

    async def unblock_bot(self) -> None:
        """Let the bot write again."""
        await self._mirror.call("PATCH", f"users/{self.id}", json={"blocked_bot": False})

    async def remain_anonymous(self) -> None:
        """As an admin of this group, write in its name from now on; presses still come from the person."""
        await self._in_chat("PUT", "anonymous")

    async def add_bot(self) -> None:
        """Add the bot to this group."""
        await self._in_chat("PUT", "bot", is_member=True)

    async def remove_bot(self) -> None:
        """Remove the bot from this group."""
        await self._in_chat("PUT", "bot", is_member=False)

    async def download(self, message: RemoteMessage) -> bytes:
        """Give the bytes of a message's file, or of the biggest size of its photo."""
        file = message.document or (message.photo[-1] if message.photo else None)
        if file is None:
            raise UserActionError("the message has no picture or file")
        return await self._mirror.read(f"media/{quote(file.file_id, safe='')}")

    async def _in_chat(self, method: str, what: str, **fields: Any) -> Any:
        return await self._mirror.call(method, f"chats/{self.chat_id}/{what}", json={"user_id": self.id, **fields})

    async def _to(self, message: RemoteMessage, method: str, what: str, **fields: Any) -> Any:
        return await self._in_chat(method, f"messages/{message.message_id}{what}", **fields)

    async def _upload(self, files: Sequence[Attachment], facts: Mapping[str, Any]) -> list[RemoteMessage]:
        form = aiohttp.FormData(quote_fields=False)
        for name, value in {"user_id": self.id, **facts}.items():
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
        for number, file in enumerate(files):
            form.add_field(f"file{number}", io.BytesIO(file.data), filename=file.name)
        sent = await self._mirror.call("POST", f"chats/{self.chat_id}/media", data=form)
        return [self._mirror.take(body) for body in sent]


def _kind(*, as_file: bool) -> str:
    return "file" if as_file else "photo"


def _around(reply_to: RemoteMessage | None, thread_id: int | None) -> dict[str, Any]:
    wanted = {"reply_to_message_id": reply_to.message_id if reply_to else None, "message_thread_id": thread_id}
    return {name: value for name, value in wanted.items() if value is not None}
