"""Whether the engine that several processes share answers, and what it has set aside."""

from bot.addresses import host_of
from bot.composition.adapters import engine_bot_id
from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.jobs.errors import EngineUnavailableError
from bot.operator_errors.queue import diagnose_queue
from bot.work_queue.engine_errors import EngineRefusedError

QUEUE = Part("queue")


async def check_queue(context: Context) -> Finding:
    """Whether it takes our credentials, answers, and has no dead letters."""
    url = context.settings.queue_url
    if url is None:
        return QUEUE.ok("not set: the work is done in one process")
    host = host_of(url.get_secret_value())
    try:
        dead = await _dead_letters(url.get_secret_value(), engine_bot_id(context.settings))
    except (EngineRefusedError, EngineUnavailableError) as error:
        return QUEUE.failed(*diagnose_queue(error, context.settings))
    if dead:
        return QUEUE.warning(
            f"{dead} jobs are set aside, because the processes that advanced them died",
            "see why in the log, then `python -m bot dead-letters --revive all`",
        )
    return QUEUE.ok(f"Redis or Valkey answers at {host}")


async def _dead_letters(url: str, bot_id: str) -> int:
    from bot.work_queue.job_leases import JobLeases  # noqa: PLC0415 - needed with a queue only
    from bot.work_queue.redis_client import Keys, greet, open_redis  # noqa: PLC0415

    async with open_redis(url) as redis:
        await greet(redis)
        return len(await JobLeases(redis, Keys(bot_id), "doctor", lease_s=1).dead_letters())
