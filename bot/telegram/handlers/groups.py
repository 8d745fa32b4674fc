"""What is between a person and the bot does not happen in a group: there a link to the private chat has to do.

This stands before all screens, so that none of them has to know where it is asked for.
"""

import re
from collections.abc import Mapping

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject, or_f
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from bot.telegram.button_data import HistoryButton, MenuButton, SettingButton
from bot.telegram.command_names import ADMIN, PERSONAL
from bot.telegram.handlers.admin import by_admin
from bot.telegram.keyboards import keyboard
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.wording import text

# It stops what somebody has running in that very group.
_HERE_TOO = "cancel"
# Whoever asks how this works in a group is told, and may read on in private.
_EXPLAINED = frozenset({"start", "help"})
# Where the link leads; nothing is to be deleted by a link, and an admin's command has words of its own.
_SCREENS: Mapping[str, str] = {
    **{name: name for name in ("help", "settings", "history", "language", "privacy")},
    "delete_me": "privacy",
    "how_to": "help",
    "tools": "settings",
}
# https://core.telegram.org/bots/features#deep-linking
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def add_handlers(router: Router) -> None:
    """Commands of people and of admins, and all buttons but those of jobs."""
    router.message.register(point_to_chat, in_group, Command(*(name for name in PERSONAL if name != _HERE_TOO)))
    router.message.register(point_to_chat, in_group, Command(*ADMIN), by_admin)
    screens = or_f(MenuButton.filter(), SettingButton.filter(), HistoryButton.filter())
    router.callback_query.register(open_chat, pressed_in_group, screens)


async def in_group(message: Message) -> bool:
    """A filter."""
    return message.chat.type != "private"


async def pressed_in_group(query: CallbackQuery) -> bool:
    """The same for a button."""
    return query.message is not None and query.message.chat.type != "private"


async def point_to_chat(
    message: Message, command: CommandObject, bot: Bot, rules: ChatRules, replies: Replies, locale: str
) -> None:
    """One line, and a button that brings the person to where they wanted to go."""
    screen = command.args or "" if command.command == "start" else _SCREENS.get(command.command, "")
    words = text("personal_command", locale)
    if command.command in _EXPLAINED:
        words = text("group_hint", locale, command=f"/{rules.preset}")
    link = InlineKeyboardButton(text=text("open_chat", locale), url=await _link(bot, screen))
    replies.reply(message, words, keyboard([link]))


async def open_chat(
    query: CallbackQuery, callback_data: MenuButton | SettingButton | HistoryButton, bot: Bot, replies: Replies
) -> None:
    """Whoever presses is brought there at once, and the group sees nothing of it."""
    match callback_data:
        case MenuButton(screen=screen):
            name = _SCREENS.get(screen, "")
        case SettingButton():
            name = "settings"
        case HistoryButton():
            name = "history"
    replies.open(query, await _link(bot, name))


async def _link(bot: Bot, screen: str) -> str:
    """The private chat; with a payload that nothing is known of it is a normal start."""
    payload = screen if _PAYLOAD.fullmatch(screen) else "start"
    return f"https://t.me/{(await bot.me()).username}?start={payload}"
