"""Updates that were asked for and are not confirmed yet: taken in order within a chat, and side by side else.

Telegram's webhook does the same, https://github.com/tdlib/telegram-bot-api (`WebhookActor.cpp`): the messages of a chat
come one after the other, and so do a person's presses, but nobody waits for what somebody else has asked for.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Any

Update = Mapping[str, Any]
Lane = tuple[str, object]


class _State(Enum):
    UNDER_WAY = auto()
    TAKEN = auto()
    AGAIN = auto()  # it has to come again, or waits behind one that has to


class Backlog:
    """Runs `take` for each update, at most `at_once` together. Whoever confirms only what is below `offset` loses none.

    An update comes again as long as it is not confirmed; one that is known then is not taken a second time. Of a lane
    in which one could not be taken all that follow come again too.
    """

    def __init__(self, take: Callable[[Update], Awaitable[None]], tasks: asyncio.TaskGroup, *, at_once: int) -> None:
        self._take, self._tasks, self._gate = take, tasks, asyncio.Semaphore(at_once)
        self._states: dict[int, _State] = {}
        self._lanes: dict[Lane, deque[Update]] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._errors: list[Exception] = []
        self._last: int | None = None

    @property
    def offset(self) -> int | None:
        """The first update that is not taken: all below may be confirmed. None before the first update."""
        open_ones = [update_id for update_id, state in self._states.items() if state is not _State.TAKEN]
        return min(open_ones) if open_ones else None if self._last is None else self._last + 1

    def add(self, updates: Sequence[Update]) -> None:
        """Begin with those that are new, or have come again because they had to: what Telegram has from `offset` on.

        One that had to come again and has not is no more: a press is kept for 150 s only.
        """
        offset, here = self.offset or 0, {update["update_id"] for update in updates}
        self._states = {
            update_id: state
            for update_id, state in self._states.items()
            if update_id >= offset and (state is not _State.AGAIN or update_id in here)
        }
        if updates and not self._states:
            self._last = None  # after a quiet week ids begin anew, perhaps with a smaller one
        for update in updates:
            update_id = update["update_id"]
            if self._states.get(update_id, _State.AGAIN) is _State.AGAIN:
                self._states[update_id] = _State.UNDER_WAY
                self._last = max(update_id, self._last or update_id)
                self._line_up(update)

    async def settle(self, within_s: float) -> None:
        """Wait for everything that is under way, but no longer than this.

        Raises:
            Exception: the first that was raised by `take` since the last call.
        """
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within_s)
        errors, self._errors = self._errors, []
        if errors:
            raise errors[0]

    def _line_up(self, update: Update) -> None:
        lane = _lane_of(update)
        if lane in self._lanes:
            self._lanes[lane].append(update)
            return
        self._lanes[lane] = deque([update])
        task = self._tasks.create_task(self._run(lane))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _run(self, lane: Lane) -> None:
        waiting = self._lanes[lane]
        try:
            while waiting:
                async with self._gate:
                    await self._take(waiting[0])
                self._states[waiting.popleft()["update_id"]] = _State.TAKEN
        except Exception as error:  # noqa: BLE001 - `settle` raises it; the other lanes go on
            self._errors.append(error)
            self._states.update((update["update_id"], _State.AGAIN) for update in waiting)
        finally:
            del self._lanes[lane]


def _lane_of(update: Update) -> Lane:
    """The chat, or for a press the person; an update that cannot be read is in a lane with all of its kind."""
    kind = next((key for key in update if key != "update_id"), "")
    event = update.get(kind)
    party = event.get("from" if kind == "callback_query" else "chat") if isinstance(event, Mapping) else None
    ident = party.get("id") if isinstance(party, Mapping) else None
    if not isinstance(ident, int):
        return kind, None
    return ("press" if kind == "callback_query" else "chat"), ident
