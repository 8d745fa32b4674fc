"""Whether the storage itself removes task records and images in time. Only reads; `init-storage` sets the rules."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.composition.adapters import s3_credentials
from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.operator_errors.storage import s3_code
from bot.settings import Settings
from storage.errors import StorageError
from storage.objects import ExpiryRule

if TYPE_CHECKING:  # the stubs are a development dependency
    from types_aiobotocore_s3.type_defs import LifecycleRuleOutputTypeDef

LIFECYCLE = Part("lifecycle")

_NO_RULES = frozenset({"NoSuchLifecycleConfiguration", "404"})
_SET_RULES = "run `python -m bot init-storage` with a key that may set lifecycle rules"


async def check_lifecycle(context: Context) -> Finding:
    """Whether there is an enabled rule for each prefix that has to expire, with the days of the settings."""
    settings = context.settings
    if settings.s3_bucket is None:
        return LIFECYCLE.ok(f"the bot removes files itself, images after {settings.image_ttl_days} days")
    from bot.composition.storage_setup import expiry_rules  # noqa: PLC0415 - needed with S3 only

    wanted = expiry_rules(settings)
    try:
        present = await _present_rules(settings, settings.s3_bucket)
    except StorageError as error:
        return LIFECYCLE.warning(str(error), "let the key read lifecycle rules, or look at them in the console")
    missing = missing_rules(wanted, present)
    if missing:
        what = "; ".join(f"nothing removes {rule.prefix} after {_days(rule.days)}" for rule in missing)
        return LIFECYCLE.warning(what, _SET_RULES)
    return LIFECYCLE.ok(", ".join(f"{rule.prefix} {_days(rule.days)}" for rule in wanted))


def missing_rules(
    wanted: Sequence[ExpiryRule], present: "Sequence[LifecycleRuleOutputTypeDef]"
) -> Sequence[ExpiryRule]:
    """Those of `wanted` that no enabled rule keeps, whoever made it."""
    kept = {_meaning(rule) for rule in present if rule.get("Status") == "Enabled"}
    return [rule for rule in wanted if (rule.prefix, rule.days) not in kept]


def _meaning(rule: "LifecycleRuleOutputTypeDef") -> tuple[object, object]:
    """Some storages put the prefix outside of the filter."""
    return (rule.get("Filter") or {}).get("Prefix", rule.get("Prefix")), (rule.get("Expiration") or {}).get("Days")


async def _present_rules(settings: Settings, bucket: str) -> "Sequence[LifecycleRuleOutputTypeDef]":
    from storage.s3_client import s3_client, s3_session  # noqa: PLC0415 - as above
    from storage.s3_errors import s3_errors  # noqa: PLC0415

    session = s3_session(*s3_credentials(settings), settings.aws_region)
    async with s3_client(session, settings.s3_endpoint_url, read_timeout_s=6, max_attempts=2) as client:
        try:
            with s3_errors(f"read the lifecycle rules of {bucket}"):
                answer = await client.get_bucket_lifecycle_configuration(Bucket=bucket)
        except StorageError as error:
            if s3_code(error) in _NO_RULES:
                return []
            raise
    return answer.get("Rules", [])


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
