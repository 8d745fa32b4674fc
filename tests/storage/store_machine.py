"""Any store against a dict: any sequence of operations, races among them, reopened at any point."""

import asyncio
import io
from contextlib import AsyncExitStack
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.errors import ObjectNotFoundError, PreconditionFailedError, StorageUnavailableError

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


def how_often(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


class StoreAgainstDict(RuleBasedStateMachine):
    """A subclass gives `begin`, called once, and `opener`, called at each opening: an async context of a store."""

    racers: ClassVar = 3

    def begin(self):
        """Make room for a store of this run's own."""

    def end(self):
        """Take it away."""

    @initialize()
    def start(self):
        self.runner = asyncio.Runner()
        self.closing = AsyncExitStack()
        self.model: dict[str, tuple[bytes, str]] = {}
        self.etags: dict[str, str] = {}
        self.races = 0
        self.begin()
        self.run(self.open())

    async def open(self):
        self.store = await self.closing.enter_async_context(self.opener())
        await self.store.prepare([])

    def run(self, work):
        return self.runner.run(work)

    def teardown(self):
        if hasattr(self, "runner"):
            self.run(self.closing.aclose())
            self.runner.close()
            self.end()

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

    @rule(key=KEYS, stale=st.booleans())
    def race(self, key, stale):
        """Several writers with the same condition at once: one of them wins, none where the condition is past."""
        current = self.etags.get(key) if key in self.model else None
        condition = {"if_match": '"never"'} if stale else {"if_match": current} if current else {"if_absent": True}
        # New ones each time: an ETag is of the content, so who writes what is there already leaves the race open.
        self.races += 1
        bodies = [f"racer {number} of race {self.races}".encode() for number in range(self.racers)]

        async def race():
            writing = (self.store.put(key, body, content_type="text/plain", **condition) for body in bodies)
            return await asyncio.gather(*writing, return_exceptions=True)

        outcomes = self.run(race())
        winners = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, str)]
        # A loser may be told to come back: S3 answers 409 to one of two that write at once.
        known = str | PreconditionFailedError | StorageUnavailableError
        assert all(isinstance(outcome, known) for outcome in outcomes), outcomes
        assert len(winners) == (0 if stale else 1), outcomes
        for number in winners:
            self.model[key], self.etags[key] = (bodies[number], "text/plain"), outcomes[number]

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
