"""A message as the control surface has it, with the names that messages have in this process."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What of a Message is content that `text`, `caption`, `photo`, `document` do not say.
_KNOWN = frozenset(
    {
        "message_id", "from", "chat", "date", "sandbox", "text", "entities", "caption", "caption_entities", "photo",
        "document", "edit_date", "media_group_id", "reply_to_message", "quote", "reply_markup", "message_thread_id",
        "is_topic_message", "has_media_spoiler", "show_caption_above_media", "has_protected_content", "effect_id",
    }
)  # fmt: skip


@dataclass(frozen=True)
class RemoteFile:
    """A file of the emulator: one size of a photo, or a document. `size` in bytes."""

    file_id: str
    unique_id: str
    size: int
    width: int = 0
    height: int = 0
    name: str = ""
    mime_type: str = ""


Find = Callable[[int, int], "RemoteMessage | None"]
"""Gives the message of a chat id and a message id."""


class RemoteMessage:
    """A message of an emulator elsewhere. It is live: it changes when the emulator says so. `json` has all of it."""

    def __init__(self, body: Mapping[str, Any], find: Find) -> None:
        self.json, self._find = body, find

    @property
    def message_id(self) -> int:
        """Its number in the chat."""
        return int(self.json["message_id"])

    @property
    def chat_id(self) -> int:
        """The chat it is in."""
        return int(self.json["chat"]["id"])

    @property
    def sender_id(self) -> int:
        """Who wrote it."""
        return int(self.json["from"]["id"])

    @property
    def is_from_bot(self) -> bool:
        """Whether the bot wrote it; who writes in a group's name is shown as a bot of Telegram's."""
        return bool(self.json["from"]["is_bot"] and "sender_chat" not in self.json)

    @property
    def text(self) -> str:
        """The text; empty when it has none."""
        return str(self.json.get("text", ""))

    @property
    def caption(self) -> str:
        """The caption; empty when it has none."""
        return str(self.json.get("caption", ""))

    @property
    def all_text(self) -> str:
        """The text, or the caption of a picture."""
        return self.text or self.caption

    @property
    def entities(self) -> Sequence[Mapping[str, Any]]:
        """The entities of the text."""
        return tuple(self.json.get("entities", ()))

    @property
    def caption_entities(self) -> Sequence[Mapping[str, Any]]:
        """The entities of the caption."""
        return tuple(self.json.get("caption_entities", ()))

    @property
    def photo(self) -> Sequence[RemoteFile]:
        """The sizes of a photo, biggest last; none when it has no photo."""
        return tuple(_file(size) for size in self.json.get("photo", ()))

    @property
    def document(self) -> RemoteFile | None:
        """The file it carries."""
        return _file(self.json["document"]) if "document" in self.json else None

    @property
    def other_content(self) -> Mapping[str, Any]:
        """Other kinds of content by the name of their field: sticker, live_photo, voice, ..."""
        return {name: value for name, value in self.json.items() if name not in _KNOWN}

    @property
    def media_group_id(self) -> str | None:
        """What the members of an album share."""
        return self.json.get("media_group_id")

    @property
    def reply_to(self) -> "RemoteMessage | None":
        """The message it answers."""
        quoted = self.json.get("reply_to_message")
        if quoted is None:
            return None
        return self._find(self.chat_id, quoted["message_id"]) or RemoteMessage(quoted, self._find)

    @property
    def deleted(self) -> bool:
        """Whether it is gone for everybody."""
        return bool(self.json["sandbox"]["deleted"])

    @property
    def silent(self) -> bool:
        """Whether it came without a ping."""
        return bool(self.json["sandbox"]["silent"])

    @property
    def delivered(self) -> bool:
        """Whether the bot has confirmed it."""
        return bool(self.json["sandbox"]["delivered"])

    @property
    def edits(self) -> int:
        """How often it was changed."""
        return int(self.json["sandbox"]["edits"])

    @property
    def reactions(self) -> Mapping[int, Sequence[str]]:
        """The emoji on it, by who put them there."""
        return {one["by"]: one["emoji"] for one in self.json["sandbox"]["reactions"]}

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever the content of this message does."""
        return self.message_id, self.edits

    def buttons(self) -> Iterable[Mapping[str, Any]]:
        """Give the inline buttons from top left to bottom right."""
        rows = self.json.get("reply_markup", {}).get("inline_keyboard", ())
        return (button for row in rows for button in row)


def _file(body: Mapping[str, Any]) -> RemoteFile:
    return RemoteFile(
        body["file_id"],
        body["file_unique_id"],
        body["file_size"],
        body.get("width", 0),
        body.get("height", 0),
        body.get("file_name", ""),
        body.get("mime_type", ""),
    )
