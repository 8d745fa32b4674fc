"""Messages to the admins about what only they can mend: grouped by code, and not too many."""

import asyncio
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.jobs.background import Background
from bot.jobs.ports.clock import Clock

_WINDOW = timedelta(minutes=10)
# Of different codes; when everything breaks at once, nobody reads thirty messages.
_MAX_IN_WINDOW = 6
_MAX_CHARS = 1000

_log = structlog.get_logger()


class AdminAlerts:
    """The same code goes out at most once in ten minutes, and few of them in all; what was held back is counted, and
    told together when the ten minutes are over.
    """

    def __init__(self, bot: Bot, admin_ids: Collection[int], clock: Clock, background: Background) -> None:
        self._bot, self._admin_ids, self._clock, self._background = bot, admin_ids, clock, background
        self._sent: dict[str, datetime] = {}
        self._held_back: Counter[str] = Counter()
        self._holding = asyncio.Event()

    async def send(self, code: str, text: str) -> None:
        """Returns at once: whoever has something to report is in the middle of something else."""
        now = self._clock.now()
        self._sent = {known: at for known, at in self._sent.items() if now - at < _WINDOW}
        if code in self._sent or len(self._sent) >= _MAX_IN_WINDOW:
            self._held_back[code] += 1
            self._holding.set()
            return
        self._sent[code] = now
        words = f"⚠️ {text[:_MAX_CHARS]}{self._more(code)}"
        self._background.spawn(self._tell_all(code, words), name=f"alert {code}")

    async def run(self) -> None:
        """Tell what was held back, until canceled."""
        while True:
            await self._holding.wait()
            await asyncio.sleep(_WINDOW.total_seconds())
            await self.tell_held_back()

    async def tell_held_back(self) -> None:
        """One message for all of it."""
        self._holding.clear()
        held, self._held_back = self._held_back, Counter()
        if held:
            lines = [f"{code}: {count}" for code, count in held.most_common()]
            await self._tell("⚠️ And meanwhile:\n" + "\n".join(lines)[:_MAX_CHARS])

    def _more(self, code: str) -> str:
        held_back = self._held_back.pop(code, 0)
        return f"\n(and {held_back} more like this)" if held_back else ""

    async def _tell_all(self, code: str, words: str) -> None:
        if not await self._tell(words):
            self._sent.pop(code, None)  # nobody knows yet, so the next one is no repetition

    async def _tell(self, words: str) -> bool:
        """Whether anybody was reached."""
        return any([await self._reaches(admin_id, words) for admin_id in self._admin_ids])

    async def _reaches(self, admin_id: int, words: str) -> bool:
        try:
            await self._bot.send_message(admin_id, words)
        except AiogramError as error:
            _log.warning("alert_not_sent", admin_id=admin_id, error=type(error).__name__)
            return False
        return True
