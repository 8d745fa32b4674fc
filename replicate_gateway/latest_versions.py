"""The latest version of community models, looked up once, so that presets need no version ids."""

import asyncio
import re
from collections.abc import Awaitable, Callable

from replicate_gateway.errors import GatewayBusyError, GatewayUnavailableError, GatewayUnreachableError
from replicate_gateway.models import ModelReference

_VERSION = re.compile(r"[0-9a-f]{64}")


def latest_version_id(document: object) -> str | None:
    """The id in a model's document; None for a model that is run by name (official ones hide their version)."""
    latest = document.get("latest_version") if isinstance(document, dict) else None
    version = latest.get("id") if isinstance(latest, dict) else None
    return version if isinstance(version, str) and _VERSION.fullmatch(version) else None


class LatestVersions:
    """Remembers answers of `look_up`, one question per model at a time however many callers wait for it.

    A failure is not remembered, but those who stood in line behind it share it: each of them may take most of a minute.
    """

    def __init__(self, look_up: Callable[[ModelReference], Awaitable[object]]) -> None:
        self._look_up = look_up
        self._known: dict[str, str | None] = {}
        self._failed: dict[str, tuple[float, str]] = {}  # when the last question failed, and why
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, model: ModelReference) -> str | None:
        """The version id to run `model` by; None when it is to be run by its name."""
        if model.slug not in self._known:
            came = asyncio.get_running_loop().time()
            async with self._locks.setdefault(model.slug, asyncio.Lock()):
                if model.slug not in self._known:
                    self._known[model.slug] = await self._ask(model, came)
        return self._known[model.slug]

    def forget(self, model: ModelReference) -> None:
        """Look `model` up again next time: its version turned out to be gone."""
        self._known.pop(model.slug, None)

    async def _ask(self, model: ModelReference, came: float) -> str | None:
        failed_at, reason = self._failed.get(model.slug, (came, ""))
        if failed_at > came:
            raise GatewayUnreachableError(reason)
        try:
            return latest_version_id(await self._look_up(model))
        except (GatewayUnavailableError, GatewayUnreachableError, GatewayBusyError) as error:
            self._failed[model.slug] = (asyncio.get_running_loop().time(), str(error))
            raise
