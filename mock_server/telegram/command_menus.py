"""Command menus of the bot: one per scope and language, and which of them somebody sees in a chat.

https://core.telegram.org/bots/api#botcommandscope
"""

import json
import re
from typing import Any

from mock_server.telegram.chats import Chat, Person
from mock_server.telegram.errors import bad_request

Command = dict[str, str]

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_MAX_COMMANDS = 100
_MAX_DESCRIPTION = 256
_OF_ALL = frozenset({"default", "all_private_chats", "all_group_chats", "all_chat_administrators"})
_OF_A_CHAT = frozenset({"chat", "chat_administrators", "chat_member"})


class CommandMenus:
    """The menus that were set, by scope and two-letter language ("" is every language)."""

    def __init__(self) -> None:
        self._menus: dict[tuple[str, str], list[Command]] = {}

    def put(self, scope: Any, language: str, commands: list[Command]) -> None:
        """Set a menu; an empty one takes it away. `scope` is a BotCommandScope, None the default one.

        Raises: BotApiError 400 for a wrong scope.
        """
        key = _key(scope), language
        if commands:
            self._menus[key] = commands
        else:
            self._menus.pop(key, None)

    def get(self, scope: Any, language: str) -> list[Command]:
        """Give the menu of exactly this scope and language.

        Raises: BotApiError 400 for a wrong scope.
        """
        return self._menus.get((_key(scope), language), [])

    def seen_by(self, person: Person, chat: Chat) -> list[Command]:
        """Give the menu that this person's app shows in this chat: the narrowest scope, their language first."""
        language = person.language_code.lower().partition("-")[0]
        keys = ((_key(scope), one) for scope in _scopes_of(person, chat) for one in (language, ""))
        return next((self._menus[key] for key in keys if key in self._menus), [])


def checked_commands(commands: Any) -> list[Command]:
    """Give the commands of a setMyCommands call; none when it has none.

    Raises: BotApiError 400 for what Telegram would refuse.
    """
    if commands is None:
        return []
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > _MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_checked(command) for command in commands]


def _checked(command: Any) -> Command:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name, description = str(command.get("command", "")).removeprefix("/"), str(command.get("description", ""))
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= _MAX_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _key(scope: Any) -> str:
    prefix = "can't parse BotCommandScope: "
    if scope is None:
        scope = {"type": "default"}
    if not isinstance(scope, dict):
        raise bad_request(prefix + "BotCommandScope must be an Object")
    kind = scope.get("type")
    if kind in _OF_ALL:
        return json.dumps({"type": kind})
    if kind not in _OF_A_CHAT:
        raise bad_request(prefix + "Unsupported type specified")
    if not scope.get("chat_id"):
        raise bad_request(prefix + "Empty chat_id specified")
    narrow: dict[str, Any] = {"type": kind, "chat_id": str(scope["chat_id"])}
    if kind == "chat_member":
        narrow["user_id"] = _user_id(scope.get("user_id"))
    return json.dumps(narrow)


def _user_id(value: Any) -> int:
    if not str(value).isdecimal() or int(value) <= 0:
        raise bad_request("can't parse BotCommandScope: Invalid user_id specified")
    return int(value)


def _scopes_of(person: Person, chat: Chat) -> list[dict[str, Any]]:
    """Narrowest first, as https://core.telegram.org/bots/api#determining-list-of-commands has them."""
    here = {"chat_id": chat.id}
    if chat.kind == "private":
        return [{"type": "chat", **here}, {"type": "all_private_chats"}, {"type": "default"}]
    is_admin = person.id in chat.admin_ids
    return [
        {"type": "chat_member", **here, "user_id": person.id},
        *([{"type": "chat_administrators", **here}] if is_admin else []),
        {"type": "chat", **here},
        *([{"type": "all_chat_administrators"}] if is_admin else []),
        {"type": "all_group_chats"},
        {"type": "default"},
    ]
