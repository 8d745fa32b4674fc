"""What went over the wire, both ways, without secrets: Bot API calls and webhook deliveries."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mock_server.telegram.event_log import EventLog
from mock_server.telegram.params import CallParams

_KEEP = 2000
_SECRET_PARAMS = frozenset({"secret_token", "certificate", "provider_token"})
_HIDDEN = "***"


@dataclass(frozen=True)
class CallRecord:
    """One Bot API call. `at` in seconds since 1970, `took_ms` includes injected delays; status 0: no answer."""

    seq: int
    at: float
    method: str
    params: dict[str, Any]
    status: int
    result: Any
    took_ms: float
    via: str
    fault: str | None = None

    @property
    def chat_id(self) -> int | None:
        """The chat the call was about, if it names one by number."""
        value = str(self.params.get("chat_id", ""))
        return int(value) if value.removeprefix("-").isdecimal() else None


@dataclass(frozen=True)
class DeliveryRecord:
    """One attempt to hand an update to the webhook. `status` is None when no answer came; then `error` says why."""

    seq: int
    at: float
    update: dict[str, Any]
    attempt: int
    status: int | None
    error: str | None
    took_ms: float
    retry_in_s: float | None
    replied_method: str | None = None

    @property
    def update_id(self) -> int:
        """The id of the update."""
        return int(self.update["update_id"])


class Journal:
    """Bounded lists of calls and deliveries; numbered together, oldest forgotten first."""

    def __init__(self, bot_token: str, clock: Callable[[], float], events: EventLog) -> None:
        self._token, self._clock, self._events = bot_token, clock, events
        self.calls: deque[CallRecord] = deque(maxlen=_KEEP)
        self.deliveries: deque[DeliveryRecord] = deque(maxlen=_KEEP)
        self._seq = 0

    def record_call(self, method: str, params: CallParams, **facts: Any) -> None:
        """Write a Bot API call down."""
        record = CallRecord(self._next(), self._clock(), method, self._redacted(params), **facts)
        self.calls.append(record)
        self._events.publish("call", call_seq=record.seq, method=method, status=record.status, chat_id=record.chat_id)

    def record_delivery(self, update: dict[str, Any], **facts: Any) -> None:
        """Write an attempt to deliver an update down."""
        record = DeliveryRecord(self._next(), self._clock(), update, **facts)
        self.deliveries.append(record)
        self._events.publish("delivery", delivery_seq=record.seq, update_id=record.update_id, status=record.status)

    def calls_of(self, method: str) -> list[CallRecord]:
        """Give the calls of one method, oldest first; upper and lower case do not matter."""
        return [record for record in self.calls if record.method.lower() == method.lower()]

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _redacted(self, params: CallParams) -> dict[str, Any]:
        shown = {
            name: _HIDDEN if name in _SECRET_PARAMS else self._hide(value) for name, value in params.values.items()
        }
        files = {name: f"<{file.name}, {len(file.data)} bytes>" for name, file in params.files.items()}
        return shown | files

    def _hide(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(self._token, _HIDDEN)
        if isinstance(value, list):
            return [self._hide(one) for one in value]
        return {key: self._hide(one) for key, one in value.items()} if isinstance(value, dict) else value
