"""`python -m bot dead-letters`: the jobs over which processes died, and another try for them."""

import sys

from bot.composition.adapters import engine_bot_id
from bot.settings import Settings
from bot.work_queue.job_leases import JobLeases
from bot.work_queue.redis_client import Keys, greet, open_redis
from bot.work_queue.redis_streams import LEASE_S
from bot.work_queue.single_process import new_run_id

_EXIT_OK, _EXIT_FAILED = 0, 1
ALL = "all"


async def run_dead_letters(settings: Settings, revive: str | None) -> int:
    """List them, or have one of them (or `all`) tried again; returns the exit code.

    Raises:
        EngineRefusedError, EngineUnavailableError: the queue cannot be asked.
    """
    if settings.queue_url is None:
        raise ValueError("there are dead letters in a shared queue only")
    async with open_redis(settings.queue_url.get_secret_value()) as redis:
        await greet(redis)
        leases = JobLeases(redis, Keys(engine_bot_id(settings)), new_run_id(), lease_s=LEASE_S)
        return await (_revive(leases, revive) if revive else _show(leases))


async def _show(leases: JobLeases) -> int:
    letters = await leases.dead_letters()
    for job_id, since in sorted(letters.items(), key=lambda row: row[1]):
        print(f"{since.isoformat(timespec='seconds')}  {job_id}")  # noqa: T201 - the command's answer
    if not letters:
        print("no dead letters", file=sys.stderr)  # noqa: T201 - the same, to a person
    return _EXIT_OK


async def _revive(leases: JobLeases, which: str) -> int:
    jobs = list(await leases.dead_letters()) if which == ALL else [which]
    revived = [job_id for job_id in jobs if await leases.revive(job_id)]
    print(f"revived: {len(revived)}")  # noqa: T201 - the command's answer
    return _EXIT_OK if len(revived) == len(jobs) else _EXIT_FAILED
