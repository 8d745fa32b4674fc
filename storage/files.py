"""The promises of `storage.objects` kept on a directory: a real storage for one process, without a server.

The directory has to be on a local file system; whether locks and renames hold over NFS or SMB is up to the server.
An object and a "directory" of the same name (`a` and `a/b`) exclude each other, unlike on S3.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from storage.conditional_probe import probe_conditional_writes
from storage.errors import StorageRefusedError
from storage.file_errors import disk_errors
from storage.file_format import ObjectFile
from storage.file_tree import LOCK_NAME, FileTree
from storage.objects import Capabilities, ExpiryRule, ObjectInfo, StoredObject
from storage.signed_links import sign_link
from storage.valid_arguments import check_key, check_ttl

_CHUNK_BYTES = 256 * 1024
_ROWS_PER_PAGE = 1000
_THREADS = 8  # more do not make a disk faster; a flush releases the interpreter

_P = ParamSpec("_P")
_T = TypeVar("_T")


@asynccontextmanager
async def open_file_store(
    root: Path,
    *,
    public_url: str,
    signing_key: bytes,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator["FileStore"]:
    """The store below `root`, created where missing, for this process alone.

    `public_url` is what the outside reaches `/files/{key}` under; `clock` gives Unix seconds, for the links.

    Raises:
        StorageRefusedError: another process has the directory, or it cannot be created.
    """
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="file-store")
    tree = FileTree(root)
    store = FileStore(tree, pool, public_url=public_url, signing_key=signing_key, clock=clock)
    try:
        await store.prepare([])
        with _owned(root):
            try:
                await asyncio.to_thread(tree.sweep)
                yield store
            finally:
                await asyncio.to_thread(pool.shutdown)  # the directory stays ours until the last write has ended
    finally:
        pool.shutdown(wait=False)


@contextmanager
def _owned(root: Path) -> Iterator[None]:
    with disk_errors("lock the storage directory", str(root.absolute())):
        descriptor = os.open(root / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system drops it when the process dies
        except BlockingIOError as error:
            raise StorageRefusedError(
                f"another process works on the storage directory {root}; stop it, or use S3 to run several"
            ) from error
        yield
    finally:
        os.close(descriptor)


class FileStore:
    """An `ObjectStore` on a directory; see there for the promises. Comes from `open_file_store`.

    Bodies are flushed to the disk, always: a photo of 1 MB costs 3 ms instead of 1.5, a record 0.7 instead of 0.3.
    """

    def __init__(
        self,
        tree: FileTree,
        pool: ThreadPoolExecutor,
        *,
        public_url: str,
        signing_key: bytes,
        clock: Callable[[], float],
    ) -> None:
        self._tree, self._pool = tree, pool
        self._public_url, self._signing_key, self._clock = public_url.rstrip("/"), signing_key, clock

    async def get(self, key: str, *, max_bytes: int) -> StoredObject:
        """See `ObjectStore.get`."""
        return await self._run(self._tree.read, key, max_bytes)

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> str:
        """See `ObjectStore.put`."""
        return await self._run(
            self._tree.write, key, [body], content_type=content_type, if_absent=if_absent, if_match=if_match
        )

    async def put_file(self, key: str, source: BinaryIO, *, size: int, content_type: str) -> str:
        """See `ObjectStore.put_file`."""
        chunks = _exactly(source, size)
        return await self._run(self._tree.write, key, chunks, content_type=content_type)

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """See `ObjectStore.stream`."""
        file, _ = await self._run(self._tree.open, key)
        with file:
            while chunk := await self._run(_read_chunk, file, key):
                yield chunk

    async def delete(self, keys: Sequence[str]) -> None:
        """See `ObjectStore.delete`."""
        await self._run(self._tree.remove, keys)

    async def list(self, prefix: str, *, start_after: str = "", limit: int | None = None) -> AsyncIterator[ObjectInfo]:
        """See `ObjectStore.list`."""
        rows = islice(self._tree.rows(prefix, start_after), limit)
        while page := await self._run(_next_page, rows):
            for row in page:
                yield row

    async def folders(self, prefix: str, *, limit: int) -> AsyncIterator[str]:
        """See `ObjectStore.folders`."""
        names = islice(self._tree.folders(prefix), limit)
        while page := await self._run(_next_page, names):
            for name in page:
                yield name

    async def presigned_url(self, key: str, *, ttl_s: int, filename: str | None = None) -> str:
        """See `ObjectStore.presigned_url`; the route at `/files/` checks it with `verify_link`."""
        check_key(key)
        expires_at = int(self._clock()) + check_ttl(ttl_s)
        return self._public_url + sign_link(
            self._signing_key, method="GET", key=key, expires_at=expires_at, filename=filename
        )

    async def resolve(self, key: str) -> ObjectFile:
        """Where the file of an object is, for the route that serves verified links.

        Raises:
            ObjectNotFoundError: there is none.
        """
        return await self._run(self._describe, key)

    async def prepare(self, rules: Sequence[ExpiryRule]) -> None:
        """See `ObjectStore.prepare`; nothing expires by itself here, `expire` has to be called."""
        await self._run(self._tree.prepare)

    async def expire(self, rules: Sequence[ExpiryRule], now: datetime) -> int:
        """Remove what the rules' days are over for at `now` (aware); returns how many objects that were."""
        removed = 0
        for rule in rules:
            limit = now - timedelta(days=rule.days)
            keys = [row.key async for row in self.list(rule.prefix) if row.modified_at < limit]
            await self.delete(keys)
            removed += len(keys)
        return removed

    async def verify(self) -> None:
        """See `ObjectStore.verify`."""
        await self._run(self._tree.check_writable)

    async def probe(self) -> Capabilities:
        """See `ObjectStore.probe`."""
        return await probe_conditional_writes(self)

    async def _run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **kwargs))

    def _describe(self, key: str) -> ObjectFile:
        file, found = self._tree.open(key)
        file.close()
        return found


def _exactly(source: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left:
        chunk = source.read(min(left, _CHUNK_BYTES))
        if not chunk:
            raise EOFError(f"the source ended {left} bytes early")
        left -= len(chunk)
        yield chunk


def _read_chunk(file: BinaryIO, key: str) -> bytes:
    with disk_errors("read", key):
        return file.read(_CHUNK_BYTES)


def _next_page(rows: Iterator[_T]) -> Sequence[_T]:
    return tuple(islice(rows, _ROWS_PER_PAGE))
