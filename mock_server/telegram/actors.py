"""People for tests: they act, and wait for what the bot does about it. No polling, no sleeps.

Every `Message` given here is live: it changes when the bot edits, deletes or reacts to it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_server.telegram.chats import CallbackQuery, Chat, Message, Person
from mock_server.telegram.errors import UserActionError
from mock_server.telegram.people import Attachment, MessageContext, PersonActions
from mock_server.telegram.watching import DEFAULT_WITHIN_S, ExpectationError, Watcher
from mock_server.telegram.world import World

__all__ = ["DEFAULT_WITHIN_S", "ExpectationError", "Press", "User"]

Content = Path | str | bytes
"""A picture or file: where it is, or its bytes."""


@dataclass(frozen=True)
class Press:
    """A pressed button."""

    user: "User"
    query: CallbackQuery

    async def answer(self, within: float = DEFAULT_WITHIN_S) -> dict[str, Any]:
        """Wait for the bot's answerCallbackQuery: `text`, `show_alert`, `url`."""
        return await self.user.until(lambda: self.query.answer, "answer to the pressed button", within)


class User(Watcher[Message]):
    """A person in one chat with the bot. Made by `Control.add_user`, `User.in_chat`."""

    def __init__(self, world: World, person: Person, chat: Chat) -> None:
        super().__init__(world.events)
        self._world, self._actions = world, PersonActions(world)
        self.person, self.chat = person, chat

    @property
    def id(self) -> int:
        """The user id; the id of their private chat too."""
        return self.person.id

    @property
    def history(self) -> list[Message]:
        """All messages of the chat, deleted ones too, oldest first."""
        return list(self.chat.messages.values())

    @property
    def pings(self) -> int:
        """How many new messages of the bot notified this chat; edits never do."""
        return self.chat.pings

    def in_chat(self, chat: Chat) -> "User":
        """Give the same person in another chat, such as a group."""
        return User(self._world, self.person, chat)

    async def start(self, payload: str = "") -> Message:
        """Press Start, or follow a deep link with this payload."""
        return self._actions.start(self.person, self.chat, payload)

    async def commands(self) -> list[dict[str, str]]:
        """Give the command menu that this person sees in this chat."""
        return self._world.profile.commands.seen_by(self.person, self.chat)

    async def send_text(self, text: str, *, reply_to: Message | None = None, thread_id: int | None = None) -> Message:
        """Write a text."""
        return self._actions.send_text(self.person, self.chat, text, MessageContext(reply_to, thread_id))

    async def send_photo(
        self,
        photo: Content,
        *,
        caption: str = "",
        as_file: bool = False,
        filename: str | None = None,
        mime_type: str | None = None,
        reply_to: Message | None = None,
        thread_id: int | None = None,
    ) -> Message:
        """Send one picture, as a photo (re-encoded) or as a file (bytes, name and type kept)."""
        attachment = await read_attachment(photo, filename, mime_type)
        around = MessageContext(reply_to, thread_id)
        return (await self._actions.send_media(self.person, self.chat, [attachment], caption, around, as_file=as_file))[
            0
        ]

    async def send_album(
        self,
        photos: Sequence[Content],
        *,
        caption: str = "",
        as_file: bool = False,
        reply_to: Message | None = None,
        thread_id: int | None = None,
    ) -> list[Message]:
        """Send two to ten pictures as one album."""
        files = [await read_attachment(photo, None, None) for photo in photos]
        around = MessageContext(reply_to, thread_id)
        return await self._actions.send_media(self.person, self.chat, files, caption, around, as_file=as_file)

    async def send_sticker(
        self, picture: Content, *, emoji: str = "🙂", reply_to: Message | None = None, thread_id: int | None = None
    ) -> Message:
        """Send a picture as a still sticker: WebP, its longer side 512 pixels."""
        attachment = await read_attachment(picture, None, None)
        around = MessageContext(reply_to, thread_id)
        return await self._actions.send_sticker(self.person, self.chat, attachment, emoji, around)

    async def send_live_photo(
        self, photo: Content, *, caption: str = "", reply_to: Message | None = None, thread_id: int | None = None
    ) -> Message:
        """Send a picture as a live photo, whose video is a stub; the bot gets its still as a photo too."""
        attachment = await read_attachment(photo, None, None)
        around = MessageContext(reply_to, thread_id)
        return await self._actions.send_live_photo(self.person, self.chat, attachment, caption, around)

    async def send_other(self, **content: Any) -> Message:
        """Send another kind of content by its Message fields, such as `voice={...}` or `location={...}`."""
        return self._actions.send_other(self.person, self.chat, content, MessageContext())

    async def forward(self, message: Message) -> Message:
        """Forward a message of any chat to this one: the bot gets the same picture again."""
        return self._actions.forward(self.person, self.chat, message)

    async def edit(self, message: Message, text: str) -> None:
        """Change the text or caption of an own message."""
        self._actions.edit_text(self.person, message, text)

    async def press(self, message: Message, button: str) -> Press:
        """Press an inline button by its label or its callback data."""
        return Press(self, self._actions.press(self.person, message, button))

    async def press_outdated(self, message: Message, data: str) -> Press:
        """Press a button that is no longer (or never was) on the message."""
        return Press(self, self._actions.press_data(self.person, message, data))

    async def react(self, message: Message, emoji: str) -> None:
        """Put a reaction on a message; an empty text takes it away."""
        self._actions.react(self.person, message, emoji)

    async def delete_message(self, message: Message) -> None:
        """Delete a message for both sides."""
        self._actions.delete_message(self.person, message)

    async def block_bot(self) -> None:
        """Stop the bot from writing to this person."""
        self._actions.set_blocked(self.person, blocked=True)

    async def unblock_bot(self) -> None:
        """Let the bot write again."""
        self._actions.set_blocked(self.person, blocked=False)

    async def remain_anonymous(self) -> None:
        """As an admin of this group, write in its name from now on; presses still come from the person."""
        self._actions.remain_anonymous(self.person, self.chat)

    async def add_bot(self) -> None:
        """Add the bot to this group."""
        self._actions.set_bot_member(self.person, self.chat, is_member=True)

    async def remove_bot(self) -> None:
        """Remove the bot from this group."""
        self._actions.set_bot_member(self.person, self.chat, is_member=False)

    async def download(self, message: Message) -> bytes:
        """Give the bytes of a message's file, or of the biggest size of its photo."""
        file = message.document or (message.photo[-1] if message.photo else None)
        if file is None:
            raise UserActionError("the message has no picture or file")
        return await self._world.files.read(file)


async def read_attachment(photo: Content, filename: str | None, mime_type: str | None) -> Attachment:
    """Give a file on a person's device; bytes are called photo.jpg unless named."""
    if isinstance(photo, bytes):
        return Attachment(filename or "photo.jpg", photo, mime_type)
    path = Path(photo)
    return Attachment(filename or path.name, await asyncio.to_thread(path.read_bytes), mime_type)
