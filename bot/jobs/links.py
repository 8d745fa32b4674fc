"""`InputLinks`: how Replicate gets to see a stored input."""

import asyncio
from base64 import b64encode

from bot.jobs.errors import JobFailedError
from replicate_gateway.protocol import ReplicateGateway
from storage.errors import ObjectNotFoundError, ObjectTooLargeError
from storage.job import InputImage
from storage.objects import ObjectStore

_MAX_UPLOAD_BYTES = 100_000_000  # what Replicate's files API takes
# Replicate recommends data URLs up to 256 kB (https://replicate.com/docs/reference/http#predictions.create). Every poll
# and every list brings them back, a hundred predictions in one answer, so ours are smaller still.
_MAX_INLINE_BYTES = 100_000
_MAX_AT_HAND = 32
# Each is in memory for as long as the line takes, which a laptop's uploads share anyway.
_UPLOADS_AT_A_TIME = 4


class PresignedLinks:
    """For a storage that the outside can reach."""

    def __init__(self, store: ObjectStore, ttl_s: int) -> None:
        self._store, self._ttl_s = store, ttl_s

    async def publish(self, image: InputImage) -> str | None:
        """Nothing has to be brought anywhere."""
        return None

    async def link(self, image: InputImage) -> str:
        """An expiring link; nothing is sent."""
        return await self._store.presigned_url(image.key or "", ttl_s=self._ttl_s)

    async def trace(self, image: InputImage) -> str:
        """The signature differs from link to link, the key does not."""
        return image.key or "-"


class UploadedLinks:
    """For a storage that only this machine can reach, a laptop without a tunnel, say.

    Small inputs go along in the create call, as data URLs; larger ones are uploaded before.
    """

    def __init__(self, store: ObjectStore, gateway: ReplicateGateway) -> None:
        self._store, self._gateway = store, gateway
        # Between `publish` and `link` a create call is claimed; a storage that fails then would leave it unclear.
        self._at_hand: dict[str, str] = {}
        self._uploads = asyncio.Semaphore(_UPLOADS_AT_A_TIME)

    async def publish(self, image: InputImage) -> str | None:
        """Hand a large input to Replicate's files API, which keeps it for a day."""
        if image.link or await self._inline(image):
            return None
        name = (image.key or "").rsplit("/", 1)[-1]
        async with self._uploads:
            body = await self._read(image, _MAX_UPLOAD_BYTES)
            return await self._gateway.upload(body, filename=name, content_type=image.content_type or "")

    async def link(self, image: InputImage) -> str:
        """What `publish` gave and the record kept; or the input itself."""
        link = image.link or await self._inline(image)
        if link is None:
            raise ValueError("the input was not published")
        return link

    async def trace(self, image: InputImage) -> str:
        """The same link every time."""
        return await self.link(image)

    async def _inline(self, image: InputImage) -> str | None:
        """The input as a data URL; None for one that is too large."""
        key = image.key or ""
        if key not in self._at_hand:
            try:
                body = await self._read(image, _MAX_INLINE_BYTES)
            except ObjectTooLargeError:
                return None
            if len(self._at_hand) >= _MAX_AT_HAND:
                del self._at_hand[next(iter(self._at_hand))]
            self._at_hand[key] = f"data:{image.content_type};base64,{b64encode(body).decode()}"
        return self._at_hand[key]

    async def _read(self, image: InputImage, max_bytes: int) -> bytes:
        try:
            return (await self._store.get(image.key or "", max_bytes=max_bytes)).body
        except ObjectNotFoundError as error:
            raise JobFailedError("input_gone") from error
