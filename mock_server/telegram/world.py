"""Everything one emulated Telegram knows, wired together once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mock_server.telegram.chats import ChatBook
from mock_server.telegram.command_menus import CommandMenus
from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.delivery import PendingUpdate, UpdateQueue
from mock_server.telegram.event_log import EventLog
from mock_server.telegram.faults import Faults
from mock_server.telegram.files import FileStore, Photo
from mock_server.telegram.flood import FloodControl
from mock_server.telegram.journal import Journal
from mock_server.telegram.long_polling import LongPolling
from mock_server.telegram.message_json import BotApiJson


@dataclass
class BotProfile:
    """What the bot shows of itself; texts by language, the sizes of its picture, none when it has none."""

    commands: CommandMenus = field(default_factory=CommandMenus)
    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    photo: Photo = ()


class World:
    """The state that Bot API methods and people act on."""

    def __init__(self, config: TelegramEmulatorConfig, directory: Path) -> None:
        self.config = config
        self.events = EventLog()
        self.book = ChatBook(config.bot_id, config.clock, self.events, config.max_messages_per_chat)
        self.files = FileStore(directory, config.max_stored_bytes, config.photo_boxes)
        self.json = BotApiJson(config, self.book)
        self.updates = UpdateQueue(config.clock)
        self.updates.subscribe_confirmed(self._note_confirmed)
        self.polling = LongPolling(self.updates)
        self.flood = FloodControl(config.flood, config.clock)
        self.faults = Faults()
        self.journal = Journal(config.bot_token, config.clock, self.events)
        self.profile = BotProfile()
        self.group_privacy = config.group_privacy

    def _note_confirmed(self, update: PendingUpdate) -> None:
        if update.kind == "message":
            body = update.body[update.kind]
            self.book.note_delivered(body["chat"]["id"], body["message_id"])

    def tell_bot(self, kind: str, lane_kind: str, lane_id: int, body: dict[str, Any], **lifetime: float) -> int | None:
        """Queue an update for the bot; give its id, or None when the bot does not want this kind."""
        return self.updates.add(kind, (lane_kind, lane_id), body, **lifetime)
