"""Opens what carries the work, as the settings name it."""

from contextlib import AbstractAsyncContextManager

from bot.composition.adapters import engine_bot_id
from bot.settings import Settings
from bot.work_queue.engine import Engine, Shares, open_engine


def open_queue(settings: Settings, *, concurrency: int) -> AbstractAsyncContextManager[Engine]:
    """See `open_engine`, also for what it raises."""
    url = settings.queue_url
    return open_engine(
        url.get_secret_value() if url else None,
        engine_bot_id(settings),
        Shares(
            jobs_per_person=settings.user_max_active_jobs,
            jobs_per_key=settings.api_max_active_jobs,
            predictions=settings.replicate_max_active,
            messages_per_s=settings.telegram_rate_limit,
        ),
        concurrency=concurrency,
    )
