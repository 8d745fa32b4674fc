"""Puts the API's door together from what the process has opened."""

from collections.abc import Callable, Mapping, Sequence

from bot.http_api.door import ApiDoor, Languages
from bot.http_api.keys import ApiKeys, RateLimit
from bot.http_api.views import TaskViews
from bot.http_api.web_pictures import UrlRules
from bot.jobs.assembly import Jobs
from bot.jobs.images import ImageRefusedError
from bot.jobs.ports.clock import Clock
from bot.settings import Settings
from replicate_gateway.presets import Preset
from storage.job import Outcome
from storage.objects import ObjectStore


def api_door(
    settings: Settings,
    jobs: Jobs,
    store: ObjectStore,
    presets: Mapping[str, Preset],
    clock: Clock,
    *,
    locales: Sequence[str],
    explain: Callable[[Outcome, str], str],
    refusal: Callable[[ImageRefusedError, str], str],
) -> ApiDoor:
    """`explain` says why a task failed, `refusal` why a picture cannot be used, each in one of `locales`."""
    return ApiDoor(
        keys=ApiKeys(key.get_secret_value() for key in settings.api_keys),
        rate=RateLimit(settings.api_rate_limit),
        service=jobs.service,
        board=jobs.board,
        inputs=jobs.inputs,
        views=TaskViews(store, presets, explain, clock, ttl_s=settings.presigned_url_ttl_s),
        presets=presets,
        url_rules=UrlRules(public_only=settings.public_urls_only),
        languages=Languages(tuple(locales), settings.default_locale, refusal),
    )
