"""`PictureSource` for Telegram: getFile, then our own bounded download, since aiogram's has no bound on size and names
the URL, token and all, in its errors.
"""

from typing import BinaryIO

import aiohttp
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest

from bot.jobs.errors import JobFailedError, NotDoneError
from bot.jobs.images import ImageLimits, ImageProblem, ImageRefusedError
from bot.telegram.api_errors import PhotoRefusedError, translated
from bot.telegram.sample import SAMPLE_FILE_ID, sample_picture

_TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=10, sock_read=30)
_CHUNK_BYTES = 256 * 1024
_MAX_TELEGRAM_BYTES = 20 * 1024 * 1024  # https://core.telegram.org/bots/api#getfile


class TelegramPhotos:
    """Downloads over one shared session, which belongs to the caller."""

    def __init__(self, bot: Bot, session: aiohttp.ClientSession) -> None:
        self._bot, self._session = bot, session

    async def fetch(self, file_id: str, /, into: BinaryIO, *, max_bytes: int) -> int:
        """See `bot.jobs.ports.pictures.PictureSource`."""
        if file_id == SAMPLE_FILE_ID:
            return into.write(sample_picture())
        limits = ImageLimits(max_bytes=max_bytes)
        path = await self._path(file_id, max_bytes)
        url = self._bot.session.api.file_url(self._bot.token, path)
        try:
            async with self._session.get(url, timeout=_TIMEOUT) as answer:
                if answer.status in (404, 410):
                    raise JobFailedError("input_gone")
                if answer.status != 200:
                    raise NotDoneError("telegram_unreachable")
                return await _copy(answer, into, limits)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise NotDoneError("telegram_unreachable") from None  # the original names the URL

    async def _path(self, file_id: str, max_bytes: int) -> str:
        try:
            with translated(repeatable=True):
                file = await self._bot.get_file(file_id)
                if file.file_path:
                    return file.file_path
        except PhotoRefusedError as error:  # "file is too big", although its sender claimed less
            megabytes = min(max_bytes, _MAX_TELEGRAM_BYTES) // (1024 * 1024)
            facts: dict[str, str | int | float] = {"megabytes": f"> {megabytes}", "max_megabytes": megabytes}
            raise JobFailedError(ImageProblem.TOO_MANY_BYTES.value, facts) from error
        except TelegramBadRequest as error:
            raise JobFailedError("input_gone") from error
        raise JobFailedError("input_gone")


async def _copy(answer: aiohttp.ClientResponse, into: BinaryIO, limits: ImageLimits) -> int:
    size = 0
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        _check(limits, size)
        into.write(chunk)
    return size


def _check(limits: ImageLimits, size: int) -> None:
    try:
        limits.check_bytes(size)
    except ImageRefusedError as error:
        raise JobFailedError(error.code.value, error.data) from error
