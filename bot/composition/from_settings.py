"""The settings as the parts of the product want them."""

from datetime import timedelta

from aiogram import Bot

from bot.jobs.assembly import JobLimits
from bot.jobs.links import PresignedLinks, UploadedLinks
from bot.jobs.ports.pictures import InputLinks
from bot.settings import Settings
from bot.telegram.rules import ChatRules
from replicate_gateway.presets import DEFAULT_PRESET
from replicate_gateway.protocol import ReplicateGateway
from storage.objects import ObjectStore

STATUS_EDITS_PER_S = 10.0  # where Telegram's own limit is switched off


def links_of(settings: Settings, store: ObjectStore, gateway: ReplicateGateway) -> InputLinks:
    """How Replicate gets to see inputs: by a link to our storage where it can reach that, else by uploads."""
    reachable = settings.s3_bucket or settings.replicate_reaches_us or settings.replicate_mode == "mock"
    return PresignedLinks(store, settings.presigned_url_ttl_s) if reachable else UploadedLinks(store, gateway)


def limits_of(settings: Settings, gather_s: float) -> JobLimits:
    """What binds jobs."""
    return JobLimits(
        user_daily=settings.user_daily_jobs,
        api_max_active=settings.api_max_active_jobs,
        api_daily=settings.api_daily_jobs,
        replicate_max_active=settings.replicate_max_active,
        max_image_bytes=settings.max_image_bytes,
        job_timeout_s=settings.job_timeout_s,
        poll_interval_s=settings.poll_interval_s,
        gather_s=gather_s,
        # A third of what Telegram takes: results go first.
        status_edits_per_s=settings.telegram_rate_limit / 3 if settings.telegram_rate_limit else STATUS_EDITS_PER_S,
    )


def rules_of(settings: Settings, bot: Bot) -> ChatRules:
    """What binds the chat."""
    return ChatRules(
        bot_id=bot.id,
        default_locale=settings.default_locale,
        preset=DEFAULT_PRESET,
        max_image_mb=settings.max_image_mb,
        daily_jobs=settings.user_daily_jobs,
        keep=timedelta(days=settings.image_ttl_days),
        allowed_ids=settings.allowed_ids,
        admin_ids=settings.admin_ids,
    )
