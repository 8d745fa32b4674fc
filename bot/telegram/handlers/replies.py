"""A reply in words to a picture, whoever sent it: taken as if it had come with these words."""

from collections.abc import Mapping

from aiogram import Router
from aiogram.types import Message

from bot.telegram.captions import preset_named
from bot.telegram.handlers.photos import accept
from bot.telegram.pictures import picture_in
from replicate_gateway.presets import Preset
from storage.job import InputImage


def add_handlers(router: Router) -> None:
    """Texts that reply to a message with a picture, but for commands that are no preset."""
    router.message.register(accept, replied_picture)


async def replied_picture(message: Message, presets: Mapping[str, Preset]) -> dict[str, InputImage | None] | bool:
    """A filter that hands the picture on; nothing comes beside it."""
    words, replied = message.text or "", message.reply_to_message
    if not words or replied is None or (words.startswith("/") and not preset_named(words.split()[0], presets)):
        return False
    picture = picture_in(replied)
    return {"picture": picture, "beside": None} if picture else False
