"""One prediction: what it was asked and how far it is. `prediction_json` shows it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from mock_server.replicate.clock import Timer
from mock_server.replicate.latency import Phases
from mock_server.replicate.models.registry import Target
from mock_server.replicate.models.spec import OutputShape
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.streams import EventStream

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

    @property
    def shape(self) -> OutputShape:
        """The JSON type of the output: the scenario's, else the model's."""
        asked = self.scenario.output_as
        return self.target.model.output if asked is None else OutputShape(asked)


@dataclass(eq=False, slots=True, kw_only=True)
class Prediction:
    """The life of one order. Only the engine changes it."""

    id: str
    order: Order
    seed: int
    created_at: float
    phases: Phases
    """How long it is to take."""
    stream: EventStream
    deadline: float | None = None
    status: Status = "starting"
    started_at: float | None = None
    completed_at: float | None = None
    output: Any = None
    """Once there is one: a string, a list of strings, or an object of strings."""
    error: str | None = None
    revealed: int = 0
    """How many outputs are shown already."""
    logs: str = ""
    metrics: dict[str, Any] | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    timers: list[Timer] = field(default_factory=list)
    """What would end it from outside: its deadline, the limit of a run."""

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
        self.stream.forget()
