"""Storage: can be used, forgets what it should, and keeps the promise that records rest on."""

from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.operator_errors.storage import diagnose_storage
from storage.errors import StorageError

STORAGE, CONDITIONAL_WRITES = Part("storage"), Part("conditional_writes")


async def check_storage(context: Context) -> Finding:
    """Whether the bucket, or the directory, is there and ours."""
    settings, store = context.settings, context.store
    if context.files_in_use:
        return STORAGE.warning(
            f"{settings.data_dir} belongs to the bot that runs, so nothing was written to it",
            "to have it examined too, stop the bot and run this again",
        )
    try:
        if isinstance(store, StorageError):
            raise store
        await store.verify()
    except StorageError as error:
        return STORAGE.failed(*diagnose_storage(error, settings))
    if settings.s3_bucket is None:
        return STORAGE.ok(f"files in {settings.data_dir}, which is writable")
    return STORAGE.ok(f"the bucket {settings.s3_bucket} is there and can be listed")


async def check_conditional_writes(context: Context) -> Finding:
    """Whether "only if unchanged" is honoured, even by racing writers."""
    settings, store = context.settings, context.store
    if isinstance(store, StorageError):
        return CONDITIONAL_WRITES.skipped("not tried in a directory that the running bot owns")
    try:
        found = await store.probe()
    except StorageError as error:
        return CONDITIONAL_WRITES.failed(*diagnose_storage(error, settings))
    if found.conditional_writes:
        return CONDITIONAL_WRITES.ok("honoured, races included")
    ignored = [
        header
        for header, honoured in (
            ("If-None-Match", found.create_if_absent),
            ("If-Match", found.replace_if_unchanged),
        )
        if not honoured
    ]
    what = f"this storage does not honour {' and '.join(ignored)}"
    if settings.queue_url is not None:
        what = f"{what}: records are changed under locks in the queue engine, which is slower"
        return CONDITIONAL_WRITES.warning(what, "use another storage")
    what = f"{what}, so two processes could do a job twice"
    return CONDITIONAL_WRITES.warning(what, "run one process, or several with QUEUE_URL, or use another storage")
