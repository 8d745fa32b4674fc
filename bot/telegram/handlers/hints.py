"""Whatever is neither a picture nor a command: one friendly line."""

from aiogram import Router
from aiogram.types import Message

from bot.telegram.handlers.help_screens import how_to_keyboard
from bot.telegram.handlers.personal import in_private
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.wording import text


def add_handlers(router: Router) -> None:
    """Everything that nobody has taken."""
    router.message.register(hint, in_private)
    router.message.register(group_hint)


async def hint(message: Message, replies: Replies, locale: str) -> None:
    """What is accepted."""
    replies.reply(message, text("send_a_photo", locale), how_to_keyboard(locale))


async def group_hint(message: Message, rules: ChatRules, replies: Replies, locale: str) -> None:
    """We were mentioned, or replied to, without a picture."""
    replies.reply(message, text("group_hint", locale, command=f"/{rules.preset}"))
