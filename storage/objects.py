"""The one promise that every storage keeps: small conditional writes, streams, listings, expiring links.

`storage.s3` and `storage.files` implement it; `tests/storage/object_store_contract.py` holds them to it.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object read whole."""

    body: bytes
    etag: str
    content_type: str


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One row of a listing. `modified_at` is aware, UTC."""

    key: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the start-up probe found out; each flag means "honoured", not merely "accepted"."""

    create_if_absent: bool
    replace_if_unchanged: bool

    @property
    def conditional_writes(self) -> bool:
        """Whether records may be changed by several processes."""
        return self.create_if_absent and self.replace_if_unchanged


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """Objects below `prefix` are removed by the storage itself `days` after they were written."""

    prefix: str
    days: int


class ObjectStore(Protocol):
    """Objects under `/`-separated keys of printable ASCII.

    Every method raises `StorageUnavailableError` when time helps and `StorageRefusedError` when only the
    operator does. A write that returned is durable and seen by every later read. A write that raised
    `StorageUnavailableError` may have happened.
    """

    async def get(self, key: str, *, max_bytes: int) -> StoredObject:
        """The whole object.

        Raises:
            ObjectNotFoundError: there is none.
            ObjectTooLargeError: it has more than `max_bytes` bytes; not more than that was read.
        """
        ...

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> str:
        """Write the object whole or not at all; returns its new ETag.

        Raises:
            PreconditionFailedError: with `if_absent`, the key exists; with `if_match`, the object is gone or
                has another ETag. Of any number of concurrent writers with the same condition one wins.
        """
        ...

    async def put_file(self, key: str, source: BinaryIO, *, size: int, content_type: str) -> str:
        """Write `size` bytes from the source's current position in bounded memory; returns the ETag."""
        ...

    def stream(self, key: str) -> AsyncIterator[bytes]:
        """The object in chunks of at most 256 KiB.

        Raises:
            ObjectNotFoundError: on the first step, there is none.
        """
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove the objects; keys that do not exist are no error."""
        ...

    def list(self, prefix: str, *, start_after: str = "", limit: int | None = None) -> AsyncIterator[ObjectInfo]:
        """Rows in ascending key order, read page by page; `start_after` is exclusive."""
        ...

    def folders(self, prefix: str, *, limit: int) -> AsyncIterator[str]:
        """What follows `prefix` (it ends with a slash) up to the next slash, in some order, at most `limit` of them.

        Each is told once. One whose keys were deleted may still be told for a while: SeaweedFS sweeps up later.
        """
        ...

    async def presigned_url(self, key: str, *, ttl_s: int, filename: str | None = None) -> str:
        """A GET link that works for anybody for `ttl_s` seconds, on the host that the outside uses.

        `filename` makes the answer an attachment of that name. The link is as secret as a token.
        """
        ...

    async def prepare(self, rules: Sequence[ExpiryRule]) -> None:
        """Create the bucket (directory) and its expiry rules where missing; idempotent."""
        ...

    async def verify(self) -> None:
        """A cheap round trip, for readiness: raises when the storage cannot be used now."""
        ...

    async def probe(self) -> Capabilities:
        """Find out by trying whether conditional writes are honoured, races included; under `.probe/`."""
        ...
