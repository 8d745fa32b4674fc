"""The hand on the emulator's controls: people, groups, faults, flood limits, the journal."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mock_server.telegram.actors import User
from mock_server.telegram.chats import Chat
from mock_server.telegram.config import FloodMode
from mock_server.telegram.errors import UserActionError
from mock_server.telegram.event_log import EventLog
from mock_server.telegram.faults import Fault, Faults
from mock_server.telegram.journal import CallRecord, DeliveryRecord, Journal
from mock_server.telegram.world import World

RestartBot = Callable[[float], None]
"""Stops the bot in an orderly way and starts it again after so many seconds; returns at once."""


class Control:
    """Everything outside the Bot API that can be done to one emulator."""

    def __init__(self, world: World, restart_bot: RestartBot | None = None) -> None:
        self._world, self._restart_bot = world, restart_bot
        self._users: dict[int, User] = {}

    @property
    def events(self) -> EventLog:
        """What happened, numbered; `await control.changed()` waits for more."""
        return self._world.events

    @property
    def journal(self) -> Journal:
        """Bot API calls and webhook deliveries."""
        return self._world.journal

    @property
    def faults(self) -> Faults:
        """The failures that wait for their call."""
        return self._world.faults

    @property
    def calls(self) -> Sequence[CallRecord]:
        """The Bot API calls so far, oldest first."""
        return list(self._world.journal.calls)

    @property
    def deliveries(self) -> Sequence[DeliveryRecord]:
        """The webhook deliveries so far, oldest first."""
        return list(self._world.journal.deliveries)

    @property
    def pending_updates(self) -> int:
        """How many updates the bot has not confirmed."""
        return len(self._world.updates)

    def add_user(
        self, first_name: str = "Anna", language_code: str = "en", *, user_id: int | None = None, username: str = ""
    ) -> User:
        """Create a person; their private chat with the bot has the same id."""
        person = self._world.book.add_person(first_name, language_code, user_id, username)
        user = User(self._world, person, self._world.book.chats[person.id])
        self._users[person.id] = user
        return user

    def user(self, user_id: int) -> User:
        """Give a person created before.

        Raises: LookupError when there is none.
        """
        return self._users[user_id]

    def users(self) -> list[User]:
        """Give all people."""
        return list(self._users.values())

    def add_group(self, title: str, members: Iterable[User], admins: Iterable[User] = ()) -> Chat:
        """Create a group of people and the bot; act in it through `user.in_chat(group)`."""
        return self._world.book.add_group(title, [user.id for user in members], [user.id for user in admins])

    def fail(self, method: str = "*", **fault: Any) -> Fault:
        """Arm a failure for the next calls of a method; the fields are those of Fault."""
        return self._world.faults.add(Fault(method=method, **fault))

    def set_flood(self, mode: FloodMode) -> None:
        """Switch flood limits: "off", "real" or "harsh"."""
        self._world.flood.mode = mode

    def set_group_privacy(self, *, is_on: bool) -> None:
        """Switch privacy mode: in groups the bot only gets what is meant for it."""
        self._world.group_privacy = is_on

    @property
    def can_restart_bot(self) -> bool:
        """Whether whoever started this emulator runs the bot too and lets it be restarted."""
        return self._restart_bot is not None

    def restart_bot(self, pause_s: float = 0.0) -> None:
        """Stop the bot in an orderly way and start it again after `pause_s` seconds; returns at once.

        Raises: UserActionError when the bot is run by somebody else.
        """
        if self._restart_bot is None:
            raise UserActionError("this emulator does not run the bot; restart it where it runs")
        self._restart_bot(pause_s)

    def deliver_again(self, update_id: int) -> None:
        """Deliver a recent update once more, as Telegram does when an answer gets lost.

        Raises: LookupError when it is unknown.
        """
        self._world.updates.add_again(update_id)

    async def changed(self, since: int | None = None) -> int:
        """Wait for the next event (or one after number `since`); give the newest number."""
        return await self._world.events.beyond(self._world.events.last if since is None else since)
