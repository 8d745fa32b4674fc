"""A picture of our own to try the bot with: shown at the first contact, and worked on when somebody wishes."""

from functools import cache
from pathlib import Path

from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup, Message

# Stands for the picture where a file id of Telegram's is expected; theirs never look like this.
SAMPLE_FILE_ID = "sample"

_FILE = Path(__file__).with_name("sample.jpg")


@cache
def sample_picture() -> bytes:
    """The JPEG's bytes; read once, best before the first person comes."""
    return _FILE.read_bytes()


class SamplePhoto:
    """Uploaded once per process, then sent by the name that Telegram gave it."""

    def __init__(self) -> None:
        self._file_id: str | None = None

    async def reply(self, message: Message, caption: str, keyboard: InlineKeyboardMarkup) -> None:
        """Send it to the chat of `message`; only the words where pictures are not taken. Raises `AiogramError`."""
        photo = self._file_id or BufferedInputFile(sample_picture(), _FILE.name)
        try:
            sent = await message.answer_photo(photo, caption=caption, reply_markup=keyboard).as_(message.bot)
        except TelegramBadRequest:
            await message.answer(caption, reply_markup=keyboard).as_(message.bot)
            return
        self._file_id = sent.photo[-1].file_id if sent.photo else None
