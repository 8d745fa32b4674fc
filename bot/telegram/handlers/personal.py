"""Screens that are nobody else's business: opened in private, by a command or by a link that a group was shown.

What may be seen in a group is jobs, what concerns them, and how to begin one: see `handlers.groups` for all the rest.
"""

from aiogram import F
from aiogram.filters import Command, CommandStart, Filter, or_f
from aiogram.types import Message


async def in_private(message: Message) -> bool:
    """A filter."""
    return message.chat.type == "private"


def asked_for(screen: str) -> Filter:
    """A filter for `/screen`, and for the link `https://t.me/<bot>?start=screen`."""
    return or_f(Command(screen), CommandStart(deep_link=True, magic=F.args == screen))
