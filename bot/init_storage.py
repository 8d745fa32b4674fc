"""`python -m bot init-storage`: bucket, expiry rules, probe. May be run at any time, by whoever may create buckets."""

import structlog

from bot.composition.adapters import open_store
from bot.composition.storage_setup import expiry_rules
from bot.settings import Settings

_EXIT_OK = 0

_log = structlog.get_logger()


async def run_init_storage(settings: Settings) -> int:
    """The exit code: 0, the storage can be used by one process at least.

    Raises:
        StorageRefusedError, StorageUnavailableError: it cannot be used.
    """
    rules = expiry_rules(settings)
    async with open_store(settings) as store:
        await store.prepare(rules)
        found = await store.probe()
    _log.info(
        "storage_ready",
        place=settings.s3_bucket or str(settings.data_dir),
        rules={rule.prefix: rule.days for rule in rules},
        create_if_absent=found.create_if_absent,
        replace_if_unchanged=found.replace_if_unchanged,
        processes="several" if found.conditional_writes and settings.s3_bucket else "one only",
    )
    return _EXIT_OK
