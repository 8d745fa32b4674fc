"""Delivery of updates to the bot's webhook, as patient and as strict as the official server.

https://github.com/tdlib/telegram-bot-api (WebhookActor.cpp). One chat's updates go one after another, chats in
parallel. Not imitated: the slow ramp of connections after an outage, removal after a day of HTTP 410, TLS and port
rules.
"""

import asyncio
import logging
import os
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from mock_server.telegram.config import TelegramEmulatorConfig
from mock_server.telegram.delivery import Lane, PendingUpdate, UpdateQueue
from mock_server.telegram.errors import BotApiError, ConnectionDroppedError
from mock_server.telegram.journal import Journal
from mock_server.telegram.params import CallParams, read_params

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
MAX_RETRY_AFTER_S = 3600
DEFAULT_MAX_CONNECTIONS = 40
_LONGEST_BACKOFF_S = (60, 120)

_log = logging.getLogger(__name__)

ReplyExecutor = Callable[[str, CallParams], Awaitable[None]]


@dataclass(frozen=True)
class WebhookSettings:
    """What setWebhook was told."""

    url: str
    secret_token: str = ""
    max_connections: int = DEFAULT_MAX_CONNECTIONS


@dataclass(frozen=True)
class _Outcome:
    status: int | None
    error: str | None
    retry_after_s: float | None = None
    reply: CallParams | None = None

    @property
    def delivered(self) -> bool:
        return self.error is None


def backoff_s(failures: int) -> float:
    """Give the seconds to wait after that many failures in a row: 0, 2, 4, 8, ... up to a random 60-120."""
    if failures <= 1:
        return 0.0
    cap = random.uniform(*_LONGEST_BACKOFF_S)  # noqa: S311 - jitter
    return min(float(2 ** (failures - 1)), cap) if failures < 10 else cap


class WebhookDelivery:
    """Drains the queue into the webhook while one is set."""

    def __init__(
        self, config: TelegramEmulatorConfig, queue: UpdateQueue, journal: Journal, execute: ReplyExecutor
    ) -> None:
        self._config, self._queue, self._journal, self._execute = config, queue, journal, execute
        self.settings: WebhookSettings | None = None
        self.last_error_date: int | None = None
        self.last_error_message = ""
        self._lanes: dict[Lane, asyncio.Task[None]] = {}
        self._connections = asyncio.Semaphore(DEFAULT_MAX_CONNECTIONS)
        self._session: aiohttp.ClientSession | None = None
        queue.subscribe(lambda update: self._start(update.lane))

    async def set(self, settings: WebhookSettings) -> bool:
        """Deliver to this webhook from now on; False when it is set exactly so already."""
        if settings == self.settings:
            return False
        await self.remove()
        self.settings = settings
        self.last_error_date, self.last_error_message = None, ""
        self._connections = asyncio.Semaphore(settings.max_connections)
        for lane in self._queue.lanes():
            self._start(lane)
        return True

    async def remove(self) -> bool:
        """Stop delivering; updates wait on. False when no webhook was set."""
        was_set, self.settings = self.settings is not None, None
        tasks = list(self._lanes.values())
        self._lanes.clear()
        current = asyncio.current_task()
        for task in tasks:
            if task is not current:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not current), return_exceptions=True)
        return was_set

    async def close(self) -> None:
        """Stop delivering and close all connections."""
        await self.remove()
        if self._session is not None:
            await self._session.close()

    def _start(self, lane: Lane) -> None:
        if self.settings is None or lane in self._lanes:
            return
        task = asyncio.get_running_loop().create_task(self._drain(lane, self.settings))
        self._lanes[lane] = task
        task.add_done_callback(lambda done: self._finished(lane, done))

    def _finished(self, lane: Lane, task: asyncio.Task[None]) -> None:
        if self._lanes.get(lane) is task:
            del self._lanes[lane]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("webhook_delivery_failed", exc_info=error)
        elif not task.cancelled() and self._queue.head(lane) is not None:
            self._start(lane)

    async def _drain(self, lane: Lane, settings: WebhookSettings) -> None:
        failures, tried_id = 0, 0
        while (update := self._queue.head(lane)) is not None:
            if update.update_id != tried_id:
                failures, tried_id = 0, update.update_id
            async with self._connections:
                outcome, took_ms = await self._timed_post(update, settings)
            attempt = failures + 1
            failures = 0 if outcome.delivered else attempt
            wait_s = None if outcome.delivered else self._wait_s(outcome, failures)
            if outcome.delivered:
                self._queue.confirm(update)
            else:
                self.last_error_date, self.last_error_message = int(self._config.clock()), outcome.error or ""
            self._record(update, outcome, attempt, took_ms, wait_s)
            if outcome.reply is not None:
                await self._execute_reply(outcome.reply)
            if wait_s is not None:
                await asyncio.sleep(wait_s * self._config.retry_delay_scale)

    def _record(
        self, update: PendingUpdate, outcome: _Outcome, attempt: int, took_ms: float, wait_s: float | None
    ) -> None:
        self._journal.record_delivery(
            update.body,
            attempt=attempt,
            status=outcome.status,
            error=outcome.error,
            took_ms=took_ms,
            retry_in_s=wait_s,
            replied_method=outcome.reply.string("method") if outcome.reply is not None else None,
        )

    @staticmethod
    def _wait_s(outcome: _Outcome, failures: int) -> float:
        return outcome.retry_after_s if outcome.retry_after_s is not None else backoff_s(failures)

    async def _timed_post(self, update: PendingUpdate, settings: WebhookSettings) -> tuple[_Outcome, float]:
        started = time.perf_counter()
        try:
            outcome = await self._post(update.body, settings)
        except TimeoutError:
            outcome = _Outcome(None, "Read timeout expired")
        except aiohttp.ClientConnectorError as error:
            reason = os.strerror(error.os_error.errno) if error.os_error.errno else "Can't connect to the webhook"
            outcome = _Outcome(None, reason)
        except aiohttp.ClientError:
            outcome = _Outcome(None, "Connection closed")
        except BotApiError as error:
            outcome = _Outcome(200, None)
            _log.warning("webhook_reply_unreadable", extra={"reason": error.description})
        return outcome, (time.perf_counter() - started) * 1000

    async def _post(self, body: dict[str, Any], settings: WebhookSettings) -> _Outcome:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._config.webhook_timeout_s)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        headers = {SECRET_HEADER: settings.secret_token} if settings.secret_token else {}
        async with self._session.post(settings.url, json=body, headers=headers, allow_redirects=False) as response:
            if not 200 <= response.status < 300:
                error = f"Wrong response from the webhook: {response.status} {response.reason}"
                return _Outcome(response.status, error, _retry_after_s(response.headers.get("Retry-After")))
            reply = await read_params({}, response.headers, response.content)
            return _Outcome(response.status, None, reply=reply if reply.string("method") else None)

    async def _execute_reply(self, reply: CallParams) -> None:
        try:
            await self._execute(reply.string("method"), reply)
        except (BotApiError, ConnectionDroppedError):
            # The bot never learns how a call in a webhook's answer went; the journal has it.
            return


def _retry_after_s(header: str | None) -> float | None:
    if header is None or not header.strip().isdecimal():
        return None
    return float(min(int(header), MAX_RETRY_AFTER_S)) or None  # 0 is no wish: the usual back-off holds
