"""Edits of a job's status message: other words, or a picture with words below it. No edit pings, or can make two of it.

A message of words may become one with a picture, and never goes back: https://core.telegram.org/bots/api#editmessagemedia.
Which of the two it is may be known to another process only, so that Telegram's refusal has to tell.
"""

from collections.abc import Awaitable, Sequence

import structlog
from aiogram import Bot
from aiogram.methods import EditMessageCaption, EditMessageText
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
)

from bot.jobs.ports.chat import Sent
from bot.telegram.api_errors import OtherKindError, PhotoRefusedError, translated
from bot.telegram.uploads import UPLOAD_TIMEOUT_S, sent
from storage.job import Job

# A result may be waiting behind the edit of a status message.
_EDIT_TIMEOUT_S = 10
# What a model writes may hold links, and a status message is gone in a minute.
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_log = structlog.get_logger()


async def edit_words(
    bot: Bot, job: Job, words: str, buttons: InlineKeyboardMarkup | None, *, pictured: bool = False
) -> Sequence[Sent]:
    """The message says this now, below its picture if it has one, as it probably has when `pictured`.

    Raises:
        MessageGoneError, ChatGoneError, NotDoneError: see `translated`.
    """
    chat_id, message_id = chat_of(job), job.status_message_id
    as_text = EditMessageText(
        text=words, chat_id=chat_id, message_id=message_id, reply_markup=buttons, link_preview_options=_NO_PREVIEW
    )
    as_caption = EditMessageCaption(caption=words, chat_id=chat_id, message_id=message_id, reply_markup=buttons)
    likely, other = (as_caption, as_text) if pictured else (as_text, as_caption)
    try:
        return await _edited(job, bot(likely, request_timeout=_EDIT_TIMEOUT_S))
    except OtherKindError:
        return await _edited(job, bot(other, request_timeout=_EDIT_TIMEOUT_S))


async def edit_media(
    bot: Bot, job: Job, becomes: InputMediaPhoto | InputMediaDocument, buttons: InlineKeyboardMarkup | None
) -> Sequence[Sent]:
    """The message shows this now.

    Raises:
        PhotoRefusedError, MessageGoneError, ChatGoneError, NotDoneError: see `translated`.
    """
    edit = bot.edit_message_media(
        becomes,
        chat_id=chat_of(job),
        message_id=job.status_message_id,
        reply_markup=buttons,
        request_timeout=UPLOAD_TIMEOUT_S,
    )
    return await _edited(job, edit)


async def show_so_far(bot: Bot, job: Job, words: str, buttons: InlineKeyboardMarkup, picture: bytes) -> bool:
    """The message shows what the model has made so far; False where Telegram takes no picture here. Else as above."""
    photo = InputMediaPhoto(media=BufferedInputFile(picture, "so_far.jpg"), caption=words)
    try:
        await edit_media(bot, job, photo, buttons)
    except PhotoRefusedError as error:
        _log.info("picture_refused", as_photos=True, reason=str(error))
        return False
    return True


def chat_of(job: Job) -> int:
    """The chat that a job came from."""
    if (chat_id := job.origin.speaks_in) is None:
        raise ValueError("the job did not come from a chat")
    return chat_id


async def _edited(job: Job, edit: Awaitable[Message | bool]) -> Sequence[Sent]:
    """The message as it is now; "not modified" says that it was edited before."""
    message = None
    with translated(repeatable=True):
        message = await edit
    return sent([message]) if isinstance(message, Message) else [Sent(job.status_message_id or 0)]
