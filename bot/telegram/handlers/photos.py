"""A picture becomes a job; in reply to a result it becomes a part of what is made of that."""

from aiogram import Bot, Router
from aiogram.types import Message

from bot.telegram.addressing import without_mention
from bot.telegram.identity import author_key
from bot.telegram.pictures import picture_in
from bot.telegram.shown_results import ShownResults
from bot.telegram.submissions import Submissions
from storage.job import InputImage
from storage.person import Person


def add_handlers(router: Router) -> None:
    """Messages with a picture."""
    router.message.register(accept, has_picture)


async def has_picture(message: Message) -> dict[str, InputImage | None] | bool:
    """A filter that hands the picture on, which may also come beside a result."""
    picture = picture_in(message)
    return {"picture": picture, "beside": picture} if picture else False


async def accept(
    message: Message,
    picture: InputImage,
    beside: InputImage | None,
    bot: Bot,
    shown: ShownResults,
    submissions: Submissions,
    person: Person,
    locale: str,
) -> None:
    """The words with it say what is to be done. In reply to a result of one's own it goes on from that."""
    words = await without_mention(message, bot)
    result = await shown.replied_to(message, author_key(message))
    if result:
        return await submissions.on_result(message, result, beside, words, person, locale)
    return await submissions.of_message(message, picture, words, person, locale)
