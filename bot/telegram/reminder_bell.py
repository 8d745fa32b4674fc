"""Tells people, when they have asked for it, that the day's photos are free again."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import ReplyParameters

from bot.jobs.errors import ChatGoneError, ChatMovedError, NotDoneError, OutcomeUnknownError
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.shared_state import ChoreLeases
from bot.telegram.api_errors import translated
from bot.telegram.wording import text
from storage.errors import RecordCorruptError, RecordTooNewError, StorageError
from storage.people import People
from storage.person import Person
from storage.reminders import Reminder, Reminders

LOOK_EVERY_S = 30.0
_TURN = 0.9  # of that, so that whoever looked last time is in time for the next
# Who could not be reached for so long has found out otherwise.
_STALE = timedelta(hours=12)

_log = structlog.get_logger()


class ReminderBell:
    """Of several processes one rings for all. A reminder that may have been seen is not said again."""

    def __init__(self, bot: Bot, reminders: Reminders, people: People, chores: ChoreLeases, clock: Clock) -> None:
        self._bot, self._reminders, self._people = bot, reminders, people
        self._chores, self._clock = chores, clock

    async def run(self) -> None:
        """Ring now and on a timer, until canceled."""
        while True:
            try:
                if await self._chores.take("reminders", LOOK_EVERY_S * _TURN):
                    await self.ring()
            except StorageError as error:
                _log.info("reminders_postponed", error=str(error))
            except Exception:  # noqa: BLE001 - whatever it was, the others want to be reminded too
                _log.exception("reminders_crashed")
            await asyncio.sleep(LOOK_EVERY_S)

    async def ring(self) -> None:
        """Tell everybody whose time has come. Raises `StorageError`."""
        now = self._clock.now()
        for key in await self._reminders.due(now):
            try:
                reminder = await self._reminders.load(key)
            except RecordTooNewError:
                continue  # a newer process tells it
            except RecordCorruptError as error:
                _log.warning("reminder_unreadable", error=str(error))
                reminder = None
            person = await self._person(reminder) if reminder else Person()
            # Before it is said: a process that dies, or a storage that goes away, must not have it said again. So
            # nothing of the storage's may stand between the two.
            await self._reminders.remove(key)
            if reminder and not await self._told(reminder, person) and now - reminder.due_at <= _STALE:
                await self._reminders.add(reminder)

    async def _person(self, reminder: Reminder) -> Person:
        try:
            return await self._people.load(reminder.user)
        except (RecordCorruptError, RecordTooNewError):
            return Person()

    async def _told(self, reminder: Reminder, person: Person) -> bool:
        """Whether there is nothing left to do about it."""
        if person.banned:
            return True
        quote = None
        if reminder.message_id is not None:
            quote = ReplyParameters(message_id=reminder.message_id, allow_sending_without_reply=True)
        try:
            with translated(repeatable=False):
                await self._bot.send_message(
                    reminder.chat_id,
                    text("reminder", person.locale or reminder.locale),
                    message_thread_id=reminder.thread_id,
                    reply_parameters=quote,
                )
        except NotDoneError as error:
            _log.info("reminder_not_sent", reason=error.code)
            return False
        except ChatMovedError as error:
            moved = replace(reminder, chat_id=error.chat_id, message_id=None, thread_id=None)
            return await self._told(moved, person)
        except (ChatGoneError, OutcomeUnknownError, AiogramError) as error:
            _log.info("reminder_dropped", reason=type(error).__name__)
            return True
        _log.info("reminder_sent", user=reminder.user)
        return True
