"""What the routes of the API work with; built once the process is open, found under one key on the app."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from bot.http_api.keys import ApiKeys, RateLimit
from bot.http_api.views import TaskViews
from bot.http_api.web_pictures import UrlRules
from bot.jobs.images import ImageRefusedError
from bot.jobs.input_store import InputStore
from bot.jobs.planning import most_inputs
from bot.jobs.service import JobService
from bot.jobs.task_board import TaskBoard
from replicate_gateway.presets import OutputKind, Preset

# Each may hold a few connections, a file on disk and, for a moment, a picture in memory.
MAX_UPLOADS = 32


@dataclass(frozen=True, slots=True)
class Languages:
    """`refusal` gives the sentence for a picture that cannot be used, in one of `locales`."""

    locales: tuple[str, ...]
    default: str
    refusal: Callable[[ImageRefusedError, str], str]


@dataclass(frozen=True, slots=True)
class ApiDoor:
    """The use cases behind the routes, and the rules at the door."""

    keys: ApiKeys
    rate: RateLimit
    service: JobService
    board: TaskBoard
    inputs: InputStore
    views: TaskViews
    presets: Mapping[str, Preset]
    url_rules: UrlRules
    languages: Languages
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_UPLOADS))


DOOR: web.AppKey[ApiDoor] = web.AppKey("api_door", ApiDoor)


def offered(presets: Mapping[str, Preset]) -> dict[str, Preset]:
    """The presets that a task may name: those that make pictures, which is what a task has as its results."""
    return {name: preset for name, preset in presets.items() if preset.output_kind is OutputKind.IMAGE}


def most_garments(preset: Preset) -> int:
    """How many pictures a task of this preset may have beside the first."""
    return most_inputs(preset) - 1


def garments_taken(preset: Preset) -> str:
    """How many pictures a task of this preset has beside the first, as words."""
    least, most = preset.min_images - 1, most_garments(preset)
    return str(least) if least == most else f"{least} to {most}"
