"""Finds out by trying whether a storage honours conditional writes.

Several S3-likes accept `If-None-Match` and `If-Match` and ignore them; others check and then write, so that two
racing writers both win. The first shows in a sequence, the second only in races. Few racers in several rounds
find it as well as many at once, and cost little where the losers poll for a lock.
"""

import asyncio
from uuid import uuid4

from storage.errors import PreconditionFailedError, StorageRefusedError, StorageUnavailableError
from storage.objects import Capabilities, ObjectStore

_PROBE_PREFIX = ".probe/"  # has its own expiry rule, in case a probe dies before it has cleaned up
_ROUNDS, _RACERS = 4, 2
_TYPE = "text/plain"


async def probe_conditional_writes(store: ObjectStore) -> Capabilities:
    """What `store` really honours. Takes about 30 small requests below `.probe/` and leaves nothing behind.

    Raises:
        StorageUnavailableError, StorageRefusedError: plain writes fail already, or the storage went away.
    """
    probe = _Probe(store)
    try:
        return Capabilities(
            create_if_absent=await probe.creates_once(), replace_if_unchanged=await probe.replaces_once()
        )
    finally:
        await store.delete(probe.keys)


class _Probe:
    def __init__(self, store: ObjectStore) -> None:
        self._store, self._run = store, uuid4().hex
        self.keys: list[str] = []

    async def creates_once(self) -> bool:
        taken, _ = await self._existing()
        free = self._new_key()
        if await self._writes(taken, if_absent=True) or not await self._writes(free, if_absent=True):
            return False
        for _ in range(_ROUNDS):
            if not await self._one_of_the_racers_writes(self._new_key(), if_absent=True):
                return False
        return True

    async def replaces_once(self) -> bool:
        key, stale = await self._existing()
        current = await self._store.put(key, b"newer", content_type=_TYPE)
        if await self._writes(key, if_match=stale) or await self._writes(self._new_key(), if_match=current):
            return False
        if not await self._writes(key, if_match=current):
            return False
        for _ in range(_ROUNDS):
            key, etag = await self._existing()
            if not await self._one_of_the_racers_writes(key, if_match=etag):
                return False
        return True

    def _new_key(self) -> str:
        self.keys.append(f"{_PROBE_PREFIX}{self._run}-{len(self.keys)}")
        return self.keys[-1]

    async def _existing(self) -> tuple[str, str]:
        key = self._new_key()
        return key, await self._store.put(key, b"first", content_type=_TYPE)

    async def _writes(self, key: str, *, if_absent: bool = False, if_match: str | None = None) -> bool:
        try:
            # Every body differs, so that an ETag made from the content does too.
            await self._store.put(key, uuid4().bytes, content_type=_TYPE, if_absent=if_absent, if_match=if_match)
        except (PreconditionFailedError, StorageRefusedError):  # refused: the header itself is not supported
            return False
        return True

    async def _one_of_the_racers_writes(
        self, key: str, *, if_absent: bool = False, if_match: str | None = None
    ) -> bool:
        attempts = (self._writes(key, if_absent=if_absent, if_match=if_match) for _ in range(_RACERS))
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        winners = sum(outcome is True for outcome in outcomes)
        for outcome in outcomes:
            # A loser may be told to come back (S3's 409); without a winner nobody knows who wrote.
            if isinstance(outcome, BaseException) and not (winners and isinstance(outcome, StorageUnavailableError)):
                raise outcome
        return winners == 1
