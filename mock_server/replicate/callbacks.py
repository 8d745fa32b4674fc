"""Sends webhooks as Replicate does, and, when a scenario says so, as it should not.

Signed, in order, only the final one repeated, no redirects followed:
https://replicate.com/docs/topics/webhooks/receive-webhook
"""

import asyncio
import io
import json
import secrets
import time
from dataclasses import dataclass
from functools import partial
from itertools import count

import aiohttp
from yarl import URL

from mock_server.replicate.background import BackgroundTasks
from mock_server.replicate.clock import MockClock
from mock_server.replicate.config import MockReplicateConfig
from mock_server.replicate.journal import Delivery, Journal
from mock_server.replicate.prediction import Event, Prediction, Subscription
from mock_server.replicate.prediction_json import prediction_json
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.signing import sign, signing_key
from mock_server.replicate.wire_format import new_id

STALE_BY_S = 3600
MOST_ANSWER_BYTES = 64 * 1024
"""Read so that the connection can be used again; a longer answer closes it."""
THROTTLED: frozenset[Event] = frozenset({"output", "logs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One webhook: its body is the prediction at the moment of the event."""

    prediction_id: str
    event: Event
    subscription: Subscription
    scenario: Scenario
    webhook_id: str
    body: bytes

    @property
    def is_final(self) -> bool:
        """Whether it is the one that is repeated."""
        return self.event == "completed"


class CallbackSender:
    """Turns events of predictions into deliveries."""

    def __init__(
        self,
        config: MockReplicateConfig,
        clock: MockClock,
        session: aiohttp.ClientSession,
        tasks: BackgroundTasks,
        journal: Journal,
    ) -> None:
        """Collaborators; nothing is sent yet."""
        self._config = config
        self._clock = clock
        self._session = session
        self._tasks = tasks
        self._journal = journal
        self._key = signing_key(config.webhook_secret)
        self._foreign_key = secrets.token_bytes(32)
        self._timeout = aiohttp.ClientTimeout(total=config.webhook_timeout_s)

    def notify(self, prediction: Prediction, event: Event) -> None:
        """Sends the event soon, if it was asked for and is not throttled."""
        subscription, scenario = prediction.order.subscription, prediction.order.scenario
        if subscription is None or self._is_throttled(subscription, event):
            return
        silent = prediction.status == "aborted" and not scenario.webhook_on_aborted
        if silent or event not in subscription.events:
            if event == "completed":
                subscription.final_tried.set()
            return
        message = self._message(prediction, subscription, event, new_id())
        if scenario.webhook_lost:
            self._record(message, 0, None, "lost on purpose")
            if message.is_final:
                subscription.final_tried.set()
        elif scenario.webhook_out_of_order and not message.is_final:
            subscription.held_back.append(partial(self._send, message))
        else:
            work = self._deliver(message, subscription.previous)
            subscription.previous = self._tasks.start(work, f"webhook {event} {prediction.id}")

    def resend(self, prediction: Prediction) -> bool:
        """Sends the final webhook once more under the same webhook-id; False when there never was one."""
        subscription = prediction.order.subscription
        if subscription is None or subscription.final_webhook_id is None:
            return False
        message = self._message(prediction, subscription, "completed", subscription.final_webhook_id)
        self._tasks.start(self._send(message), f"webhook again {prediction.id}")
        return True

    def _message(self, prediction: Prediction, subscription: Subscription, event: Event, webhook_id: str) -> Message:
        if event == "completed":
            subscription.final_webhook_id = webhook_id
        return Message(
            prediction_id=prediction.id,
            event=event,
            subscription=subscription,
            scenario=prediction.order.scenario,
            webhook_id=webhook_id,
            body=json.dumps(prediction_json(prediction), separators=(",", ":")).encode(),
        )

    def _is_throttled(self, subscription: Subscription, event: Event) -> bool:
        if event not in THROTTLED:
            return False
        now = self._clock.monotonic()
        last = subscription.last_sent_at.get(event)
        if last is not None and now - last < self._config.webhook_throttle_s:
            return True
        subscription.last_sent_at[event] = now
        return False

    async def _deliver(self, message: Message, previous: asyncio.Task[None] | None) -> None:
        if message.scenario.webhook_delay_s:
            await self._clock.sleep(message.scenario.webhook_delay_s)
        if previous is not None and not previous.done():
            await asyncio.wait({previous})
        await self._send(message)
        if message.is_final:
            for send in reversed(message.subscription.held_back):
                await send()

    async def _send(self, message: Message) -> None:
        copies = message.scenario.webhook_copies
        await asyncio.gather(*(self._send_until_accepted(message) for _ in range(copies)))

    async def _send_until_accepted(self, message: Message) -> None:
        now = self._clock.monotonic
        give_up_at, pause = now() + self._config.webhook_give_up_s, self._config.webhook_retry_base_s
        for attempt in count(1):
            accepted = await self._attempt(message, attempt)
            if message.is_final:
                message.subscription.final_tried.set()
            left = give_up_at - now()
            if accepted or not message.is_final or left <= 0:
                return
            await self._clock.sleep(min(pause, left))
            pause *= 2

    async def _attempt(self, message: Message, number: int) -> bool:
        url = URL(message.subscription.url, encoded=True)
        headers = {"Content-Type": "application/json", "User-Agent": "Replicate/1.0 (mock)"}
        headers |= self._signature_headers(message)
        status: int | None = None
        error: str | None = None
        begun = time.monotonic()
        try:
            # As a file: aiohttp does not like to send more than a megabyte of bytes in one piece.
            async with self._session.post(
                url, data=io.BytesIO(message.body), headers=headers, allow_redirects=False, timeout=self._timeout
            ) as answer:
                status = answer.status
                await answer.content.read(MOST_ANSWER_BYTES)
        except (aiohttp.ClientError, TimeoutError) as failure:
            error = type(failure).__name__
        self._record(message, number, status, error, time.monotonic() - begun)
        return status is not None and status < 400

    def _signature_headers(self, message: Message) -> dict[str, str]:
        kind, timestamp = message.scenario.webhook_signature, int(self._clock())
        if kind == "missing":
            return {}
        if kind == "stale":
            timestamp -= STALE_BY_S
        key = self._foreign_key if kind == "foreign" else self._key
        signature = sign(key, message.webhook_id, timestamp, message.body)
        if kind == "broken":
            swapped = "A" if signature[3] != "A" else "B"
            signature = f"v1,{swapped}{signature[4:]}"
        return {
            "webhook-id": message.webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature,
        }

    def _record(
        self, message: Message, attempt: int, status: int | None, error: str | None, took_s: float = 0.0
    ) -> None:
        self._journal.deliveries.append(
            Delivery(
                at=self._clock(),
                prediction_id=message.prediction_id,
                event=message.event,
                url=message.subscription.url,
                webhook_id=message.webhook_id,
                attempt=attempt,
                signature=message.scenario.webhook_signature,
                status=status,
                error=error,
                took_s=took_s,
            )
        )
