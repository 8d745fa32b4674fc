"""The latest version of community models, looked up once, so that presets need no version ids."""

import asyncio
import re
from collections.abc import Awaitable, Callable

from replicate_gateway.models import ModelReference

_VERSION = re.compile(r"[0-9a-f]{64}")


def latest_version_id(document: object) -> str | None:
    """The id in a model's document; None for a model that is run by name (official ones hide their version)."""
    latest = document.get("latest_version") if isinstance(document, dict) else None
    version = latest.get("id") if isinstance(latest, dict) else None
    return version if isinstance(version, str) and _VERSION.fullmatch(version) else None


class LatestVersions:
    """Remembers answers of `look_up`, one question per model at a time however many callers wait for it.

    Failures are not remembered.
    """

    def __init__(self, look_up: Callable[[ModelReference], Awaitable[object]]) -> None:
        self._look_up = look_up
        self._known: dict[str, str | None] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, model: ModelReference) -> str | None:
        """The version id to run `model` by; None when it is to be run by its name."""
        if model.slug not in self._known:
            async with self._locks.setdefault(model.slug, asyncio.Lock()):
                if model.slug not in self._known:
                    self._known[model.slug] = latest_version_id(await self._look_up(model))
        return self._known[model.slug]

    def forget(self, model: ModelReference) -> None:
        """Look `model` up again next time: its version turned out to be gone."""
        self._known.pop(model.slug, None)
