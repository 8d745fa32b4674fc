"""`InputLinks`: how Replicate gets to see a stored input."""

from replicate_gateway.protocol import ReplicateGateway
from storage.objects import ObjectStore

_MAX_UPLOAD_BYTES = 100_000_000  # what Replicate's files API takes


class PresignedLinks:
    """For a storage that the outside can reach."""

    def __init__(self, store: ObjectStore, ttl_s: int) -> None:
        self._store, self._ttl_s = store, ttl_s

    async def link(self, key: str, content_type: str) -> str:
        """An expiring link; nothing is sent."""
        return await self._store.presigned_url(key, ttl_s=self._ttl_s)


class UploadedLinks:
    """For a storage that only this machine can reach: a laptop without a tunnel, say."""

    def __init__(self, store: ObjectStore, gateway: ReplicateGateway) -> None:
        self._store, self._gateway = store, gateway

    async def link(self, key: str, content_type: str) -> str:
        """Hand the input to Replicate's files API, which keeps it for a day; raises `GatewayError`."""
        found = await self._store.get(key, max_bytes=_MAX_UPLOAD_BYTES)
        name = key.rsplit("/", 1)[-1]
        return await self._gateway.upload(found.body, filename=name, content_type=content_type)
