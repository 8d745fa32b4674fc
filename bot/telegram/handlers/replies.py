"""A reply in words to a picture, whoever sent it: the words say what is to be done with it."""

from collections.abc import Mapping

from aiogram import Bot, Router
from aiogram.types import Message

from bot.telegram.addressing import without_mention
from bot.telegram.captions import preset_named
from bot.telegram.identity import user_key
from bot.telegram.pictures import picture_in
from bot.telegram.shown_results import ShownResults
from bot.telegram.submissions import Submissions
from replicate_gateway.presets import Preset
from storage.job import InputImage
from storage.person import Person


def router() -> Router:
    """Texts that reply to a message with a picture, but for commands that are no preset."""
    fresh = Router(name="replies")
    fresh.message.register(accept, replied_picture)
    return fresh


async def replied_picture(message: Message, presets: Mapping[str, Preset]) -> dict[str, InputImage] | bool:
    """A filter that hands the picture on."""
    words, replied = message.text or "", message.reply_to_message
    if not words or replied is None or (words.startswith("/") and not preset_named(words.split()[0], presets)):
        return False
    picture = picture_in(replied)
    return {"picture": picture} if picture else False


async def accept(
    message: Message,
    picture: InputImage,
    bot: Bot,
    shown: ShownResults,
    submissions: Submissions,
    person: Person,
    locale: str,
) -> None:
    """On a result of one's own it goes on; any other picture is taken as if it had come with these words."""
    words = await without_mention(message, bot)
    result = await shown.replied_to(message, user_key(message.from_user))
    if result:
        return await submissions.on_result(message, result, None, words, person, locale)
    return await submissions.of_message(message, picture, words, person, locale)
