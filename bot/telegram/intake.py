"""Updates, whichever way they come: pushed to the webhook, or asked for by long polling.

Telegram sends the updates of a chat one at a time and repeats one until it is accepted: an update that always failed
would block its chat for a day. So one that breaks our code is kept for the admin and counts as accepted; only one
that could not be recorded, or for which something that had to be asked was away, comes again.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NoReturn

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import TelegramMethod
from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

from bot.jobs.errors import NotDoneError
from bot.jobs.guards.meter import SILENT, Meter
from bot.jobs.ports.chat import Notifier
from bot.telegram.backlog import Backlog
from bot.telegram.raw_updates import chat_id_of
from bot.telegram.taken import Taken
from storage.errors import StorageError, StorageRefusedError, StorageUnavailableError
from storage.repository import JobRepository

_LONG_POLL_S = 30
POLL_AGAIN_S = 3.0
# How long what is new may wait for somebody else's update that takes its time.
LOOK_AGAIN_S = 1.0
_AT_ONCE = 40  # as many as by webhook
_MAX_UPDATE_ID = 2**63
# Anything else in an update would make the number of figures a stranger's choice.
_KINDS = frozenset(Update.model_fields) - {"update_id"}
# Time helps, or the operator does: the same update will be taken when it comes again.
_COMES_AGAIN = (StorageUnavailableError, StorageRefusedError, NotDoneError)
_TELEGRAM_AWAY = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter, ClientDecodeError)

_log = structlog.get_logger()


class GetRawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates without parsing: one update that aiogram cannot read must not hold up the others."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    timeout: int = _LONG_POLL_S
    allowed_updates: list[str] | None = None


class UpdateIntake:
    """Hands updates to the dispatcher."""

    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        repository: JobRepository,
        notifier: Notifier,
        meter: Meter = SILENT,
        apologize: Callable[[Mapping[str, Any]], None] = lambda _: None,
    ) -> None:
        self._apologize = apologize
        self._bot, self._dispatcher = bot, dispatcher
        self._repository, self._notifier, self._meter = repository, notifier, meter

    @property
    def update_types(self) -> list[str]:
        """The kinds of updates that there are handlers for."""
        return self._dispatcher.resolve_used_update_types()

    async def take(self, update: Mapping[str, Any]) -> None:
        """Return once the update is dealt with, or kept as poison.

        Raises:
            StorageUnavailableError, StorageRefusedError, NotDoneError: it could not be recorded; it must come again.
        """
        clear_contextvars()
        bind_contextvars(update_id=update.get("update_id"), chat_id=chat_id_of(update))
        _log.info("update_received", kinds=[key for key in update if key != "update_id"])
        outcome = "postponed"
        try:
            await self._feed(update)
            outcome = "taken"
        except _COMES_AGAIN:
            raise
        except _TELEGRAM_AWAY as error:  # who we are called has to be asked once
            raise NotDoneError("telegram_unreachable") from error
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not block the chat
            await self._keep(update, error)
            outcome = "poisoned"
        finally:
            self._meter.update_taken(next((key for key in update if key in _KINDS), "other"), outcome)

    async def poll(self) -> None:
        """Ask for updates until canceled; one counts as taken only once it and all before it are recorded."""
        async with asyncio.TaskGroup() as tasks:
            await self._poll_into(Backlog(self.take, tasks, at_once=_AT_ONCE))

    async def _poll_into(self, backlog: Backlog) -> NoReturn:
        trouble = ""
        while True:
            try:
                ask = GetRawUpdates(offset=backlog.offset, allowed_updates=self.update_types)
                updates: list[dict[str, Any]] = await self._bot(ask, request_timeout=_LONG_POLL_S + 15)
                backlog.add(updates)
                # While one is under way Telegram answers at once, with all from there on.
                await backlog.settle(LOOK_AGAIN_S)
                trouble = ""
            except (AiogramError, StorageError, NotDoneError) as error:
                if type(error).__name__ != trouble:  # not every three seconds while it lasts
                    trouble = type(error).__name__
                    _log.warning("polling_interrupted", error=trouble)
                await asyncio.sleep(POLL_AGAIN_S)
            except Exception:  # noqa: BLE001 - a bot that stops asking is deaf until somebody starts it again
                _log.exception("polling_crashed")
                await asyncio.sleep(POLL_AGAIN_S)

    async def _feed(self, update: Mapping[str, Any]) -> None:
        """Not `feed_raw_update`: that one logs every error with its traceback, and an unknown kind of update whole."""
        known = Update.model_validate(update, context={"bot": self._bot})
        try:
            _ = known.event_type
        except UpdateTypeLookupError:
            _log.info("update_ignored")
            return
        started, taken = perf_counter(), Taken()
        await self._dispatcher.feed_update(self._bot, known, taken=taken)
        if "job_id" not in get_contextvars():  # else the job's lines go on from here
            _log.info("update_taken", handler=taken.handler, ms=round((perf_counter() - started) * 1000, 1))

    async def _keep(self, update: Mapping[str, Any], error: Exception) -> None:
        update_id = update.get("update_id")
        ident = str(update_id) if isinstance(update_id, int) and 0 <= update_id <= _MAX_UPDATE_ID else "unknown"
        document = {"update": update, "traceback": traceback.format_exception(error)}
        key = await self._repository.keep_poison("updates", ident, document)
        # The traceback may quote the update, caption and all: it stays in the storage.
        _log.error("update_poisoned", error=type(error).__name__, key=key)
        self._apologize(update)
        await self._notifier.alert("update_poisoned", f"an update could not be handled: see {key}")
