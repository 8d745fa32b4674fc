"""The people, chats and messages of the emulated Telegram; no I/O."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from mock_server.telegram.event_log import EventLog
from mock_server.telegram.files import Photo, StoredFile
from mock_server.telegram.limits import InlineKeyboard

ChatKind = Literal["private", "supergroup"]
ChatAction = str

_FIRST_PERSON_ID = 1001
_FIRST_GROUP_ID = -1001000000001
_EPOCH_OF_IDS = 1_704_067_200  # 2024: keeps numbers that start at the clock below 2**31


@dataclass
class Person:
    """Somebody with a Telegram app."""

    id: int
    first_name: str
    language_code: str
    username: str = ""
    blocked_bot: bool = False


@dataclass
class Message:
    """One message, as it is now; an edit changes it in place and counts in `edits`.

    `delivered`: the bot has confirmed it. `source_name` is what a picture was called where the person sent it from;
    bots never learn it.
    """

    message_id: int
    chat: "Chat"
    sender_id: int
    date: int
    text: str = ""
    entities: tuple[dict[str, Any], ...] = ()
    caption: str = ""
    caption_entities: tuple[dict[str, Any], ...] = ()
    photo: Photo = ()
    document: StoredFile | None = None
    other_content: dict[str, Any] = field(default_factory=dict)
    media_group_id: str | None = None
    reply_to: "Message | None" = None
    quote: str = ""
    thread_id: int | None = None
    keyboard: InlineKeyboard = field(default_factory=list)
    reply_keyboard: dict[str, Any] | None = None
    silent: bool = False
    spoiler: bool = False
    caption_above: bool = False
    protected: bool = False
    source_name: str = ""
    delivered: bool = False
    effect_id: str | None = None
    edits: int = 0
    edited_at: int | None = None
    deleted: bool = False
    anonymous: bool = False
    reactions: dict[int, list[str]] = field(default_factory=dict)

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever the content of this message does."""
        return self.message_id, self.edits

    @property
    def all_text(self) -> str:
        """The text, or the caption of a picture."""
        return self.text or self.caption

    @property
    def all_entities(self) -> tuple[dict[str, Any], ...]:
        """The entities of that text."""
        return self.entities if self.text else self.caption_entities

    @property
    def is_from_bot(self) -> bool:
        """Whether the bot wrote it."""
        return self.sender_id == self.chat.bot_id

    def buttons(self) -> Iterable[dict[str, Any]]:
        """Give the inline buttons from top left to bottom right."""
        return itertools.chain.from_iterable(self.keyboard)


@dataclass
class Chat:
    """A private chat with the bot, or a group it is in. `pings` counts new messages of the bot that notify.

    An album is one.
    """

    id: int
    kind: ChatKind
    bot_id: int
    title: str = ""
    member_ids: set[int] = field(default_factory=set)
    admin_ids: set[int] = field(default_factory=set)
    anonymous_ids: set[int] = field(default_factory=set)
    messages: dict[int, Message] = field(default_factory=dict)
    pings: int = 0

    def visible(self) -> list[Message]:
        """Give the messages that are not deleted, oldest first."""
        return [message for message in self.messages.values() if not message.deleted]

    def first_of_album(self, message: Message) -> Message:
        """Give the first message of its album that is not deleted; itself if it is of none."""
        if message.media_group_id is None:
            return message
        return next(one for one in self.visible() if one.media_group_id == message.media_group_id)

    def find(self, message_id: int | None) -> Message | None:
        """Give a message that is not deleted."""
        message = self.messages.get(message_id) if message_id is not None else None
        return None if message is None or message.deleted else message


@dataclass
class CallbackQuery:
    """A pressed button that waits for the bot's answer."""

    id: str
    person_id: int
    message: Message
    data: str
    asked_at: float
    answer: dict[str, Any] | None = None


class ChatBook:
    """All people and chats. Message ids grow from the time of the start, so that two runs share none."""

    def __init__(self, bot_id: int, clock: Callable[[], float], events: EventLog, max_messages: int) -> None:
        self.bot_id = bot_id
        self._clock, self._events, self._max_messages = clock, events, max_messages
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.callback_queries: dict[str, CallbackQuery] = {}
        self._person_ids = itertools.count(_FIRST_PERSON_ID)
        self._group_ids = itertools.count(_FIRST_GROUP_ID, -1)
        self._message_ids = itertools.count(max(1, int(clock()) - _EPOCH_OF_IDS))

    def now(self) -> int:
        """Give the time as Telegram writes it into messages: whole seconds since 1970."""
        return int(self._clock())

    def add_person(self, first_name: str, language_code: str, person_id: int | None, username: str) -> Person:
        """Create a person and their private chat with the bot."""
        if person_id is None:
            person_id = next(number for number in self._person_ids if number not in self.people)
        person = Person(person_id, first_name, language_code, username)
        self.people[person_id] = person
        self.chats[person_id] = Chat(person_id, "private", self.bot_id, member_ids={person_id, self.bot_id})
        self._events.publish("person", person_id=person_id)
        return person

    def add_group(self, title: str, member_ids: Iterable[int], admin_ids: Iterable[int]) -> Chat:
        """Create a group of these people and the bot."""
        members = {*member_ids, *admin_ids, self.bot_id}
        chat = Chat(next(self._group_ids), "supergroup", self.bot_id, title, members, set(admin_ids))
        self.chats[chat.id] = chat
        self._events.publish("chat", chat_id=chat.id)
        return chat

    def post(self, chat: Chat, sender_id: int, **content: Any) -> Message:
        """Put a new message into a chat and give it."""
        content["anonymous"] = sender_id in chat.anonymous_ids
        message = Message(next(self._message_ids), chat, sender_id, self.now(), **content)
        pings = message.is_from_bot and not message.silent and not _goes_on(message, chat)
        chat.messages[message.message_id] = message
        if len(chat.messages) > self._max_messages:
            del chat.messages[next(iter(chat.messages))]
        chat.pings += pings
        self._events.publish("message", chat_id=chat.id, message_id=message.message_id)
        return message

    def edit(self, message: Message, **changes: Any) -> Message:
        """Change a message in place; an edit never pings. A change of buttons alone leaves no edit mark."""
        for name, value in changes.items():
            setattr(message, name, value)
        message.edits += 1
        if changes.keys() - {"keyboard"}:
            message.edited_at = self.now()
        self._events.publish("edit", chat_id=message.chat.id, message_id=message.message_id)
        return message

    def note_delivered(self, chat_id: int, message_id: int) -> None:
        """The bot has a person's message, which may be forgotten here already."""
        message = self.chats[chat_id].messages.get(message_id)
        if message is not None:
            message.delivered = True
            self._events.publish("delivered", chat_id=chat_id, message_id=message_id)

    def delete(self, message: Message) -> None:
        """Take a message away from everybody."""
        message.deleted = True
        self._events.publish("delete", chat_id=message.chat.id, message_id=message.message_id)

    def react(self, message: Message, who_id: int, emoji: list[str]) -> None:
        """Set the reactions of one participant on a message; none takes them away."""
        if emoji:
            message.reactions[who_id] = emoji
        else:
            message.reactions.pop(who_id, None)
        self._events.publish("reaction", chat_id=message.chat.id, message_id=message.message_id)

    def set_bot_member(self, chat: Chat, *, is_member: bool) -> None:
        """Add the bot to a group or remove it."""
        if is_member:
            chat.member_ids.add(self.bot_id)
        else:
            chat.member_ids.discard(self.bot_id)
        self._events.publish("chat", chat_id=chat.id)

    def show_action(self, chat: Chat, action: ChatAction) -> None:
        """Tell the people in a chat what the bot is doing; apps show it for 5 s at most."""
        self._events.publish("chat_action", chat_id=chat.id, action=action)


def _goes_on(message: Message, chat: Chat) -> bool:
    """Whether the message is of the album that the chat ends with."""
    last = next(reversed(chat.messages.values()), None)
    return message.media_group_id is not None and last is not None and last.media_group_id == message.media_group_id
