"""A preset's name as a command, without a picture: chosen for the photos to come."""

from collections.abc import Mapping
from dataclasses import replace

from aiogram import Router
from aiogram.types import Message

from bot.telegram.captions import preset_named
from bot.telegram.handlers.personal import in_private
from bot.telegram.identity import user_key
from bot.telegram.replies import Replies
from bot.telegram.wording import text
from replicate_gateway.presets import Preset
from storage.people import People


def add_handlers(router: Router) -> None:
    """/upscale and its like. As a reply to a picture they are in `replies`."""
    router.message.register(choose, in_private, _names_preset)
    router.message.register(explain, _names_preset)


async def choose(message: Message, preset: Preset, people: People, replies: Replies, locale: str) -> None:
    """As in the settings."""
    await people.change(user_key(message.from_user), lambda person: replace(person, preset=preset.name))
    replies.reply(message, text("tool_chosen", locale, tool=preset.label(locale)))


async def explain(message: Message, preset: Preset, replies: Replies, locale: str) -> None:
    """In a group it needs a picture to work on."""
    replies.reply(message, text("group_hint", locale, command=f"/{preset.name}"))


async def _names_preset(message: Message, presets: Mapping[str, Preset]) -> dict[str, Preset] | bool:
    words = (message.text or "").split()
    name = preset_named(words[0], presets) if words and words[0].startswith("/") else None
    return {"preset": presets[name]} if name else False
