"""The same wish twice within seconds: a finger that slipped, not two wishes.

Telegram hands a chat's messages, and a person's presses, over one after the other: the second comes when the first is
on record. But it may come to another process, so where several share the work they tell each other.
"""

import hashlib
from collections import OrderedDict

from aiogram.types import CallbackQuery

from bot.jobs.ports.clock import Clock
from bot.jobs.ports.shared_state import Notes

_WITHIN_S = 10.0
_PRESSED_WITHIN_S = 3.0  # who presses again after a while wants another one
_FIRST = "first"


class DoubleTaps:
    """Remembers the wishes of the last seconds. Nothing is lost when the others cannot be asked, but their memory."""

    def __init__(self, notes: Notes, clock: Clock) -> None:
        self._notes, self._clock = notes, clock
        self._latest: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def before(self, ident: str, *wish: object, within_s: float = _WITHIN_S) -> str | None:
        """The other job, or press, that is for the same wish and just a few seconds old, if there is one.

        The same one again is a delivery that is repeated, which is another matter.
        """
        known, at = await self._known(_key_of(wish)) or (ident, 0.0)
        return known if known != ident and self._clock.now().timestamp() - at < within_s else None

    async def note(self, ident: str, *wish: object) -> None:
        """From now on this one is the first for this wish."""
        key, now = _key_of(wish), self._clock.now().timestamp()
        self._latest[key] = (ident, now)
        self._latest.move_to_end(key)
        while next(iter(self._latest.values()))[1] < now - _WITHIN_S:
            self._latest.popitem(last=False)
        await self._notes.put(key, _FIRST, f"{now} {ident}")

    async def first_press(self, query: CallbackQuery) -> str:
        """The id of this press, or of the one on the same button that it only repeats."""
        where = (query.message.chat.id, query.message.message_id) if query.message else query.inline_message_id
        wish = ("press", query.from_user.id, where, query.data)
        first = await self.before(query.id, *wish, within_s=_PRESSED_WITHIN_S)
        if first is None:
            await self.note(query.id, *wish)
        return first or query.id

    async def _known(self, key: str) -> tuple[str, float] | None:
        told = await self._notes.of(key)
        if told is None:
            return self._latest.get(key)
        at, _, ident = told.get(_FIRST, "0 ").partition(" ")
        return (ident, float(at)) if ident else None


def _key_of(wish: tuple[object, ...]) -> str:
    """Words of people are in it, and have no place in the name of anything."""
    return "tap/" + hashlib.sha256(repr(wish).encode()).hexdigest()[:32]
