"""What people see of the bot before they write: its picture, its description and its menus, in every language.

Told to Telegram only where it differs: some forty calls at every start of every process would be felt.
"""

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    BotCommandScopeUnion,
    BufferedInputFile,
    InputProfilePhotoStatic,
)

from bot.telegram.catalogues import FALLBACK, locales
from bot.telegram.command_names import ADMIN, PERSONAL
from bot.telegram.wording import text
from replicate_gateway.presets import Preset

_TRY_AGAIN_S = 600.0
_MAX_TRIES = 5

FACE = Path(__file__).with_name("face.jpg")
"""A JPEG, square; Telegram shows it as a circle."""

_log = structlog.get_logger()


class Profile:
    """Safe in every process: what is there already is left alone."""

    def __init__(self, bot: Bot, presets: Mapping[str, Preset], admin_ids: Collection[int], daily_jobs: int) -> None:
        self._bot, self._presets, self._admin_ids, self._daily_jobs = bot, presets, admin_ids, daily_jobs

    async def publish(self) -> int:
        """Bring everything up to date; returns how much had to be changed. Raises `AiogramError`."""
        changed = 0
        for locale in locales():
            code = "" if locale == FALLBACK else locale.partition("_")[0]
            changed += await self._describe(locale, code)
            for scope, commands in self._menus(locale):
                changed += await self._set_menu(scope, code, commands)
        return changed + await self._show_face()

    async def run(self) -> None:
        """Publish, and try again later where that fails: nothing depends on it."""
        for _ in range(_MAX_TRIES):
            try:
                changed = await self.publish()
            except TelegramRetryAfter as error:
                _log.info("profile_not_published", error=type(error).__name__)
                await asyncio.sleep(error.retry_after)
            except AiogramError as error:
                _log.warning("profile_not_published", error=type(error).__name__)
                await asyncio.sleep(_TRY_AGAIN_S)
            else:
                if changed:
                    _log.info("profile_published", changed=changed)
                return

    def _menus(self, locale: str) -> list[tuple[BotCommandScopeUnion, list[BotCommand]]]:
        personal = [BotCommand(command=name, description=text(f"command_{name}", locale)) for name in PERSONAL]
        admin = [BotCommand(command=name, description=text(f"command_{name}", locale)) for name in ADMIN]
        tools = [BotCommand(command=preset.name, description=preset.label(locale)) for preset in self._presets.values()]
        scopes: list[tuple[BotCommandScopeUnion, list[BotCommand]]] = [
            (BotCommandScopeDefault(), personal),
            (BotCommandScopeAllGroupChats(), tools),
        ]
        return [*scopes, *((BotCommandScopeChat(chat_id=chat), [*personal, *admin]) for chat in self._admin_ids)]

    async def _set_menu(self, scope: BotCommandScopeUnion, code: str, commands: list[BotCommand]) -> bool:
        known = await self._bot.get_my_commands(scope, language_code=code)
        # Compared as plain values: what came from a bot is not equal to what did not.
        if [command.model_dump() for command in known] == [command.model_dump() for command in commands]:
            return False
        await self._bot.set_my_commands(commands, scope, language_code=code)
        return True

    async def _describe(self, locale: str, code: str) -> int:
        changed = 0
        words = text("description", locale, n=self._daily_jobs)
        if (await self._bot.get_my_description(language_code=code)).description != words:
            await self._bot.set_my_description(words, language_code=code)
            changed += 1
        words = text("short_description", locale)
        if (await self._bot.get_my_short_description(language_code=code)).short_description != words:
            await self._bot.set_my_short_description(words, language_code=code)
            changed += 1
        return changed

    async def _show_face(self) -> bool:
        """Only for a bot without a picture: which one an operator gave it by BotFather is not ours to say.

        https://core.telegram.org/bots/api#inputprofilephotostatic: a JPEG, uploaded anew.
        """
        if (await self._bot.get_user_profile_photos(self._bot.id, limit=1)).total_count:
            return False
        face = BufferedInputFile(await asyncio.to_thread(FACE.read_bytes), FACE.name)
        await self._bot.set_my_profile_photo(InputProfilePhotoStatic(photo=face))
        return True
