"""Updates on their way to the bot: one ordered lane per chat, kept until delivered or expired.

The rules are those of the official server, https://github.com/tdlib/telegram-bot-api (Client.cpp).
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mock_server.telegram.event_log import Bell

MESSAGE_LIFETIME_S = 24 * 3600
CALLBACK_LIFETIME_S = 150

# Not sent unless asked for. https://core.telegram.org/bots/api#setwebhook
_OPT_IN_KINDS = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_EPOCH_OF_IDS = 1_704_067_200  # 2024
_RECENT = 1000  # how many updates can be delivered again

Lane = tuple[str, int]
"""Updates of one lane are delivered one after another: messages of a chat, button presses of a person, ..."""


@dataclass(frozen=True)
class PendingUpdate:
    """An update that the bot has not confirmed yet. `expires_at` in seconds since 1970."""

    update_id: int
    kind: str
    lane: Lane
    body: dict[str, Any]
    expires_at: float


class UpdateQueue:
    """All updates that wait. Ids grow from the time of the start, so that two runs share none."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ids = itertools.count(max(1, int(clock()) - _EPOCH_OF_IDS))
        self._updates: dict[int, PendingUpdate] = {}
        self._lanes: dict[Lane, deque[PendingUpdate]] = {}
        self._recent: deque[PendingUpdate] = deque(maxlen=_RECENT)
        self._subscribers: list[Callable[[PendingUpdate], None]] = []
        self._confirmed: list[Callable[[PendingUpdate], None]] = []
        self.allowed: frozenset[str] | None = None
        self.bell = Bell()

    def subscribe(self, on_added: Callable[[PendingUpdate], None]) -> None:
        """Have `on_added` called with every new update."""
        self._subscribers.append(on_added)

    def subscribe_confirmed(self, on_confirmed: Callable[[PendingUpdate], None]) -> None:
        """Have `on_confirmed` called with every update that the bot has confirmed."""
        self._confirmed.append(on_confirmed)

    def allow(self, kinds: Iterable[str]) -> None:
        """Filter from now on by `allowed_updates`; an empty list means the default kinds."""
        self.allowed = frozenset(kinds) or None

    def add(self, kind: str, lane: Lane, body: dict[str, Any], lifetime_s: float = MESSAGE_LIFETIME_S) -> int | None:
        """Queue an update; give its id, or None when `allowed_updates` leaves this kind out."""
        if kind not in self.allowed if self.allowed is not None else kind in _OPT_IN_KINDS:
            return None
        update_id = next(self._ids)
        update = PendingUpdate(update_id, kind, lane, {"update_id": update_id, kind: body}, self._clock() + lifetime_s)
        self._recent.append(update)
        self._enqueue(update)
        return update_id

    def add_again(self, update_id: int) -> None:
        """Queue a recent update once more under the same id, as Telegram does when a 200 gets lost.

        Raises: LookupError when it is unknown or forgotten.
        """
        update = next((recent for recent in self._recent if recent.update_id == update_id), None)
        if update is None:
            raise LookupError(f"no recent update {update_id}")
        if update_id not in self._updates:
            self._enqueue(update)

    def _enqueue(self, update: PendingUpdate) -> None:
        self._updates[update.update_id] = update
        self._lanes.setdefault(update.lane, deque()).append(update)
        self.bell.ring()
        for on_added in self._subscribers:
            on_added(update)

    def __len__(self) -> int:
        """Give how many updates wait."""
        self._drop_expired()
        return len(self._updates)

    def lanes(self) -> list[Lane]:
        """Give the lanes in which updates wait."""
        return list(self._lanes)

    def head(self, lane: Lane) -> PendingUpdate | None:
        """Give the oldest update of a lane that has not expired; expired ones are dropped."""
        while waiting := self._lanes.get(lane):
            if waiting[0].expires_at > self._clock():
                return waiting[0]
            self.remove(waiting[0])
        return None

    def confirm(self, update: PendingUpdate) -> None:
        """Forget an update that the bot has."""
        self.remove(update)
        for on_confirmed in self._confirmed:
            on_confirmed(update)

    def remove(self, update: PendingUpdate) -> None:
        """Forget an update: it was delivered or has expired."""
        self._updates.pop(update.update_id, None)
        waiting = self._lanes.get(update.lane)
        if waiting and update in waiting:
            waiting.remove(update)
            if not waiting:
                del self._lanes[update.lane]

    def confirm_before(self, update_id: int) -> None:
        """Confirm every update with a smaller id; a negative number keeps that many from the end."""
        known = sorted(self._updates)
        if update_id < 0:
            update_id = known[update_id] if len(known) >= -update_id else 0
        for older in (number for number in known if number < update_id):
            self.confirm(self._updates[older])

    def waiting(self, limit: int) -> list[dict[str, Any]]:
        """Give the oldest updates as JSON."""
        self._drop_expired()
        oldest = itertools.islice(sorted(self._updates), limit)
        return [self._updates[number].body for number in oldest]

    def clear(self) -> None:
        """Forget everything that waits."""
        self._updates.clear()
        self._lanes.clear()

    def _drop_expired(self) -> None:
        now = self._clock()
        for update in [u for u in self._updates.values() if u.expires_at <= now]:
            self.remove(update)
