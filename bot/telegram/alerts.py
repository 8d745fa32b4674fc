"""Messages to the admins about what only they can mend: grouped by code, and not too many."""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.jobs.background import Background
from bot.jobs.ports import Clock

_ONCE_IN = timedelta(minutes=10)
_MAX_CHARS = 1000

_log = structlog.get_logger()


class AdminAlerts:
    """The same code goes out at most once in ten minutes; what was held back is counted in the next one."""

    def __init__(self, bot: Bot, admin_ids: Collection[int], clock: Clock, background: Background) -> None:
        self._bot, self._admin_ids, self._clock, self._background = bot, admin_ids, clock, background
        self._sent: dict[str, datetime] = {}
        self._held_back: dict[str, int] = {}

    async def send(self, code: str, text: str) -> None:
        """Returns at once: whoever has something to report is in the middle of something else."""
        now = self._clock.now()
        if now - self._sent.get(code, datetime.min.replace(tzinfo=now.tzinfo)) < _ONCE_IN:
            self._held_back[code] = self._held_back.get(code, 0) + 1
            return
        self._sent[code] = now
        held_back = self._held_back.pop(code, 0)
        body = f"⚠️ {text[:_MAX_CHARS]}" + (f"\n(and {held_back} more like this)" if held_back else "")
        self._background.spawn(self._tell_all(code, body), name=f"alert {code}")

    async def _tell_all(self, code: str, body: str) -> None:
        reached = [await self._tell(admin_id, code, body) for admin_id in self._admin_ids]
        if not any(reached):
            self._sent.pop(code, None)  # nobody knows yet, so the next one is no repetition

    async def _tell(self, admin_id: int, code: str, body: str) -> bool:
        try:
            await self._bot.send_message(admin_id, body)
        except AiogramError as error:
            _log.warning("alert_not_sent", admin_id=admin_id, code=code, error=type(error).__name__)
            return False
        return True
