"""Whatever is neither a picture nor a command: one friendly line."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from bot.telegram.command_names import PERSONAL
from bot.telegram.handlers.help_screens import how_to_keyboard
from bot.telegram.handlers.personal import in_private, point_to_chat
from bot.telegram.rules import ChatRules
from bot.telegram.talk import Talk
from bot.telegram.wording import text


def add_handlers(router: Router) -> None:
    """Everything that nobody has taken; to a group only what was asked for there."""
    router.message.register(hint, in_private)
    router.message.register(point_to_chat, Command(*PERSONAL))
    router.message.register(group_hint)


async def hint(message: Message, talk: Talk, locale: str) -> None:
    """What is accepted."""
    talk.reply(message, text("send_a_photo", locale), how_to_keyboard(locale))


async def group_hint(message: Message, rules: ChatRules, talk: Talk, locale: str) -> None:
    """We were mentioned, or replied to, without a picture."""
    talk.reply(message, text("group_hint", locale, command=f"/{rules.preset}"))
