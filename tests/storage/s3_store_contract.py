"""What S3 adds to the contract of an object store: buckets, lifecycle rules, refusals."""

from dataclasses import replace

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from storage.errors import StorageRefusedError
from storage.objects import ExpiryRule
from storage.s3 import open_s3_store
from tests.storage.object_store_contract import ObjectStoreContract
from tests.support.s3_servers import BlockingS3, new_bucket_name, outside_of

RULES = [ExpiryRule("tasks/", 1), ExpiryRule(".probe/", 1), ExpiryRule("images/", 30)]


@pytest.mark.asyncio(loop_scope="class")
class S3StoreContract(ObjectStoreContract):
    """A subclass gives the fixture `server`. One client serves all tests, as it does in production."""

    @pytest.fixture(scope="class")
    @classmethod
    def outside(cls, server):
        with outside_of(server) as outside:
            yield outside

    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    @classmethod
    async def store(cls, server):
        async with open_s3_store(**server.options) as store:
            yield store

    @pytest_asyncio.fixture(loop_scope="class")
    async def store_with_public_host(self, server):
        async with open_s3_store(**server.options, public_endpoint_url="https://photos.example.org") as store:
            yield store

    @pytest_asyncio.fixture(loop_scope="class")
    async def new_bucket(self, server):
        """A store in a bucket that does not exist yet, and the other way into it."""
        elsewhere = replace(server, bucket=new_bucket_name())
        with outside_of(elsewhere) as outside:
            async with open_s3_store(**elsewhere.options) as store:
                yield store, outside
            outside.client.delete_bucket(Bucket=elsewhere.bucket)

    async def test_prepare_creates_the_bucket_and_its_rules(self, new_bucket):
        store, outside = new_bucket

        await store.prepare(RULES)

        assert _expiries(outside) == {("tasks/", 1), (".probe/", 1), ("images/", 30)}
        await store.put("a", b"", content_type="text/plain")
        await store.delete(["a"])

    async def test_prepare_changes_our_rules_and_keeps_those_of_others(self, new_bucket):
        store, outside = new_bucket
        outside.make_bucket()
        foreign = {"ID": "backups", "Status": "Enabled", "Filter": {"Prefix": "backup/"}, "Expiration": {"Days": 7}}
        outside.client.put_bucket_lifecycle_configuration(
            Bucket=outside.bucket, LifecycleConfiguration={"Rules": [foreign]}
        )

        await store.prepare(RULES)
        await store.prepare([ExpiryRule("tasks/", 2)])

        assert _expiries(outside) == {("backup/", 7), ("tasks/", 2)}
        assert "backups" in {rule["ID"] for rule in _rules(outside)}

    async def test_prepare_without_rules_leaves_none_of_ours(self, new_bucket):
        store, outside = new_bucket
        await store.prepare(RULES)

        await store.prepare([])

        assert _expiries(outside) == set()

    async def test_a_rule_for_less_than_a_day_is_refused(self, store):
        with pytest.raises(StorageRefusedError, match="whole days"):
            await store.prepare([ExpiryRule("tasks/", 0)])

    async def test_a_missing_bucket_is_the_operators_business(self, server):
        async with open_s3_store(**replace(server, bucket=new_bucket_name()).options) as store:
            with pytest.raises(StorageRefusedError, match="create the bucket"):
                await store.verify()
            with pytest.raises(StorageRefusedError, match="create the bucket"):
                await store.get("a", max_bytes=10)

    async def test_wrong_credentials_are_the_operators_business(self, server):
        for change, advice in (
            ({"access_key_id": "somebody"}, "access key id"),
            ({"secret_access_key": "guessed"}, "secret access key"),
        ):
            wrong = replace(server, **change)
            async with open_s3_store(**wrong.options) as store:
                with pytest.raises(StorageRefusedError, match=advice) as caught:
                    await store.verify()
                assert wrong.secret_access_key not in str(caught.value)


def _rules(outside: BlockingS3) -> list[dict]:
    try:
        return outside.client.get_bucket_lifecycle_configuration(Bucket=outside.bucket)["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchLifecycleConfiguration":
            return []
        raise


def _expiries(outside: BlockingS3) -> set[tuple[str, int]]:
    return {
        (rule.get("Filter", {}).get("Prefix", rule.get("Prefix")), rule["Expiration"]["Days"])
        for rule in _rules(outside)
    }
