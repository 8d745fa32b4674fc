"""The key that Replicate signs callbacks with: configured, or fetched from the account and kept."""

import asyncio

from replicate_gateway.errors import GatewayError
from replicate_gateway.protocol import ReplicateGateway
from replicate_gateway.signature import decode_secret
from storage.errors import StorageUnavailableError


class SigningKeyUnavailableError(StorageUnavailableError):
    """The key cannot be had now; Replicate repeats its callback, so it is answered like a storage that is down."""


class SigningKey:
    """Fetched at most once; callers that come meanwhile wait for the same answer."""

    def __init__(self, gateway: ReplicateGateway, configured: str | None) -> None:
        self._gateway = gateway
        self._key = decode_secret(configured) if configured else None
        self._lock = asyncio.Lock()

    async def get(self) -> bytes:
        """The key.

        Raises:
            SigningKeyUnavailableError: Replicate does not hand it out now.
        """
        if self._key is None:
            async with self._lock:
                if self._key is None:
                    self._key = await self._fetch()
        return self._key

    async def _fetch(self) -> bytes:
        try:
            return decode_secret(await self._gateway.webhook_secret())
        except GatewayError as error:
            raise SigningKeyUnavailableError(f"no webhook secret: {error}") from error
