"""Getting a storage ready: bucket and expiry rules where we may, the probe, and expiry for files."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog

from bot.jobs.ports.clock import Clock
from bot.operator_errors.storage import diagnose_storage
from bot.settings import Settings
from bot.startup_retry import retry_at_start
from storage import object_keys
from storage.errors import StorageError, StorageRefusedError, StorageUnavailableError
from storage.objects import Capabilities, ExpiryRule, ObjectStore

_EXPIRE_EVERY_S = 3600.0
# An update that broke our code has its person's words in it, and `/delete_me` does not find it. An alert told of it at
# once, so this is for admins who are away.
_POISON_DAYS = 14

_log = structlog.get_logger()


class Expiring(Protocol):
    """A storage that does not forget by itself."""

    async def expire(self, rules: Sequence[ExpiryRule], now: datetime) -> int:
        """Remove what is too old; returns how many objects."""
        ...


def expiry_rules(settings: Settings) -> tuple[ExpiryRule, ...]:
    """What the storage removes by itself, and after how many days."""
    return (
        ExpiryRule(object_keys.TASKS, settings.task_ttl_days),
        ExpiryRule(object_keys.IMAGES, settings.image_ttl_days),
        ExpiryRule(object_keys.REPORTS, settings.image_ttl_days),
        ExpiryRule(object_keys.SPENT, 1),  # the quota looks back a day
        ExpiryRule(object_keys.POISON, _POISON_DAYS),
        ExpiryRule(object_keys.PROBE, 1),
    )


async def ready_storage(store: ObjectStore, settings: Settings) -> Capabilities:
    """Prepare where that is allowed, verify, probe.

    Raises:
        StorageRefusedError: it cannot be used, and says what to mend.
        StorageUnavailableError: it did not come up within a minute.
    """

    def say(error: StorageUnavailableError) -> None:
        diagnosis = diagnose_storage(error, settings)
        _log.warning("storage_awaited", error=diagnosis.what, fix=diagnosis.fix)

    return await retry_at_start(
        partial(_prepare_and_probe, store, expiry_rules(settings)), StorageUnavailableError, say
    )


async def expire_files(store: Expiring, rules: Sequence[ExpiryRule], clock: Clock) -> None:
    """What a bucket's lifecycle does, for files: once an hour, until canceled."""
    while True:
        try:
            removed = await store.expire(rules, clock.now())
        except StorageError as error:
            _log.warning("expiry_postponed", error=str(error))
        else:
            if removed:
                _log.info("files_expired", removed=removed)
        await asyncio.sleep(_EXPIRE_EVERY_S)


async def _prepare_and_probe(store: ObjectStore, rules: Sequence[ExpiryRule]) -> Capabilities:
    try:
        await store.prepare(rules)
    except StorageRefusedError as error:
        # Production keys often may not create buckets or rules; `init-storage` was run with others then.
        _log.warning("storage_not_prepared", error=str(error))
        await store.verify()
    capabilities = await store.probe()
    if not capabilities.conditional_writes:
        _log.error(
            "conditional_writes_missing",
            create_if_absent=capabilities.create_if_absent,
            replace_if_unchanged=capabilities.replace_if_unchanged,
            consequence="run one process, or several with QUEUE_URL; else jobs could be done twice",
        )
    return capabilities
