"""`InputLinks`: how Replicate gets to see a stored input."""

from bot.jobs.errors import JobFailedError
from replicate_gateway.protocol import ReplicateGateway
from storage.errors import ObjectNotFoundError
from storage.job import InputImage
from storage.objects import ObjectStore

_MAX_UPLOAD_BYTES = 100_000_000  # what Replicate's files API takes


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


class UploadedLinks:
    """For a storage that only this machine can reach: a laptop without a tunnel, say."""

    def __init__(self, store: ObjectStore, gateway: ReplicateGateway) -> None:
        self._store, self._gateway = store, gateway

    async def publish(self, image: InputImage) -> str | None:
        """Hand the input to Replicate's files API, which keeps it for a day."""
        if image.link:
            return None
        key = image.key or ""
        try:
            found = await self._store.get(key, max_bytes=_MAX_UPLOAD_BYTES)
        except ObjectNotFoundError as error:
            raise JobFailedError("input_gone") from error
        name = key.rsplit("/", 1)[-1]
        return await self._gateway.upload(found.body, filename=name, content_type=image.content_type or "")

    async def link(self, image: InputImage) -> str:
        """What `publish` gave and the record kept."""
        if image.link is None:
            raise ValueError("the input was not published")
        return image.link
