"""Sets a bucket up: exists, and forgets what it should. Changes nothing that is already right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from storage.errors import StorageRefusedError
from storage.objects import ExpiryRule
from storage.s3_errors import code_of, s3_errors

if TYPE_CHECKING:  # the stubs are a development dependency
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import LifecycleRuleOutputTypeDef, LifecycleRuleTypeDef

_OUR_RULES = "darkroom-"  # rules with another id belong to somebody else and stay as they are


async def ensure_bucket(client: "S3Client", bucket: str, *, location: str | None) -> None:
    """Create `bucket` if it is missing, in the AWS region `location` (None: where the endpoint puts it)."""
    with s3_errors(f"look for the bucket {bucket}"):
        try:
            await client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if code_of(error) not in {"404", "NoSuchBucket"}:
                raise
        else:
            return
    with s3_errors(f"create the bucket {bucket}"):
        try:
            if location is None:
                await client.create_bucket(Bucket=bucket)
            else:
                configuration = {"LocationConstraint": location}
                await client.create_bucket(Bucket=bucket, CreateBucketConfiguration=configuration)  # type: ignore[arg-type]  # the stubs list the regions of their day
        except ClientError as error:
            if code_of(error) != "BucketAlreadyOwnedByYou":  # another process of ours was faster
                raise


async def ensure_expiry(client: "S3Client", bucket: str, rules: Sequence[ExpiryRule]) -> None:
    """Make `rules` the only expiry rules of ours; rules that others put on the bucket stay."""
    with s3_errors(f"set the lifecycle rules of {bucket}"):
        present = await _present_rules(client, bucket)
        foreign = [rule for rule in present if not rule.get("ID", "").startswith(_OUR_RULES)]
        ours = {_meaning(rule) for rule in present if rule not in foreign}
        wanted = [_lifecycle_rule(rule) for rule in rules]
        if ours == {_meaning(rule) for rule in wanted}:
            return
        if not foreign and not wanted:
            await client.delete_bucket_lifecycle(Bucket=bucket)
            return
        configuration = {"Rules": [*foreign, *wanted]}
        await client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=configuration)  # type: ignore[arg-type]  # what was read may be written


async def _present_rules(client: "S3Client", bucket: str) -> "list[LifecycleRuleOutputTypeDef]":
    try:
        answer = await client.get_bucket_lifecycle_configuration(Bucket=bucket)
    except ClientError as error:
        if code_of(error) in {"NoSuchLifecycleConfiguration", "404"}:
            return []
        raise
    return answer.get("Rules", [])


def _lifecycle_rule(rule: ExpiryRule) -> "LifecycleRuleTypeDef":
    if rule.days < 1:
        raise StorageRefusedError(f"S3 keeps objects for whole days, at least one: {rule}")
    return {
        "ID": _OUR_RULES + rule.prefix.strip("/.").replace("/", "-"),
        "Filter": {"Prefix": rule.prefix},
        "Status": "Enabled",
        "Expiration": {"Days": rule.days},
    }


def _meaning(rule: "LifecycleRuleOutputTypeDef | LifecycleRuleTypeDef") -> tuple[object, ...]:
    """What a rule does, however the storage words it: some put the prefix outside of the filter."""
    where, when = rule.get("Filter") or {}, rule.get("Expiration") or {}
    return rule.get("ID"), where.get("Prefix", rule.get("Prefix")), rule["Status"], when.get("Days")
