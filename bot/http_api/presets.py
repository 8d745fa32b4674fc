"""The presets as front ends show them: GET /presets."""

from typing import Literal

from aiohttp import web

from bot.http_api.door import ApiDoor, most_garments, offered
from bot.http_api.languages import caller_locale, language_tag
from bot.http_api.models import PresetList, PresetOffer
from replicate_gateway.presets import DEFAULT_PRESET, Preset

# They change with a new version of the bot only.
_CACHED = "private, max-age=300"


async def page(request: web.Request, door: ApiDoor, _user: str) -> web.Response:
    """All that a task may name."""
    locale = caller_locale(request, door.languages.locales, door.languages.default)
    listed = PresetList(presets=tuple(offer(preset, locale) for preset in offered(door.presets).values()))
    headers = {
        "Cache-Control": _CACHED,
        "Content-Language": language_tag(locale),
        "Vary": "Accept-Language, Authorization, X-API-Key",
    }
    return web.Response(body=listed.model_dump_json().encode(), content_type="application/json", headers=headers)


def offer(preset: Preset, locale: str) -> PresetOffer:
    """What a caller is told of it."""
    return PresetOffer(
        name=preset.name,
        title=preset.title(locale),
        icon=preset.icon,
        default=preset.name == DEFAULT_PRESET,
        min_garments=preset.min_images - 1,
        max_garments=most_garments(preset),
        prompt_hints=_hints(preset),
        seeds=preset.seed_field is not None,
        typical_s=preset.typical_s,
        price_hint_usd=preset.price_hint_usd,
    )


def _hints(preset: Preset) -> Literal["unused", "optional", "required"]:
    if preset.prompt_field is None:
        return "unused"
    return "required" if preset.prompt_required else "optional"
