"""Screens that are nobody else's business: in a group the bot points to the private chat."""

from aiogram import Bot
from aiogram.types import InlineKeyboardButton, Message

from bot.telegram.keyboards import keyboard
from bot.telegram.talk import Talk
from bot.telegram.wording import text


async def in_private(message: Message) -> bool:
    """A filter."""
    return message.chat.type == "private"


async def point_to_chat(message: Message, bot: Bot, talk: Talk, locale: str) -> None:
    """What is asked for in a group is answered in private."""
    url = f"https://t.me/{(await bot.me()).username}?start=settings"
    talk.reply(
        message,
        text("personal_command", locale),
        keyboard([InlineKeyboardButton(text=text("open_chat", locale), url=url)]),
    )
