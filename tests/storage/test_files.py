import asyncio
import errno
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from aiohttp import web

from storage.errors import ObjectNotFoundError, StorageRefusedError, StorageUnavailableError
from storage.file_errors import disk_errors
from storage.files import open_file_store
from storage.objects import ExpiryRule
from storage.signed_links import LinkRefusedError, attachment_disposition, verify_link
from tests.storage.object_store_contract import ObjectStoreContract
from tests.support.web_servers import listening

SIGNING_KEY = b"a key for tests only"
MAGIC = b"\0darkroom object of type "


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Directory:
    """A second way in: plain file operations on what the format's description says."""

    TYPES: ClassVar = {".json": "application/json", ".jpg": "image/jpeg", ".bak": "application/octet-stream"}

    def __init__(self, root):
        self.root = root

    def put(self, key, body, content_type):
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        bare = self.TYPES.get(path.suffix, "application/octet-stream") == content_type
        path.write_bytes(body if bare else MAGIC + content_type.encode() + b"\n" + body)

    def get(self, key):
        path = self.root / key
        if not path.is_file():
            return None
        content = path.read_bytes()
        if content.startswith(MAGIC):
            head, _, body = content.partition(b"\n")
            return body, head.removeprefix(MAGIC).decode()
        return content, self.TYPES.get(path.suffix, "application/octet-stream")

    def keys(self, prefix):
        files = {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}
        return {key for key in files if key.startswith(prefix) and key != ".lock"}

    def folders(self):
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_dir()} - {".tmp"}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def outside(root):
    return Directory(root)


@pytest.fixture
async def store(root):
    async with open_file_store(root, public_url="http://unused", signing_key=SIGNING_KEY) as store:
        yield store


@asynccontextmanager
async def serving(routes):
    """A web server on a free port for `routes`; gives its URL."""
    app = web.Application()
    app.add_routes(routes)
    async with listening(app) as url:
        yield url


class TestFileStore(ObjectStoreContract):
    @pytest.fixture(autouse=True)
    def clock(self):
        self._clock = Clock()

    def advance_clock(self, seconds):
        self._clock.now += seconds

    @pytest.fixture
    async def store(self, root):
        opened = []

        async def serve(request):
            key = request.match_info["key"]
            try:
                filename = verify_link(
                    SIGNING_KEY, method=request.method, key=key, query=request.query, now=self._clock()
                )
                found = await opened[0].resolve(key)
            except LinkRefusedError:
                raise web.HTTPForbidden from None
            except ObjectNotFoundError:
                raise web.HTTPNotFound from None
            with found.path.open("rb") as file:
                file.seek(found.offset)
                answer = web.Response(body=file.read(), headers={"Content-Type": found.content_type})
            assert len(answer.body) == found.size
            if filename is not None:
                answer.headers["Content-Disposition"] = attachment_disposition(filename)
            return answer

        async with (
            serving([web.get("/files/{key:.+}", serve)]) as url,
            open_file_store(root, public_url=f"{url}/", signing_key=SIGNING_KEY, clock=self._clock) as store,
        ):
            opened.append(store)
            yield store

    @pytest.fixture
    async def store_with_public_host(self, root):
        async with open_file_store(root, public_url="https://photos.example.org", signing_key=SIGNING_KEY) as store:
            yield store


async def test_photos_and_records_are_plain_files(store, root):
    await store.put("jobs/1.json", b"{}", content_type="application/json")
    await store.put("images/a.jpg", b"picture", content_type="image/jpeg")

    assert (root / "jobs/1.json").read_bytes() == b"{}"
    assert (root / "images/a.jpg").read_bytes() == b"picture"


async def test_a_body_that_looks_like_our_header_comes_back_as_it_was(store, outside):
    body = MAGIC + b"image/png\nfake"

    await store.put("a.jpg", body, content_type="image/jpeg")

    found = await store.get("a.jpg", max_bytes=100)
    assert (found.body, found.content_type) == (body, "image/jpeg")
    assert outside.get("a.jpg") == (body, "image/jpeg")


@pytest.mark.parametrize("content_type", ["text/plain\nx", "x" * 128, "täxt"])
async def test_what_is_no_content_type_is_refused(store, outside, content_type):
    with pytest.raises(StorageRefusedError):
        await store.put("a.jpg", b"", content_type=content_type)

    assert outside.keys("") == set()


async def test_only_one_process_opens_a_directory(store, root):
    with pytest.raises(StorageRefusedError, match="another process"):
        async with open_file_store(root, public_url="http://x", signing_key=SIGNING_KEY):
            pass

    await store.put("a", b"still ours", content_type="text/plain")


async def test_a_closed_store_frees_the_directory(root):
    for body in (b"1", b"2"):
        async with open_file_store(root, public_url="http://x", signing_key=SIGNING_KEY) as store:
            await store.put("a", body, content_type="text/plain")


async def test_a_root_that_is_a_file_is_refused(root):
    root.write_bytes(b"")

    with pytest.raises(StorageRefusedError):
        async with open_file_store(root, public_url="http://x", signing_key=SIGNING_KEY):
            pass


async def test_left_over_temporary_files_are_swept_at_start(root, outside):
    outside.put("a.json", b"{}", "application/json")
    outside.put(".tmp/half-written", b"{", "application/octet-stream")

    async with open_file_store(root, public_url="http://x", signing_key=SIGNING_KEY):
        assert outside.keys("") == {"a.json"}


@pytest.mark.parametrize("instead", [None, "directory", "file"])
async def test_a_disk_that_is_not_there_is_no_proof_that_its_objects_are_not(store, root, instead):
    """An empty mount point looks like a storage without objects; jobs must wait for it, not be given up."""
    etag = await store.put("jobs/a.json", b"{}", content_type="application/json")
    root.rename(root.with_name("aside"))
    if instead == "directory":
        root.mkdir()
    elif instead == "file":
        root.write_bytes(b"")

    async def first_row():
        return [row async for row in store.list("jobs/")]

    async def read_stream():
        return [chunk async for chunk in store.stream("jobs/a.json")]

    gone = (StorageUnavailableError, StorageRefusedError)
    for attempt in (
        store.get("jobs/a.json", max_bytes=100),
        store.put("jobs/a.json", b"[]", content_type="application/json", if_match=etag),
        store.put("jobs/b.json", b"[]", content_type="application/json", if_absent=True),
        store.delete(["jobs/a.json"]),
        store.resolve("jobs/a.json"),
        first_row(),
        read_stream(),
    ):
        with pytest.raises(gone):
            await attempt
    if root.exists():
        root.rmdir() if root.is_dir() else root.unlink()
    root.with_name("aside").rename(root)
    assert (await store.get("jobs/a.json", max_bytes=100)).body == b"{}"


@pytest.mark.parametrize("key", [".tmp/a", ".lock", ".lock/a", ".tmp"])
async def test_our_own_names_are_refused_and_not_listed(store, key):
    with pytest.raises(StorageRefusedError):
        await store.put(key, b"", content_type="text/plain")
    with pytest.raises(StorageRefusedError):
        await store.delete([key])
    assert [row async for row in store.list("")] == []
    assert [row async for row in store.list(".")] == []


async def test_empty_directories_do_not_accumulate(store, outside):
    await store.put("a/b/c/1", b"", content_type="text/plain")
    await store.put("a/2", b"", content_type="text/plain")

    await store.delete(["a/b/c/1"])
    assert outside.folders() == {"a"}
    await store.delete(["a/2"])
    assert outside.folders() == set()


async def test_writers_and_the_removal_of_empty_directories_do_not_meet(store, outside):
    async def come_and_go(number):
        for _ in range(40):
            await store.put(f"x/y/{number}", b"", content_type="text/plain")
            await store.delete([f"x/y/{number}"])
        await store.put(f"x/y/{number}", b"", content_type="text/plain")

    await asyncio.gather(*(come_and_go(number) for number in range(6)))

    assert outside.keys("") == {f"x/y/{number}" for number in range(6)}


async def test_an_object_and_a_directory_of_one_name_exclude_each_other(store, outside):
    await store.put("a/b", b"1", content_type="text/plain")
    for key in ("a", "a/b/c"):
        with pytest.raises(StorageRefusedError):
            await store.put(key, b"2", content_type="text/plain")

    assert outside.keys("") == {"a/b"}
    assert (await store.get("a/b", max_bytes=1)).body == b"1"


async def test_list_reads_only_the_directories_below_its_prefix(store):
    for key in ("history/1/a", "history/2/a", "history/2/b/c", "jobs/1"):
        await store.put(key, b"", content_type="text/plain")
    read, watching = [], True

    def watch(event, arguments):
        if watching and event == "os.scandir":
            read.append(str(arguments[0]))

    sys.addaudithook(watch)  # cannot be removed, hence the switch
    rows = [row.key async for row in store.list("history/2/")]
    watching = False

    assert rows == ["history/2/a", "history/2/b/c"]
    assert [path.rpartition("/data/")[2] for path in read] == ["history/2", "history/2/b"]


async def test_expire_removes_what_is_older_than_its_rule_says(store, root, outside):
    now = datetime.now(UTC)
    for key, age in {"tasks/old": 25, "tasks/new": 23, "images/a/old": 49, "images/a/new": 47, "jobs/old": 999}.items():
        outside.put(key, b"", "application/octet-stream")
        then = (now - timedelta(hours=age)).timestamp()
        os.utime(root / key, (then, then))

    removed = await store.expire([ExpiryRule("tasks/", 1), ExpiryRule("images/", 2)], now)

    assert removed == 2
    assert outside.keys("") == {"tasks/new", "images/a/new", "jobs/old"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.ENOSPC, StorageRefusedError),
        (errno.EROFS, StorageRefusedError),
        (errno.EACCES, StorageRefusedError),
        (errno.EMFILE, StorageUnavailableError),
        (errno.EIO, StorageUnavailableError),
    ],
)
def test_the_disks_errors_say_who_can_act(code, expected):
    with pytest.raises(expected, match=r"cannot write jobs/1\.json: "), disk_errors("write", "jobs/1.json"):
        raise OSError(code, "whatever")


WRITER = """
import asyncio, sys
from pathlib import Path
from storage.files import open_file_store

async def write(store, number):
    for n in range(100_000):
        key, body = f"jobs/{number}-{n}.json", str(n).encode() * 2000
        await store.put(key, b"{}", content_type="application/json", if_absent=True)
        etag = (await store.get(key, max_bytes=10)).etag
        await store.put(key, body, content_type="text/plain", if_match=etag)
        print(key, body.decode()[:20], len(body), flush=True)

async def main():
    async with open_file_store(Path(sys.argv[1]), public_url="http://x", signing_key=b"x") as store:
        await asyncio.gather(*(write(store, number) for number in range(4)))

asyncio.run(main())
"""


async def test_every_acknowledged_write_survives_kill_9(root, outside):
    acknowledged = {}
    for _ in range(2):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER.replace("{number}-", f"{{number}}-{time.monotonic_ns()}-"), str(root),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        for _ in range(60):
            key, beginning, size = (await writer.stdout.readline()).decode().split()
            acknowledged[key] = beginning, int(size)
        writer.send_signal(signal.SIGKILL)
        rest, _ = await writer.communicate()
        for line in rest.decode().splitlines(keepends=True):
            if line.endswith("\n"):
                key, beginning, size = line.split()
                acknowledged[key] = beginning, int(size)

    async with open_file_store(root, public_url="http://x", signing_key=SIGNING_KEY) as store:
        assert outside.keys(".tmp") == set()
        for key, (beginning, size) in acknowledged.items():
            found = await store.get(key, max_bytes=100_000)
            assert found.content_type == "text/plain"
            assert (found.body.decode()[:20], len(found.body)) == (beginning, size)
        async for row in store.list("jobs/"):  # what was under way is old or new, never half
            found = await store.get(row.key, max_bytes=100_000)
            assert row.size == len(found.body)
            assert found.body == b"{}" or len(found.body) % 2000 == 0
