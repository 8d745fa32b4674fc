"""The picture in a message, if there is one that can be worked on. What a file really is shows when it is opened."""

import re

from aiogram.types import Document, Message

from storage.job import InputImage

_IMAGE_NAME = re.compile(r".*\.(jpe?g|png|webp|gif|bmp|tiff?|hei[cf])", re.IGNORECASE | re.DOTALL)


def picture_in(message: Message) -> InputImage | None:
    """A photo, the still of a live photo, an image as a file, or a sticker that does not move."""
    still = message.live_photo.photo if message.live_photo else message.photo
    if still:
        # Telegram offers several sizes, the last is the largest.
        return InputImage(still[-1].file_id, size=still[-1].file_size, still=message.live_photo is not None)
    if (sticker := message.sticker) and not (sticker.is_animated or sticker.is_video):
        return InputImage(sticker.file_id, size=sticker.file_size, still=True)
    document = message.document
    if document and (_is_image(document.mime_type) or _IMAGE_NAME.fullmatch(document.file_name or "")):
        moves = _is_gif(document)
        return InputImage(document.file_id, size=document.file_size, as_file=True, still=moves)
    return None


def unique_name(message: Message) -> str | None:
    """Telegram's name for the picture itself: the same whenever the same picture is sent."""
    if still := message.live_photo.photo if message.live_photo else message.photo:
        return still[-1].file_unique_id
    other = message.sticker or message.document
    return other.file_unique_id if other else None


def _is_gif(document: Document) -> bool:
    """Of one that moves the first frame is taken."""
    return document.mime_type == "image/gif" or (document.file_name or "").lower().endswith(".gif")


def _is_image(mime_type: str | None) -> bool:
    """The sender's claim; where there is none the name decides."""
    return (mime_type or "").startswith("image/")
