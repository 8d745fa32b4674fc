"""People for tests: they act, and wait for what the bot does about it. No polling, no sleeps.

Every `Message` given here is live: it changes when the bot edits, deletes or reacts to it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mock_server.telegram.chats import CallbackQuery, Chat, Message, Person
from mock_server.telegram.errors import UserActionError
from mock_server.telegram.people import Attachment, PersonActions, Surroundings
from mock_server.telegram.world import World

DEFAULT_WITHIN_S = 5.0

_T = TypeVar("_T")


class ExpectationError(AssertionError):
    """What was expected did not happen in time; the text has the chat as it stands."""


@dataclass(frozen=True)
class Press:
    """A pressed button."""

    user: "User"
    query: CallbackQuery

    async def answer(self, within: float = DEFAULT_WITHIN_S) -> dict[str, Any]:
        """Wait for the bot's answerCallbackQuery: `text`, `show_alert`, `url`."""
        return await self.user.until(lambda: self.query.answer, "answer to the pressed button", within)


class User:
    """A person in one chat with the bot. Made by `Control.add_user`, `User.in_chat`."""

    def __init__(self, world: World, person: Person, chat: Chat) -> None:
        self._world, self._actions = world, PersonActions(world)
        self.person, self.chat = person, chat
        self._given: set[tuple[int, int]] = set()

    @property
    def id(self) -> int:
        """The user id; the id of their private chat too."""
        return self.person.id

    @property
    def messages(self) -> list[Message]:
        """What this person sees in the chat, oldest first."""
        return self.chat.visible()

    @property
    def bot_messages(self) -> list[Message]:
        """What the bot wrote and is still there, oldest first."""
        return [message for message in self.chat.visible() if message.is_from_bot]

    @property
    def pings(self) -> int:
        """How many new messages of the bot notified this chat; edits never do."""
        return self.chat.pings

    def in_chat(self, chat: Chat) -> "User":
        """Give the same person in another chat, such as a group."""
        return User(self._world, self.person, chat)

    async def send_text(self, text: str, *, reply_to: Message | None = None, thread_id: int | None = None) -> Message:
        """Write a text; `/start payload` is how a deep link arrives."""
        return self._actions.send_text(self.person, self.chat, text, Surroundings(reply_to, thread_id))

    async def send_photo(
        self,
        photo: Path | str | bytes,
        *,
        caption: str = "",
        as_file: bool = False,
        filename: str | None = None,
        mime_type: str | None = None,
        reply_to: Message | None = None,
        thread_id: int | None = None,
    ) -> Message:
        """Send one picture, as a photo (re-encoded) or as a file (bytes, name and type kept)."""
        attachment = await _attachment(photo, filename, mime_type)
        around = Surroundings(reply_to, thread_id)
        return (await self._actions.send_media(self.person, self.chat, [attachment], caption, around, as_file=as_file))[
            0
        ]

    async def send_album(
        self,
        photos: Sequence[Path | str | bytes],
        *,
        caption: str = "",
        as_file: bool = False,
        reply_to: Message | None = None,
        thread_id: int | None = None,
    ) -> list[Message]:
        """Send two to ten pictures as one album."""
        files = [await _attachment(photo, None, None) for photo in photos]
        around = Surroundings(reply_to, thread_id)
        return await self._actions.send_media(self.person, self.chat, files, caption, around, as_file=as_file)

    async def send_other(self, **content: Any) -> Message:
        """Send another kind of content by its Message fields, such as `voice={...}` or `location={...}`."""
        return self._actions.send_other(self.person, self.chat, content, Surroundings())

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

    async def download(self, message: Message) -> bytes:
        """Give the bytes of a message's file, or of the biggest size of its photo."""
        file = message.document or (message.photo[-1] if message.photo else None)
        if file is None:
            raise UserActionError("the message has no picture or file")
        return await self._world.files.read(file)

    async def expect(
        self,
        *,
        photo: bool = False,
        document: bool = False,
        text: str | None = None,
        button: str | None = None,
        after: Message | None = None,
        within: float = DEFAULT_WITHIN_S,
    ) -> Message:
        """Wait for a message of the bot that fits all that is given; `text` is a part of its text or caption.

        Each version of a message (new, or as edited) is given only once, the oldest first; so a second `expect`
        waits for something more.

        Raises: ExpectationError after `within` seconds.
        """

        def fits(message: Message) -> bool:
            return (
                (not photo or bool(message.photo))
                and (not document or message.document is not None)
                and (text is None or text in message.all_text)
                and (button is None or any(button == one["text"] for one in message.buttons()))
                and (after is None or message.message_id > after.message_id)
            )

        def find() -> Message | None:
            fresh = (message for message in self.bot_messages if message.version not in self._given)
            return next((message for message in fresh if fits(message)), None)

        wanted = {"photo": photo, "document": document, "text": text, "button": button}
        sought = ", ".join(f"{name}={value!r}" for name, value in wanted.items() if value)
        found = await self.until(find, f"message with {sought or 'anything'}", within)
        self._given.add(found.version)
        return found

    async def until(self, look: Callable[[], _T | None], what: str, within: float = DEFAULT_WITHIN_S) -> _T:
        """Wait until `look` gives something true; it is called after every change in the emulator.

        Raises: ExpectationError after `within` seconds, naming `what`.
        """
        events = self._world.events
        try:
            async with asyncio.timeout(within):
                while True:
                    seen = events.last
                    if found := look():
                        return found
                    await events.beyond(seen)
        except TimeoutError as error:
            raise ExpectationError(f"no {what} within {within} s; the chat:\n{self.transcript()}") from error

    def transcript(self) -> str:
        """Give the chat as text, one line per message."""
        return "\n".join(_line(message) for message in self.chat.messages.values()) or "(nothing)"


async def _attachment(photo: Path | str | bytes, filename: str | None, mime_type: str | None) -> Attachment:
    if isinstance(photo, bytes):
        return Attachment(filename or "photo.jpg", photo, mime_type)
    path = Path(photo)
    return Attachment(filename or path.name, await asyncio.to_thread(path.read_bytes), mime_type)


def _line(message: Message) -> str:
    who = "bot" if message.is_from_bot else f"person {message.sender_id}"
    kinds = ["photo" if message.photo else "", "document" if message.document else "", *message.other_content]
    marks = [f"edited {message.edits}x" if message.edits else "", "deleted" if message.deleted else ""]
    labels = [f"[{button['text']}]" for button in message.buttons()]
    parts = [f"#{message.message_id} {who}:", *kinds, repr(message.all_text), *labels, *marks]
    return " ".join(part for part in parts if part)
