"""The one way for a picture to become an input: bounded memory, checked by content, stored under our own key."""

import asyncio
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bot.jobs.images import CheckedImage, ImageLimits, check_input_image
from bot.jobs.limits.byte_budget import ByteBudget
from storage import object_keys
from storage.objects import ObjectStore

# The picture as it came, and as it is stored: without what its camera wrote about its owner.
_COPIES = 2


@dataclass(frozen=True, slots=True)
class StoredInput:
    """A picture that is ours now."""

    key: str
    image: CheckedImage


class InputStore:
    """Whoever holds a picture's bytes in memory reserves room for them first."""

    def __init__(self, store: ObjectStore, limits: ImageLimits, budget: ByteBudget, executor: Executor) -> None:
        self._store, self.limits = store, limits
        self._budget, self._executor = budget, executor

    def room(self, size: int | None) -> AbstractAsyncContextManager[None]:
        """Reserved memory for a picture of `size` bytes, or of the largest size if that is not known.

        Raises:
            ImageRefusedError: it is too large.
        """
        self.limits.check_bytes(size or 0)
        return self._budget.reserve(_COPIES * (size or self.limits.max_bytes))

    async def put(self, job_id: str, index: int, body: bytes, *, digest: str = "") -> StoredInput:
        """Check the picture and store it as input `index`; see `object_keys.input_image` for `digest`.

        Raises:
            ImageRefusedError: it cannot be used; nothing was stored.
            StorageError: it could not be stored.
        """
        loop = asyncio.get_running_loop()
        checked = await loop.run_in_executor(self._executor, check_input_image, body, self.limits)
        key = object_keys.input_image(job_id, index, checked.extension, digest=digest)
        await self._store.put(key, checked.body, content_type=checked.content_type)
        return StoredInput(key, checked)
