"""What the handlers need to know of the settings."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from aiogram.types import User

from bot.telegram.wording import locale_of


@dataclass(frozen=True, slots=True)
class ChatRules:
    """Who may use the bot, in which language, for what, how often."""

    bot_id: int
    default_locale: str
    preset: str  # for a photo without words, unless the person has chosen another one
    max_image_mb: int
    daily_jobs: int = 20
    keep: timedelta = timedelta(days=30)
    allowed_ids: Collection[int] = ()
    admin_ids: Collection[int] = ()

    def allows(self, user: User | None) -> bool:
        """Whether this person may use the bot."""
        return not self.allowed_ids or (user is not None and user.id in {*self.allowed_ids, *self.admin_ids})

    def locale(self, user: User | None) -> str:
        """The language of this person's app, if it is one of ours."""
        return locale_of(user.language_code if user else None, self.default_locale)
