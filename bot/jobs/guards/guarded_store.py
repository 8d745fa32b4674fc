"""The storage behind a circuit: while it is down, doors and jobs hear so at once instead of after a time-out each."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, BinaryIO, TypeVar

from bot.jobs.guards.circuit import Circuit, CircuitOpenError, Heard
from bot.jobs.guards.meter import SILENT, Meter, Timed
from storage.errors import (
    ObjectNotFoundError,
    PreconditionFailedError,
    StorageError,
    StorageRefusedError,
    StorageUnavailableError,
)
from storage.objects import Capabilities, ExpiryRule, ObjectInfo, ObjectStore, StoredObject

T = TypeVar("T")
_DOWN = (StorageUnavailableError, StorageRefusedError)


# A storage that gives a byte now and then keeps every other promise. 50 MB, the largest result, at 170 kB/s.
STREAM_S = 300.0


class GuardedStore:
    """The same promises; while the circuit is open calls raise `StorageUnavailableError`, and nothing was sent.

    `verify` is always let through: whoever asks whether the storage is back finds out for all.
    """

    def __init__(self, store: ObjectStore, circuit: Circuit, meter: Meter = SILENT) -> None:
        self._store, self._meter = store, meter
        self._heard, self._entered = Heard(circuit, down=_DOWN, answered=StorageError), _Entered(circuit)

    async def get(self, key: str, *, max_bytes: int) -> StoredObject:
        """See `ObjectStore.get`."""
        return await self._through("get", self._store.get(key, max_bytes=max_bytes))

    async def put(
        self, key: str, body: bytes, *, content_type: str, if_absent: bool = False, if_match: str | None = None
    ) -> str:
        """See `ObjectStore.put`."""
        return await self._through(
            "put", self._store.put(key, body, content_type=content_type, if_absent=if_absent, if_match=if_match)
        )

    async def put_file(self, key: str, source: BinaryIO, *, size: int, content_type: str) -> str:
        """See `ObjectStore.put_file`."""
        return await self._through("put_file", self._store.put_file(key, source, size=size, content_type=content_type))

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """See `ObjectStore.stream`."""
        end = asyncio.get_running_loop().time() + STREAM_S
        chunks = aiter(self._store.stream(key))
        with self._timed("stream") as timed, self._entered:
            while chunk := await _next(chunks, end):
                with timed.elsewhere():
                    yield chunk

    async def delete(self, keys: Sequence[str]) -> None:
        """See `ObjectStore.delete`."""
        await self._through("delete", self._store.delete(keys))

    async def list(self, prefix: str, *, start_after: str = "", limit: int | None = None) -> AsyncIterator[ObjectInfo]:
        """See `ObjectStore.list`."""
        with self._timed("list") as timed, self._entered:
            async for row in self._store.list(prefix, start_after=start_after, limit=limit):
                with timed.elsewhere():
                    yield row

    async def folders(self, prefix: str, *, limit: int) -> AsyncIterator[str]:
        """See `ObjectStore.folders`."""
        with self._timed("list") as timed, self._entered:
            async for folder in self._store.folders(prefix, limit=limit):
                with timed.elsewhere():
                    yield folder

    async def presigned_url(self, key: str, *, ttl_s: int, filename: str | None = None) -> str:
        """See `ObjectStore.presigned_url`; nothing is sent for one."""
        return await self._store.presigned_url(key, ttl_s=ttl_s, filename=filename)

    async def prepare(self, rules: Sequence[ExpiryRule]) -> None:
        """See `ObjectStore.prepare`."""
        await self._through("prepare", self._store.prepare(rules))

    async def verify(self) -> None:
        """See `ObjectStore.verify`."""
        with self._timed("verify"), self._heard:
            await self._store.verify()

    async def probe(self) -> Capabilities:
        """See `ObjectStore.probe`."""
        return await self._through("probe", self._store.probe())

    async def _through(self, name: str, call: Coroutine[Any, Any, T]) -> T:
        try:
            with self._timed(name), self._entered:
                return await call
        finally:
            call.close()  # it was not begun where the circuit was open

    def _timed(self, operation: str) -> Timed:
        return Timed(self._meter.storage_operation_ended, operation, _outcome)


class _Entered(Heard):
    """The block is not entered while the circuit is open."""

    def __init__(self, circuit: Circuit) -> None:
        super().__init__(circuit, down=_DOWN, answered=StorageError)

    def __enter__(self) -> None:
        try:
            self._circuit.enter()
        except CircuitOpenError as error:
            raise StorageUnavailableError(str(error), retry_after_s=error.retry_after_s) from error


def _outcome(error: Exception) -> str:
    match error:
        case ObjectNotFoundError():
            return "not_found"
        case PreconditionFailedError():
            return "precondition_failed"
        case StorageUnavailableError():
            return "held_back" if isinstance(error.__cause__, CircuitOpenError) else "unavailable"
        case _:
            return "refused"


async def _next(chunks: AsyncIterator[bytes], end: float) -> bytes:
    """The next chunk, or nothing after the last one."""
    try:
        async with asyncio.timeout_at(end):
            return await anext(chunks)
    except StopAsyncIteration:
        return b""
    except TimeoutError as error:
        raise StorageUnavailableError("reading took too long") from error
