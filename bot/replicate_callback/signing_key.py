"""The key that Replicate signs callbacks with: configured, or fetched from the account and kept."""

import asyncio

from replicate_gateway.errors import GatewayError
from replicate_gateway.protocol import ReplicateGateway
from replicate_gateway.signature import decode_secret
from storage.errors import StorageUnavailableError

# Anybody may knock at the door before anything is verified; Replicate is not asked for each of them.
_ASK_AGAIN_S = 5.0
# A door answers soon or says when to come again; the gateway alone would be patient for most of a minute.
_FETCH_S = 5.0


class SigningKeyUnavailableError(StorageUnavailableError):
    """The key cannot be had now; Replicate repeats its callback, so it is answered like a storage that is down."""


class SigningKey:
    """Fetched at most once; callers that come meanwhile, or shortly after a failure, share its outcome."""

    def __init__(self, gateway: ReplicateGateway, configured: str | None) -> None:
        self._gateway = gateway
        self._key = decode_secret(configured) if configured else None
        self._lock = asyncio.Lock()
        self._failure: tuple[float, str] | None = None

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
        now = asyncio.get_running_loop().time()
        if self._failure and now - self._failure[0] < _ASK_AGAIN_S:
            raise SigningKeyUnavailableError(self._failure[1], retry_after_s=_ASK_AGAIN_S)
        try:
            async with asyncio.timeout(_FETCH_S):
                return decode_secret(await self._gateway.webhook_secret())
        except (GatewayError, TimeoutError) as error:
            reason = str(error) or f"no answer in {_FETCH_S:.0f} s"
            self._failure = (asyncio.get_running_loop().time(), f"no webhook secret: {reason}")
            raise SigningKeyUnavailableError(self._failure[1], retry_after_s=_ASK_AGAIN_S) from error
