"""The one way for a picture to become an input: bounded memory, checked by content, stored under our own key.

It comes in a file that was filled before, by whatever line: memory for it is reserved only while it is checked and
stored, so a slow sender holds up nobody else.
"""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import BinaryIO

from bot.jobs.images import CheckedImage, ImageLimits, check_input_image, check_plain_jpeg
from bot.jobs.limits.byte_budget import ByteBudget
from storage import object_keys
from storage.objects import ObjectStore

# The picture as it came, and as it is stored: without what its camera wrote about its owner.
_COPIES = 2
_LOOKED_AT_ONCE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredInput:
    """A picture that is ours now."""

    key: str
    content_type: str
    width: int
    height: int


class InputStore:
    """Whoever holds a picture's bytes in memory reserves room for them first."""

    def __init__(self, store: ObjectStore, limits: ImageLimits, budget: ByteBudget, executor: Executor) -> None:
        self._store, self.limits = store, limits
        self._budget, self._executor = budget, executor

    async def put(self, job_id: str, index: int, source: BinaryIO, size: int, *, digest: str = "") -> StoredInput:
        """Check the picture of `size` bytes and store it as input `index`; see `object_keys.input_image` for `digest`.

        Raises:
            ImageRefusedError: it cannot be used; nothing was stored.
            StorageError: it could not be stored.
        """
        self.limits.check_bytes(size)
        async with self._budget.reserve(_COPIES * size):
            checked = await self._checked(source, size)
            key = object_keys.input_image(job_id, index, checked.extension, digest=digest)
            await self._store.put(key, checked.body, content_type=checked.content_type)
        return StoredInput(key, checked.content_type, checked.width, checked.height)

    async def _checked(self, source: BinaryIO, size: int) -> CheckedImage:
        # What Telegram makes of a photo is looked at within a tenth of a millisecond; the threads may be busy for
        # seconds with a picture that has to be decoded.
        if size <= _LOOKED_AT_ONCE_BYTES:
            source.seek(0)
            if plain := check_plain_jpeg(source.read(), self.limits):
                return plain
        return await asyncio.get_running_loop().run_in_executor(self._executor, _checked, source, self.limits)


def _checked(source: BinaryIO, limits: ImageLimits) -> CheckedImage:
    source.seek(0)
    return check_input_image(source.read(), limits)
