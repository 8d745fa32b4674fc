"""Waiting for what the bot does, without polling: the same for people in this process and for those over HTTP."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

DEFAULT_WITHIN_S = 15.0


class ExpectationError(AssertionError):
    """What was expected did not happen in time; the text has the chat as it stands."""


class SeenMessage(Protocol):
    """A message as somebody in the chat sees it. It is live: it changes when it is edited, deleted or reacted to."""

    @property
    def message_id(self) -> int: ...
    @property
    def sender_id(self) -> int: ...
    @property
    def is_from_bot(self) -> bool: ...
    @property
    def all_text(self) -> str: ...
    @property
    def photo(self) -> Sequence[Any]: ...
    @property
    def document(self) -> Any: ...
    @property
    def other_content(self) -> Mapping[str, Any]: ...
    @property
    def media_group_id(self) -> str | None: ...
    @property
    def deleted(self) -> bool: ...
    @property
    def edits(self) -> int: ...
    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever the content of the message does."""
        ...

    def buttons(self) -> Iterable[Mapping[str, Any]]:
        """Give the inline buttons from top left to bottom right."""
        ...


class Events(Protocol):
    """Tells that something has happened."""

    @property
    def last(self) -> int:
        """The number of the newest event."""
        ...

    @property
    def closed(self) -> bool:
        """Whether nothing will happen any more."""
        ...

    async def beyond(self, seq: int) -> int:
        """Wait for an event after `seq`; returns at once when closed."""
        ...


M = TypeVar("M", bound=SeenMessage)
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class _Wanted(Generic[M]):
    photo: bool
    document: bool
    text: str | None
    button: str | None
    after: M | None

    def fits(self, message: M) -> bool:
        return (
            (not self.photo or bool(message.photo))
            and (not self.document or message.document is not None)
            and (self.text is None or self.text in message.all_text)
            and (self.button is None or any(self.button == one["text"] for one in message.buttons()))
            and (self.after is None or message.message_id > self.after.message_id)
        )

    def __str__(self) -> str:
        facts = {"photo": self.photo, "document": self.document, "text": self.text, "button": self.button}
        return ", ".join(f"{name}={value!r}" for name, value in facts.items() if value) or "anything"


class Watcher(ABC, Generic[M]):
    """Somebody who looks at one chat and waits for what the bot does there."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._given: set[tuple[int, int]] = set()

    @property
    @abstractmethod
    def history(self) -> list[M]:
        """All messages of the chat, deleted ones too, oldest first."""

    @property
    def messages(self) -> list[M]:
        """What this person sees in the chat, oldest first."""
        return [message for message in self.history if not message.deleted]

    @property
    def bot_messages(self) -> list[M]:
        """What the bot wrote and is still there, oldest first."""
        return [message for message in self.messages if message.is_from_bot]

    async def expect(
        self,
        *,
        photo: bool = False,
        document: bool = False,
        text: str | None = None,
        button: str | None = None,
        after: M | None = None,
        within: float = DEFAULT_WITHIN_S,
    ) -> M:
        """Wait for a message of the bot that fits all that is given; `text` is a part of its text or caption.

        Each version of a message (new, or as edited) is given only once, the oldest first; so a second `expect`
        waits for something more.

        Raises: ExpectationError after `within` seconds.
        """
        wanted = _Wanted(photo=photo, document=document, text=text, button=button, after=after)
        found = await self.until(lambda: next(self._fresh(wanted), None), f"message with {wanted}", within)
        self._given.add(found.version)
        return found

    async def expect_album(
        self, size: int, *, text: str | None = None, after: M | None = None, within: float = DEFAULT_WITHIN_S
    ) -> list[M]:
        """Wait for an album of the bot with `size` members, oldest first; `text` is a part of any one's caption.

        Raises: ExpectationError after `within` seconds.
        """
        wanted = _Wanted[M](photo=False, document=False, text=None, button=None, after=after)

        def find() -> list[M] | None:
            groups: dict[str, list[M]] = {}
            for message in self._fresh(wanted):
                if message.media_group_id is not None:
                    groups.setdefault(message.media_group_id, []).append(message)
            whole = (group for group in groups.values() if len(group) == size)
            return next((group for group in whole if not text or any(text in one.all_text for one in group)), None)

        about = f" with text={text!r}" if text else ""
        album = await self.until(find, f"album of {size}{about}", within)
        self._given.update(message.version for message in album)
        return album

    async def until(self, look: Callable[[], _T | None], what: str, within: float = DEFAULT_WITHIN_S) -> _T:
        """Wait until `look` gives something true; it is called after every change in the emulator.

        Raises: ExpectationError after `within` seconds, or when the emulator stops; naming `what`.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    seen = self._events.last
                    if found := look():
                        return found
                    if self._events.closed:
                        raise ExpectationError(f"no {what}, and the emulator has stopped:\n{self.transcript()}")
                    await self._events.beyond(seen)
        except TimeoutError as error:
            raise ExpectationError(f"no {what} within {within} s; the chat:\n{self.transcript()}") from error

    def transcript(self) -> str:
        """Give the chat as text, one line per message."""
        return "\n".join(_line(message) for message in self.history) or "(nothing)"

    def _fresh(self, wanted: _Wanted[M]) -> Iterator[M]:
        return (one for one in self.bot_messages if one.version not in self._given and wanted.fits(one))


def _line(message: SeenMessage) -> str:
    who = "bot" if message.is_from_bot else f"person {message.sender_id}"
    kinds = ["photo" if message.photo else "", "document" if message.document else "", *message.other_content]
    marks = [f"edited {message.edits}x" if message.edits else "", "deleted" if message.deleted else ""]
    labels = [f"[{button['text']}]" for button in message.buttons()]
    parts = [f"#{message.message_id} {who}:", *kinds, repr(message.all_text), *labels, *marks]
    return " ".join(part for part in parts if part)
