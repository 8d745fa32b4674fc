"""What every `ObjectStore` promises, as tests: one base class, one subclass per implementation.

A subclass gives the fixtures `store` (the subject) and `outside` (a second way in: `put`, `get`, `keys`), and says
where its server falls short of the real thing.
"""

import asyncio
import io
import tracemalloc
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import pytest

from storage.errors import (
    ObjectNotFoundError,
    ObjectTooLargeError,
    PreconditionFailedError,
    StorageRefusedError,
)
from storage.objects import ExpiryRule

CHUNK_BYTES = 256 * 1024
JSON, JPEG, BINARY = "application/json", "image/jpeg", "application/octet-stream"
ODD_NAMES = [
    "a b.jpg",
    "a+b&c=d;e.jpg",
    "100%25.jpg",
    "what?#now.jpg",
    "quote\"'`.jpg",
    "<tag>.jpg",
    "[x]{y}|~^!@$,:*().jpg",
    "...",
    ".hidden/..x/x..",
]
NO_KEYS = ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/..", "ä", "a\nb", "a\0b", "x" * 1025]


class Pattern(io.RawIOBase):
    """A file of `size` bytes that takes no memory; remembers the largest read."""

    def __init__(self, size: int) -> None:
        self._size, self._at, self.largest_read = size, 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        assert whence == io.SEEK_SET
        self._at = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        content = self.content(self._at, self._size if size < 0 else min(self._size, self._at + size))
        self.largest_read = max(self.largest_read, len(content))
        self._at += len(content)
        return content

    @staticmethod
    def content(start: int, stop: int) -> bytes:
        return (bytes(range(251)) * ((stop - start) // 251 + 2))[start % 251 :][: stop - start]


async def fetch(url: str) -> tuple[int, bytes, "aiohttp.typedefs.LooseHeaders"]:
    """What anybody gets who has the link: no client of ours, no credentials."""
    async with aiohttp.ClientSession() as session, session.get(_encoded(url)) as answer:
        return answer.status, await answer.read(), answer.headers


def _encoded(url: str):
    return aiohttp.client.URL(url, encoded=True)


class ObjectStoreContract:
    racers = 12

    def advance_clock(self, seconds: float) -> None:
        """Where the clock is ours, links expire without waiting."""

    @pytest.fixture
    def folder(self):
        """A prefix of this test's own: servers live longer than a test."""
        return f"t-{uuid4().hex}/"

    # -- get ------------------------------------------------------------------------------------------------

    async def test_get_gives_what_others_stored(self, store, outside, folder):
        outside.put(f"{folder}a.json", b'{"v":1}', JSON)

        found = await store.get(f"{folder}a.json", max_bytes=100)

        assert (found.body, found.content_type) == (b'{"v":1}', JSON)
        assert found.etag

    async def test_get_of_nothing_is_not_found(self, store, outside, folder):
        outside.put(f"{folder}a/b.json", b"{}", JSON)

        for key in (f"{folder}x.json", f"{folder}a", f"{folder}a/b.json/c"):
            with pytest.raises(ObjectNotFoundError) as caught:
                await store.get(key, max_bytes=100)
            assert caught.value.key == key

    async def test_get_takes_no_more_than_it_was_allowed(self, store, outside, folder):
        outside.put(f"{folder}a.bin", b"x" * 1000, BINARY)

        assert len((await store.get(f"{folder}a.bin", max_bytes=1000)).body) == 1000
        with pytest.raises(ObjectTooLargeError):
            await store.get(f"{folder}a.bin", max_bytes=999)
        assert len((await store.get(f"{folder}a.bin", max_bytes=1000)).body) == 1000

    # -- put ------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("name", "content_type"),
        [("a.json", JSON), ("a.jpg", JPEG), ("a", "text/plain"), ("b", BINARY), ("a.jpg", "image/x-odd; q=1")],
    )
    async def test_put_keeps_body_and_type(self, store, outside, folder, name, content_type):
        etag = await store.put(folder + name, b"body", content_type=content_type)

        assert outside.get(folder + name) == (b"body", content_type)
        found = await store.get(folder + name, max_bytes=4)
        assert (found.body, found.content_type, found.etag) == (b"body", content_type, etag)
        assert [row.size async for row in store.list(folder)] == [4]

    async def test_put_replaces_body_and_type_and_nothing_else(self, store, outside, folder):
        outside.put(f"{folder}a.json", b"a", JSON)
        outside.put(f"{folder}a.json.bak", b"b", "text/plain")
        outside.put(f"{folder}c/a.json", b"c", JSON)
        before = await store.put(f"{folder}a.json", b"a much longer old body", content_type="text/plain")

        after = await store.put(f"{folder}a.json", b"new", content_type=JSON)

        assert before != after
        assert outside.get(f"{folder}a.json") == (b"new", JSON)
        assert outside.get(f"{folder}a.json.bak") == (b"b", "text/plain")
        assert outside.get(f"{folder}c/a.json") == (b"c", JSON)
        assert len(outside.keys(folder)) == 3

    async def test_an_empty_body_is_an_object(self, store, outside, folder):
        await store.put(f"{folder}marker", b"", content_type="text/plain", if_absent=True)
        await store.put_file(f"{folder}empty.bin", io.BytesIO(), size=0, content_type=BINARY)

        assert outside.get(f"{folder}marker") == (b"", "text/plain")
        assert (await store.get(f"{folder}marker", max_bytes=0)).body == b""
        assert [chunk async for chunk in store.stream(f"{folder}marker")] == []
        assert [row.size async for row in store.list(folder)] == [0, 0]

    async def test_a_large_object_comes_back_whole(self, store, outside, folder):
        body = Pattern.content(0, 6_000_001)

        await store.put(f"{folder}a.bin", body, content_type=BINARY)

        assert outside.get(f"{folder}a.bin") == (body, BINARY)
        assert (await store.get(f"{folder}a.bin", max_bytes=len(body))).body == body

    async def test_create_if_absent_creates_once(self, store, outside, folder):
        await store.put(f"{folder}a.json", b"first", content_type=JSON, if_absent=True)

        with pytest.raises(PreconditionFailedError) as caught:
            await store.put(f"{folder}a.json", b"second", content_type="text/plain", if_absent=True)

        assert caught.value.key == f"{folder}a.json"
        assert outside.get(f"{folder}a.json") == (b"first", JSON)

    async def test_a_deleted_object_can_be_created_again(self, store, outside, folder):
        await store.put(f"{folder}a.json", b"first", content_type=JSON, if_absent=True)
        await store.delete([f"{folder}a.json"])

        await store.put(f"{folder}a.json", b"second", content_type=JSON, if_absent=True)

        assert outside.get(f"{folder}a.json") == (b"second", JSON)

    async def test_replace_if_unchanged_replaces(self, store, outside, folder):
        etag = await store.put(f"{folder}a.json", b"1", content_type=JSON)
        etag = await store.put(f"{folder}a.json", b"2", content_type=JSON, if_match=etag)
        read = await store.get(f"{folder}a.json", max_bytes=10)

        await store.put(f"{folder}a.json", b"3", content_type=JSON, if_match=read.etag)

        assert read.etag == etag
        assert outside.get(f"{folder}a.json") == (b"3", JSON)

    async def test_replace_if_unchanged_refuses_a_changed_object(self, store, outside, folder):
        stale = await store.put(f"{folder}a.json", b"1", content_type=JSON)
        outside.put(f"{folder}a.json", b"2", JSON)

        with pytest.raises(PreconditionFailedError):
            await store.put(f"{folder}a.json", b"3", content_type=JSON, if_match=stale)

        assert outside.get(f"{folder}a.json") == (b"2", JSON)

    async def test_replace_if_unchanged_refuses_a_missing_object(self, store, outside, folder):
        etag = await store.put(f"{folder}a.json", b"1", content_type=JSON)
        await store.delete([f"{folder}a.json"])

        with pytest.raises(PreconditionFailedError):
            await store.put(f"{folder}a.json", b"2", content_type=JSON, if_match=etag)

        assert outside.keys(folder) == set()

    # -- races ----------------------------------------------------------------------------------------------

    async def test_of_concurrent_creates_one_wins(self, store, outside, folder):
        for attempt in range(3):
            key = f"{folder}{attempt}.json"

            winners = await self._winners(store, key, if_absent=True)

            assert len(winners) == 1
            assert outside.get(key) == (winners[0], JSON)

    async def test_of_concurrent_replaces_one_wins(self, store, outside, folder):
        for attempt in range(3):
            key = f"{folder}{attempt}.json"
            etag = await store.put(key, b"old", content_type=JSON)

            winners = await self._winners(store, key, if_match=etag)

            assert len(winners) == 1
            assert outside.get(key) == (winners[0], JSON)

    async def test_concurrent_increments_all_count(self, store, outside, folder):
        key, each = f"{folder}n.json", 5
        await store.put(key, b"0", content_type=JSON)

        async def increment():
            for _ in range(each):
                while True:
                    found = await store.get(key, max_bytes=10)
                    try:
                        await store.put(key, b"%d" % (int(found.body) + 1), content_type=JSON, if_match=found.etag)
                    except PreconditionFailedError:
                        continue
                    break

        workers = min(self.racers, 4)
        await asyncio.gather(*(increment() for _ in range(workers)))

        assert outside.get(key) == (b"%d" % (workers * each), JSON)

    async def test_a_reader_sees_the_old_object_or_the_new_one(self, store, folder):
        key, bodies = f"{folder}a.json", [bytes([65 + n]) * 20_000 for n in range(8)]
        await store.put(key, bodies[0], content_type=JSON)

        async def replace():
            for body in bodies:
                await store.put(key, body, content_type=JSON)

        async def read():
            return [(await store.get(key, max_bytes=20_000)).body for _ in range(12)]

        _, *seen = await asyncio.gather(replace(), read(), read())

        assert all(body in bodies for reads in seen for body in reads)

    async def _winners(self, store, key, **condition):
        async def attempt(number):
            body = b"%d" % number
            try:
                await store.put(key, body, content_type=JSON, **condition)
            except PreconditionFailedError:
                return None
            return body

        outcomes = await asyncio.gather(*(attempt(number) for number in range(self.racers)))
        return [body for body in outcomes if body is not None]

    # -- put_file and stream --------------------------------------------------------------------------------

    @pytest.mark.parametrize("size", [1, CHUNK_BYTES, 3_000_001])
    async def test_put_file_takes_size_bytes_from_the_current_position(self, store, outside, folder, size):
        source = Pattern(size + 300)
        source.seek(100)

        etag = await store.put_file(f"{folder}a.jpg", source, size=size, content_type=JPEG)

        assert outside.get(f"{folder}a.jpg") == (Pattern.content(100, 100 + size), JPEG)
        assert (await store.get(f"{folder}a.jpg", max_bytes=size)).etag == etag
        assert source.largest_read <= 1024 * 1024

    @pytest.mark.parametrize("size", [1000, 3_000_000])
    async def test_put_file_of_a_source_that_ends_early_stores_nothing(self, store, outside, folder, size):
        with pytest.raises(EOFError):
            await store.put_file(f"{folder}a.jpg", Pattern(size - 1), size=size, content_type=JPEG)

        assert outside.keys(folder) == set()

    async def test_stream_gives_the_object_in_small_chunks(self, store, outside, folder):
        body = Pattern.content(0, 1_500_000)
        outside.put(f"{folder}a.jpg", body, JPEG)

        chunks = [chunk async for chunk in store.stream(f"{folder}a.jpg")]

        assert b"".join(chunks) == body
        assert max(map(len, chunks)) <= CHUNK_BYTES

    async def test_stream_of_nothing_is_not_found_at_the_first_step(self, store, folder):
        chunks = store.stream(f"{folder}x.jpg")

        with pytest.raises(ObjectNotFoundError):
            await anext(chunks)

    async def test_a_stream_may_be_left_early(self, store, outside, folder):
        outside.put(f"{folder}a.jpg", Pattern.content(0, 3_000_000), JPEG)

        for _ in range(3):
            async with aclosing(store.stream(f"{folder}a.jpg")) as chunks:
                assert (await anext(chunks)).startswith(Pattern.content(0, 100))

        assert len((await store.get(f"{folder}a.jpg", max_bytes=3_000_000)).body) == 3_000_000

    async def test_files_of_any_size_pass_through_bounded_memory(self, store, folder):
        size = 24_000_000
        tracemalloc.start()
        try:
            await store.put_file(f"{folder}a.bin", Pattern(size), size=size, content_type=BINARY)
            received = 0
            async for chunk in store.stream(f"{folder}a.bin"):
                received += len(chunk)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert received == size
        assert peak < 6_000_000

    # -- delete ---------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("names", [["a.json"], ["a.json", "d/e.json"], ["a.json", "x.json"], ["x.json"], []])
    async def test_delete_removes_these_and_nothing_else(self, store, outside, folder, names):
        everything = {f"{folder}{name}" for name in ("a.json", "a.json.bak", "d/a.json", "d/e.json", "d/f/a.json")}
        for key in everything:
            outside.put(key, key.encode(), JSON)

        await store.delete([folder + name for name in names])

        left = everything - {folder + name for name in names}
        assert outside.keys(folder) == left
        assert all(outside.get(key)[0] == key.encode() for key in left)

    async def test_delete_does_not_take_a_prefix_for_an_object(self, store, outside, folder):
        outside.put(f"{folder}a/b.json", b"{}", JSON)

        await store.delete([f"{folder}a"])
        await store.delete([f"{folder}a", f"{folder}a/b.json/c"])

        assert outside.keys(folder) == {f"{folder}a/b.json"}

    # -- list -----------------------------------------------------------------------------------------------

    async def test_list_gives_keys_in_ascending_order(self, store, outside, folder):
        names = ["a", "a-b", "a.b", "a0", "A", "z", "~", "!", "a-", "10", "9"]
        for name in names:
            outside.put(folder + name, b"x", BINARY)

        assert [row.key async for row in store.list(folder)] == sorted(folder + name for name in names)

    async def test_list_sorts_whole_keys_not_folders(self, store, outside, folder):
        names = ["a-b/x", "a.b", "a0", "a/x", "b/a-", "b/a/x", "b/a0", "b-", "b0/x", "z/z/z"]
        for name in names:
            outside.put(folder + name, b"x", BINARY)

        assert [row.key async for row in store.list(folder)] == sorted(folder + name for name in names)

    async def test_list_tells_size_and_time(self, store, outside, folder):
        outside.put(f"{folder}a.json", b"12345", JSON)

        (row,) = [row async for row in store.list(folder)]

        assert (row.key, row.size) == (f"{folder}a.json", 5)
        assert row.modified_at.tzinfo is UTC
        assert abs(row.modified_at - datetime.now(UTC)) < timedelta(minutes=1)

    async def test_list_takes_any_beginning_for_a_prefix(self, store, outside, folder):
        for name in ("job/1", "job/2", "jobs/1", "jo", "kob/1"):
            outside.put(folder + name, b"x", BINARY)

        async def listed(prefix):
            return [row.key.removeprefix(folder) async for row in store.list(folder + prefix)]

        assert await listed("job") == ["job/1", "job/2", "jobs/1"]
        assert await listed("job/") == ["job/1", "job/2"]
        assert await listed("job/2") == ["job/2"]
        assert await listed("job/2/") == []
        assert await listed("nothing/") == []

    async def test_list_starts_after_a_key_and_stops_at_a_limit(self, store, outside, folder):
        names = ["a/1", "a/2", "b", "c/1", "c/2"]
        for name in names:
            outside.put(folder + name, b"x", BINARY)

        async def listed(start_after, limit=None):
            rows = store.list(folder, start_after=folder + start_after, limit=limit)
            return [row.key.removeprefix(folder) async for row in rows]

        assert await listed("a/1") == ["a/2", "b", "c/1", "c/2"]
        assert await listed("a/11") == ["a/2", "b", "c/1", "c/2"]
        assert await listed("a/2", limit=2) == ["b", "c/1"]
        assert await listed("c/", limit=1) == ["c/1"]
        assert await listed("a", limit=0) == []
        assert await listed("c/2") == []
        assert await listed("") == names

    async def test_folders_are_what_stands_before_the_next_slash(self, store, outside, folder):
        for name in ("b/1", "b/2/3", "a c+d/1", "e", "f/1/2"):
            outside.put(f"{folder}in/{name}", b"", BINARY)
        outside.put(f"{folder}inside/x/1", b"", BINARY)

        async def found(limit=10):
            return {name async for name in store.folders(f"{folder}in/", limit=limit)}

        assert await found() == {"b", "a c+d", "f"}
        assert len(await found(limit=2)) == 2
        assert await found(limit=0) == set()
        assert [name async for name in store.folders(f"{folder}nothing/", limit=1)] == []

    async def test_more_than_a_page_is_listed_and_deleted(self, store, outside, folder):
        keys = [f"{folder}many/{number:04d}" for number in range(1105)]
        await self.fill(store, keys)
        outside.put(f"{folder}many.json", b"{}", JSON)
        outside.put(f"{folder}other/1", b"x", BINARY)

        assert [row.key async for row in store.list(f"{folder}many/")] == keys
        assert [row.key async for row in store.list(f"{folder}many/", start_after=keys[2])] == keys[3:]
        assert [row.key async for row in store.list(f"{folder}many/", limit=1001)] == keys[:1001]

        await store.delete(keys)

        assert outside.keys(folder) == {f"{folder}many.json", f"{folder}other/1"}

    async def fill(self, store, keys):
        """Make an empty object at every key."""
        waiting = iter(keys)

        async def work():
            for key in waiting:
                await store.put(key, b"", content_type=BINARY)

        await asyncio.gather(*(work() for _ in range(24)))

    # -- keys -----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", ODD_NAMES)
    async def test_any_printable_ascii_is_a_key(self, store, outside, folder, name):
        key, beside = folder + name, f"{folder}beside.jpg"
        outside.put(beside, b"beside", JPEG)

        await store.put(key, name.encode(), content_type=JPEG, if_absent=True)

        assert outside.get(key) == (name.encode(), JPEG)
        assert (await store.get(key, max_bytes=100)).body == name.encode()
        assert {row.key async for row in store.list(folder)} == {key, beside}
        status, body, _ = await fetch(await store.presigned_url(key, ttl_s=60))
        assert (status, body) == (200, name.encode())
        await store.delete([key, f"{folder}missing"])
        assert outside.keys(folder) == {beside}

    @pytest.mark.parametrize("key", NO_KEYS)
    async def test_anything_else_is_refused(self, store, key):
        with pytest.raises(StorageRefusedError):
            await store.get(key, max_bytes=10)
        with pytest.raises(StorageRefusedError):
            await store.put(key, b"", content_type=BINARY)
        with pytest.raises(StorageRefusedError):
            await store.put_file(key, io.BytesIO(), size=0, content_type=BINARY)
        with pytest.raises(StorageRefusedError):
            await anext(store.stream(key))
        with pytest.raises(StorageRefusedError):
            await store.delete(["a", key])
        with pytest.raises(StorageRefusedError):
            await store.presigned_url(key, ttl_s=60)

    @pytest.mark.parametrize("prefix", ["../", "/", "a//", "a/../../b"])
    async def test_a_prefix_that_no_key_has_is_refused(self, store, prefix):
        with pytest.raises(StorageRefusedError):
            await anext(store.list(prefix))
        with pytest.raises(StorageRefusedError):
            await anext(store.folders(prefix, limit=1))

    # -- links ----------------------------------------------------------------------------------------------

    async def test_a_link_is_readable_by_anybody(self, store, outside, folder):
        outside.put(f"{folder}a.jpg", b"picture", JPEG)

        status, body, headers = await fetch(await store.presigned_url(f"{folder}a.jpg", ttl_s=60))

        assert (status, body, headers["Content-Type"]) == (200, b"picture", JPEG)
        assert "Content-Disposition" not in headers

    async def test_a_link_with_a_filename_is_an_attachment(self, store, outside, folder):
        outside.put(f"{folder}a.jpg", b"picture", JPEG)

        url = await store.presigned_url(f"{folder}a.jpg", ttl_s=60, filename='Ein "Bäm".jpg')
        status, body, headers = await fetch(url)

        assert (status, body) == (200, b"picture")
        assert headers["Content-Disposition"] == (
            "attachment; filename=\"Ein _B_m_.jpg\"; filename*=UTF-8''Ein%20%22B%C3%A4m%22.jpg"
        )

    async def test_a_link_to_nothing_is_not_found(self, store, folder):
        status, _, _ = await fetch(await store.presigned_url(f"{folder}x.jpg", ttl_s=60))

        assert status == 404

    async def test_a_changed_link_is_refused(self, store, outside, folder):
        outside.put(f"{folder}a.jpg", b"picture", JPEG)
        outside.put(f"{folder}b.jpg", b"secret", JPEG)
        url = await store.presigned_url(f"{folder}a.jpg", ttl_s=60)
        middle = len(url) - 10

        for changed in (
            url.replace("a.jpg", "b.jpg"),
            url.partition("?")[0],
            url[:middle] + ("0" if url[middle] != "0" else "1") + url[middle + 1 :],
            url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
            url.replace("e=1", "e=2"),
        ):
            if changed != url:
                assert (await fetch(changed))[0] == 403, changed

    async def test_a_link_expires(self, store, outside, folder):
        outside.put(f"{folder}a.jpg", b"picture", JPEG)
        url = await store.presigned_url(f"{folder}a.jpg", ttl_s=1)

        self.advance_clock(2)

        async with asyncio.timeout(10):
            while (await fetch(url))[0] != 403:  # where the clock is the server's, there is only asking
                pass

    @pytest.mark.parametrize("ttl_s", [0, -1, 7 * 24 * 3600 + 1])
    async def test_a_link_lives_at_most_a_week(self, store, folder, ttl_s):
        with pytest.raises(StorageRefusedError):
            await store.presigned_url(f"{folder}a.jpg", ttl_s=ttl_s)

    async def test_a_link_is_for_the_public_host(self, store_with_public_host, folder):
        url = await store_with_public_host.presigned_url(f"{folder}a.jpg", ttl_s=60)

        assert urlsplit(url).scheme == "https"
        assert urlsplit(url).netloc == "photos.example.org"

    # -- the storage itself ---------------------------------------------------------------------------------

    async def test_prepare_can_be_repeated_and_keeps_what_is_there(self, store, outside, folder):
        rules = [ExpiryRule("tasks/", 1), ExpiryRule("images/", 30)]
        outside.put(f"{folder}a.json", b"{}", JSON)

        await store.prepare(rules)
        await store.prepare(rules)

        assert outside.keys(folder) == {f"{folder}a.json"}
        await store.prepare([])

    async def test_verify_passes_and_leaves_nothing(self, store, outside):
        before = outside.keys("")

        await store.verify()

        assert outside.keys("") == before

    async def test_probe_finds_conditional_writes_and_leaves_nothing(self, store, outside):
        found = await store.probe()

        assert found.conditional_writes
        assert outside.keys(".probe/") == set()
