"""One prediction: what it was asked, how far it is, and the three JSON forms it is shown in."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from mock_server.replicate.models import Target
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.wire_format import timestamp

Status = Literal["starting", "processing", "succeeded", "failed", "canceled", "aborted"]
Event = Literal["start", "output", "logs", "completed"]

TERMINAL: frozenset[Status] = frozenset({"succeeded", "failed", "canceled", "aborted"})
EVENTS: tuple[Event, ...] = ("start", "output", "logs", "completed")
DEFAULT_EVENTS: frozenset[Event] = frozenset({"output", "completed"})
"""Without a filter: new outputs and the end.
https://replicate.com/docs/topics/webhooks/setup-webhook"""


@dataclass(eq=False, slots=True, kw_only=True)
class Subscription:
    """Where a prediction's webhooks go, and what has been sent."""

    url: str
    events: frozenset[Event] = DEFAULT_EVENTS
    shown_filter: list[str] | None = None
    last_sent_at: dict[Event, float] = field(default_factory=dict)
    previous: asyncio.Task[None] | None = None
    """The delivery before, which the next one waits for."""
    held_back: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Deliveries that an out-of-order scenario sends after the final one."""
    final_webhook_id: str | None = None
    final_tried: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after the first attempt at the final webhook, or when there will be none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A create call that passed every check."""

    target: Target
    model_input: dict[str, Any]
    scenario: Scenario
    origin: str
    """Scheme and host that its URLs start with."""
    subscription: Subscription | None = None
    cancel_after_s: int | None = None


@dataclass(eq=False, slots=True, kw_only=True)
class Prediction:
    """The life of one order. Only the engine changes it."""

    id: str
    order: Order
    seed: int
    created_at: float
    deadline: float | None = None
    status: Status = "starting"
    started_at: float | None = None
    completed_at: float | None = None
    output: str | list[str] | None = None
    error: str | None = None
    logs: str = ""
    metrics: dict[str, Any] | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    deadline_timer: asyncio.TimerHandle | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether its status can no longer change."""
        return self.status in TERMINAL

    def removed(self, now: float, retention_s: float) -> bool:
        """Whether its data are gone: Replicate keeps those of API predictions for an hour.

        https://replicate.com/docs/topics/predictions/data-retention
        """
        return self.completed_at is not None and now >= self.completed_at + retention_s

    def forget_data(self) -> None:
        """Lets go of input, output and logs; what remains is small."""
        self.order.model_input.clear()
        self.output, self.logs = None, ""


def prediction_json(prediction: Prediction, *, removed: bool = False) -> dict[str, Any]:
    """The prediction as GET, lists and webhooks show it."""
    order = prediction.order
    shown: dict[str, Any] = {
        "id": prediction.id,
        "model": order.target.model.full_name,
        "version": order.target.version,
        "input": {} if removed else order.model_input,
        "logs": "" if removed else prediction.logs,
        "output": None if removed else prediction.output,
        "data_removed": removed,
        "error": prediction.error,
        "source": "api",
        "status": prediction.status,
        "created_at": timestamp(prediction.created_at),
        "started_at": _moment(prediction.started_at),
        "completed_at": _moment(prediction.completed_at),
        "urls": _urls(prediction),
        "metrics": prediction.metrics,
    }
    return shown | _optional(prediction)


def created_json(prediction: Prediction) -> dict[str, Any]:
    """The prediction as a create call answers it: without the keys that have no value yet."""
    unset_yet = ("output", "started_at", "completed_at", "metrics")
    return {key: value for key, value in prediction_json(prediction).items() if key not in unset_yet}


def waited_json(prediction: Prediction, output: str | list[str] | None) -> dict[str, Any]:
    """The answer to `Prefer: wait` once outputs exist: still `processing`, `output` as handed in.

    Recorded answers carry the whole output while status, end and metrics lag behind.
    """
    shown = prediction_json(prediction) | {"output": output}
    if prediction.status != "succeeded":
        return shown
    shown["status"] = "processing"
    return {key: value for key, value in shown.items() if key not in ("completed_at", "metrics")}


def _urls(prediction: Prediction) -> dict[str, str]:
    origin, api = prediction.order.origin, f"{prediction.order.origin}/v1/predictions/{prediction.id}"
    return {"get": api, "cancel": f"{api}/cancel", "web": f"{origin}/p/{prediction.id}"}


def _optional(prediction: Prediction) -> dict[str, Any]:
    order, shown = prediction.order, dict[str, Any]()
    if prediction.deadline is not None:
        shown["deadline"] = timestamp(prediction.deadline)
    if order.target.deployment is not None:
        shown["deployment"] = order.target.deployment
    if order.subscription is not None:
        shown["webhook"] = order.subscription.url
        if order.subscription.shown_filter is not None:
            shown["webhook_events_filter"] = order.subscription.shown_filter
    return shown


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else timestamp(seconds)
