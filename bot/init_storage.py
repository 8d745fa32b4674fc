"""`python -m bot init-storage`: bucket, expiry rules, probe. May be run at any time, by whoever may create buckets."""

import structlog

from bot.composition.adapters import open_store
from bot.composition.storage_setup import expiry_rules
from bot.settings import Settings
from storage.errors import StorageError

_EXIT_OK, _EXIT_FAILED = 0, 1

_log = structlog.get_logger()


async def run_init_storage(settings: Settings) -> int:
    """The exit code: 0 when the storage can be used by one process at least."""
    rules = expiry_rules(settings)
    try:
        async with open_store(settings) as store:
            await store.prepare(rules)
            found = await store.probe()
    except StorageError as error:
        _log.error("storage_not_usable", error=str(error))
        return _EXIT_FAILED
    _log.info(
        "storage_ready",
        place=settings.s3_bucket or str(settings.data_dir),
        rules={rule.prefix: rule.days for rule in rules},
        create_if_absent=found.create_if_absent,
        replace_if_unchanged=found.replace_if_unchanged,
        processes="several" if found.conditional_writes else "one only",
    )
    return _EXIT_OK
