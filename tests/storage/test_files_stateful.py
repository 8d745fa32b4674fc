"""The file store against a dict: any sequence of operations, reopened at any point."""

import asyncio
import io
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.errors import ObjectNotFoundError, PreconditionFailedError
from storage.files import open_file_store

# Folder names and object names differ, because on a disk they exclude each other.
KEYS = st.builds(
    "/".join,
    st.lists(st.sampled_from(["d", "d-", "d0", "D"]), max_size=2).flatmap(
        lambda folders: st.sampled_from(["a", "a.json", "a-b", "z.jpg"]).map(lambda name: [*folders, name])
    ),
)
BODIES = st.binary(max_size=40) | st.just(b"\0darkroom object of type ")
TYPES = st.sampled_from(["application/json", "image/jpeg", "application/octet-stream", "text/plain"])
PREFIXES = st.sampled_from(["", "d", "d/", "d-", "d/d", "d/a", "D/d0/", "a", "x"])


class StoreAgainstDict(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.closing = AsyncExitStack()
        self.model: dict[str, tuple[bytes, str]] = {}
        self.etags: dict[str, str] = {}
        self.run(self.open())

    async def open(self):
        opener = open_file_store(Path(self.folder.name), public_url="http://x", signing_key=b"k")
        self.store = await self.closing.enter_async_context(opener)

    def run(self, work):
        return self.runner.run(work)

    def teardown(self):
        if hasattr(self, "runner"):
            self.run(self.closing.aclose())
            self.runner.close()
            self.folder.cleanup()

    @rule(key=KEYS, body=BODIES, content_type=TYPES)
    def put(self, key, body, content_type):
        self.etags[key] = self.run(self.store.put(key, body, content_type=content_type))
        self.model[key] = body, content_type

    @rule(key=KEYS, body=BODIES, content_type=TYPES)
    def put_file(self, key, body, content_type):
        source = io.BytesIO(b"before" + body + b"after")
        source.seek(6)
        self.etags[key] = self.run(self.store.put_file(key, source, size=len(body), content_type=content_type))
        self.model[key] = body, content_type

    @rule(key=KEYS, body=BODIES, content_type=TYPES)
    def create(self, key, body, content_type):
        writing = self.store.put(key, body, content_type=content_type, if_absent=True)
        if key in self.model:
            with pytest.raises(PreconditionFailedError):
                self.run(writing)
        else:
            self.etags[key] = self.run(writing)
            self.model[key] = body, content_type

    @rule(key=KEYS, other=KEYS, body=BODIES, content_type=TYPES)
    def replace(self, key, other, body, content_type):
        condition = self.etags.get(other, '"never"')
        writing = self.store.put(key, body, content_type=content_type, if_match=condition)
        if key in self.model and self.etags[key] == condition:
            self.etags[key] = self.run(writing)
            self.model[key] = body, content_type
        else:
            with pytest.raises(PreconditionFailedError):
                self.run(writing)

    @rule(keys=st.lists(KEYS, max_size=3))
    def delete(self, keys):
        self.run(self.store.delete(keys))
        for key in keys:
            self.model.pop(key, None)

    @rule(key=KEYS)
    def get(self, key):
        if key not in self.model:
            with pytest.raises(ObjectNotFoundError):
                self.run(self.store.get(key, max_bytes=100))
            return
        found = self.run(self.store.get(key, max_bytes=100))
        assert (found.body, found.content_type) == self.model[key]
        assert found.etag == self.etags[key]

    @rule(prefix=PREFIXES, start_after=KEYS | st.just(""), limit=st.none() | st.integers(0, 4))
    def list(self, prefix, start_after, limit):
        async def listed():
            rows = self.store.list(prefix, start_after=start_after, limit=limit)
            return [(row.key, row.size) async for row in rows]

        expected = sorted(key for key in self.model if key.startswith(prefix) and key > start_after)
        assert self.run(listed()) == [(key, len(self.model[key][0])) for key in expected[:limit]]

    @rule()
    def reopen(self):
        self.run(self.closing.aclose())
        self.run(self.open())

    @invariant()
    def holds_exactly_the_model(self):
        async def listed():
            return [row.key async for row in self.store.list("")]

        assert self.run(listed()) == sorted(self.model)


TestStoreAgainstDict = StoreAgainstDict.TestCase
TestStoreAgainstDict.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
