"""When a status message may be edited: seldom per chat, and over all chats so that results always go first.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this: about a message a second per chat, 20 a
minute in a group, 30 a second over all.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.jobs.memory import Memory
from bot.jobs.ports.clock import Clock

_PER_CHAT = timedelta(seconds=3)
_PER_GROUP = timedelta(seconds=5)
_SETTLES_IN = timedelta(seconds=3)
_CLOCK_STEP = timedelta(minutes=1)  # smaller ones are lived through
_KEPT_CHATS = 5_000
_KEPT_SECONDS = 600


@dataclass(slots=True)
class _Chat:
    pause: timedelta
    quiet_until: datetime
    """No edit before then."""
    turns: dict[str, datetime] = field(default_factory=dict)
    """When which job is to be edited."""


def edit_pause(chat_id: int | None) -> timedelta:
    """How long a chat is left alone after an edit. Groups have negative ids: https://core.telegram.org/bots/api#chat."""
    return _PER_GROUP if chat_id is not None and chat_id < 0 else _PER_CHAT


class EditPace:
    """Every job that has something new to show books a turn of its own, and keeps it until it was shown, or `keep`."""

    def __init__(self, clock: Clock, keep: timedelta, per_second: float) -> None:
        self._clock, self._keep, self._per_second = clock, keep, max(1, int(per_second))
        self._latest = clock.now()
        self._chats: Memory[int | str, _Chat] = Memory(clock, keep, _KEPT_CHATS)
        self._settled_at: Memory[str, datetime] = Memory(clock, keep)  # by job, for messages that are new
        self._booked: dict[int, int] = {}  # turns by second since the epoch

    def turn(self, job_id: str, chat_id: int | None, *, soon: bool = False) -> datetime:
        """When the job's message may be edited next; `soon` need not wait for a message to settle that is new."""
        self._keep_up()
        chat = self._chat(job_id, chat_id)
        if soon and job_id in self._settled_at:
            self._settled_at.pop(job_id)
            chat.turns.pop(job_id, None)
        booked = chat.turns.get(job_id)
        if booked is None or booked < chat.quiet_until:
            settled_at = self._settled_at.get(job_id) or chat.quiet_until
            booked = self._book(job_id, chat, max(self._clock.now(), chat.quiet_until, settled_at))
        return booked

    def announced(self, job_id: str) -> None:
        """Its message was sent just now. A job that is done in a moment shall not flicker."""
        self._settled_at.put(job_id, self._clock.now() + _SETTLES_IN)

    def edited(self, job_id: str, chat_id: int | None) -> None:
        """Its message is edited just now."""
        self._leave_alone(job_id, chat_id, timedelta())

    def refused(self, job_id: str, chat_id: int | None, retry_after_s: float) -> None:
        """Telegram did not take the edit, and wants the chat left alone for so long."""
        self._leave_alone(job_id, chat_id, max(_PER_GROUP, timedelta(seconds=retry_after_s)))

    def forget(self, job_id: str, chat_id: int | None) -> None:
        """It needs no turn any more; another job of its chat may have it."""
        self._settled_at.pop(job_id)
        if chat := self._chats.get(_key(job_id, chat_id)):
            chat.turns.pop(job_id, None)

    def _leave_alone(self, job_id: str, chat_id: int | None, at_least: timedelta) -> None:
        self.forget(job_id, chat_id)
        chat = self._chat(job_id, chat_id)
        chat.quiet_until = self._clock.now() + max(chat.pause, at_least)

    def _keep_up(self) -> None:
        """What was booked by a clock that was set back since then is worth nothing."""
        now = self._clock.now()
        if now < self._latest - _CLOCK_STEP:
            for booked in (self._chats, self._settled_at, self._booked):
                booked.clear()
        self._latest = now

    def _chat(self, job_id: str, chat_id: int | None) -> _Chat:
        key = _key(job_id, chat_id)
        return self._chats.put(key, self._chats.get(key) or self._new_chat(chat_id))

    def _new_chat(self, chat_id: int | None) -> _Chat:
        return _Chat(edit_pause(chat_id), self._clock.now())

    def _book(self, job_id: str, chat: _Chat, earliest: datetime) -> datetime:
        """The first moment from `earliest` on that is apart from the chat's other turns, in a second with a place."""
        missed = self._clock.now() - self._keep  # by jobs that ended elsewhere
        chat.turns = {job: at for job, at in chat.turns.items() if at > missed}
        for other in sorted(at for job, at in chat.turns.items() if job != job_id):
            if abs(other - earliest) < chat.pause:
                earliest = other + chat.pause
        second, past = int(earliest.timestamp()), int(self._clock.now().timestamp())
        while self._booked.get(second, 0) >= self._per_second:
            second += 1
        if len(self._booked) >= _KEPT_SECONDS:
            self._booked = {key: count for key, count in self._booked.items() if key >= past}
        self._booked[second] = self._booked.get(second, 0) + 1
        turn = chat.turns[job_id] = max(earliest, datetime.fromtimestamp(second, UTC))
        return turn


def _key(job_id: str, chat_id: int | None) -> int | str:
    """A job that came from no chat shares it with nobody."""
    return job_id if chat_id is None else chat_id
