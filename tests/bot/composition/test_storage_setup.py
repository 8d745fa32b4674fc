"""Getting a storage ready: where we may create, where we may not, and while it is still starting."""

import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bot.composition.storage_setup import expire_files, expiry_rules, ready_storage
from bot.settings import Settings
from storage import object_keys
from storage.errors import StorageRefusedError, StorageUnavailableError
from storage.files import open_file_store
from storage.objects import Capabilities, ExpiryRule
from storage.s3 import open_s3_store
from tests.support.fakes import BEGIN, FrozenClock
from tests.support.s3_servers import new_bucket_name, outside_of
from tests.support.skipped_time import time_passes

RULES = (ExpiryRule("tasks/", 1),)
SETTINGS = Settings()


class ScriptedStore:
    """A storage that raises what it is told, call by call."""

    def __init__(self, *, prepare=(), verify=(), probe=(), capabilities=None):
        self.script = {"prepare": list(prepare), "verify": list(verify), "probe": list(probe)}
        self.capabilities = capabilities or Capabilities(create_if_absent=True, replace_if_unchanged=True)
        self.calls = []

    async def prepare(self, rules):
        self._play("prepare")

    async def verify(self):
        self._play("verify")

    async def probe(self):
        self._play("probe")
        return self.capabilities

    def _play(self, call):
        self.calls.append(call)
        if self.script[call] and (error := self.script[call].pop(0)):
            raise error


def test_tasks_images_reports_poison_and_probes_expire_and_records_do_not():
    rules = {rule.prefix: rule.days for rule in expiry_rules(Settings(task_ttl_days=2, image_ttl_days=9))}
    assert rules == {"tasks/": 2, "images/": 9, "reports/": 9, "spent/": 1, "poison/": 14, ".probe/": 1}
    record = object_keys.job("5f2c9f0e-6d0b-5f0a-9a3e-3b1d6f6f7c11")
    assert not any(record.startswith(prefix) for prefix in rules)


async def test_a_directory_is_prepared_and_honours_conditions(tmp_path):
    async with open_file_store(tmp_path, public_url="http://x", signing_key=b"k") as store:
        assert (await ready_storage(store, SETTINGS)).conditional_writes


async def test_keys_that_may_not_create_are_enough_when_all_is_there():
    store = ScriptedStore(prepare=[StorageRefusedError("403")])
    with capture_logs() as lines:
        assert (await ready_storage(store, SETTINGS)).conditional_writes
    assert store.calls == ["prepare", "verify", "probe"]
    assert [line["event"] for line in lines] == ["storage_not_prepared"]


async def test_a_storage_that_can_be_neither_prepared_nor_used_stops_the_start_at_once():
    store = ScriptedStore(prepare=[StorageRefusedError("403")], verify=[StorageRefusedError("no bucket")])
    with pytest.raises(StorageRefusedError, match="no bucket"):
        await ready_storage(store, SETTINGS)
    assert store.calls == ["prepare", "verify"]


@pytest.mark.parametrize(("create", "replace"), [(False, True), (True, False), (False, False)])
async def test_ignored_conditions_are_said_loudly(create, replace):
    store = ScriptedStore(capabilities=Capabilities(create_if_absent=create, replace_if_unchanged=replace))
    with capture_logs() as lines:
        found = await ready_storage(store, SETTINGS)
    assert not found.conditional_writes
    assert [(line["event"], line["log_level"]) for line in lines] == [("conditional_writes_missing", "error")]


@pytest.mark.parametrize("call", ["prepare", "verify", "probe"])
def test_a_storage_that_is_still_starting_is_awaited(skipping_time, call):
    down = [StorageUnavailableError("connection refused")] * 5
    others = {"prepare": [StorageRefusedError("403")] * 9} if call == "verify" else {}
    store = ScriptedStore(**others | {call: down})
    assert skipping_time(ready_storage(store, SETTINGS)).conditional_writes
    assert store.calls.count(call) == 6


def test_after_a_minute_it_is_given_up(skipping_time):
    async def story():
        began = asyncio.get_running_loop().time()
        with pytest.raises(StorageUnavailableError):
            await ready_storage(ScriptedStore(prepare=[StorageUnavailableError("down")] * 1000), SETTINGS)
        assert 55 < asyncio.get_running_loop().time() - began < 70

    skipping_time(story())


class ExpiringStore:
    def __init__(self):
        self.calls = []

    async def expire(self, rules, now):
        self.calls.append((tuple(rules), now))
        if len(self.calls) == 2:
            raise StorageUnavailableError("busy")
        return 3 if len(self.calls) == 1 else 0


def test_files_expire_once_an_hour_and_a_bad_hour_does_not_end_that(skipping_time):
    async def story():
        store = ExpiringStore()
        with capture_logs() as lines:
            task = asyncio.create_task(expire_files(store, RULES, FrozenClock()))
            await time_passes(3.5 * 3600)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert store.calls == [(RULES, BEGIN)] * 4
        assert [line["event"] for line in lines] == ["files_expired", "expiry_postponed"]

    skipping_time(story())


async def test_expiry_removes_old_files_of_its_prefixes_only(tmp_path):
    async with open_file_store(tmp_path, public_url="http://x", signing_key=b"k") as store:
        for key in ("tasks/p.json", "jobs/j.json"):
            await store.put(key, b"{}", content_type="application/json")
        later = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1)
        assert await store.expire(expiry_rules(Settings()), later) == 1
        assert [row.key async for row in store.list("")] == ["jobs/j.json"]


async def test_a_bucket_that_is_missing_is_made_with_its_rules(moto_server):
    bucket = new_bucket_name()
    async with open_s3_store(**moto_server.options | {"bucket": bucket}) as store:
        assert (await ready_storage(store, Settings(task_ttl_days=3))).create_if_absent
    with outside_of(moto_server) as outside:
        rules = outside.client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    found = {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in rules if "Expiration" in rule}
    assert found["tasks/"] == 3
