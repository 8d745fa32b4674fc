"""Puts the API's door together from what the process has opened."""

from collections.abc import Callable, Mapping

from bot.http_api.door import ApiDoor, Languages
from bot.http_api.keys import ApiKeys, RateLimit
from bot.http_api.texts import API_TEXTS, explained_by, refused_by
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
    explain: Callable[[Outcome, str], str],
    refusal: Callable[[ImageRefusedError, str], str],
) -> ApiDoor:
    """`explain` and `refusal` give the chat's sentences, which the API shares."""
    return ApiDoor(
        keys=ApiKeys(key.get_secret_value() for key in settings.api_keys),
        rate=RateLimit(settings.api_rate_limit),
        service=jobs.service,
        board=jobs.board,
        inputs=jobs.inputs,
        views=TaskViews(store, presets, explained_by(explain), clock, ttl_s=settings.presigned_url_ttl_s),
        presets=presets,
        url_rules=UrlRules(public_only=settings.public_urls_only),
        languages=Languages(tuple(API_TEXTS), settings.default_locale, refused_by(refusal)),
    )
