"""What the product may ask of Replicate, whoever answers: the real API, the mock, or a recording fake.

Imports nothing heavy, so that use cases can name these types without loading the official client.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from replicate_gateway.models import ModelReference
from replicate_gateway.prediction import Prediction

# A create call is over after so long, whatever happens: its outcome is told, or unknown. Who wants to know whether a
# call that somebody else began may still make a prediction counts on it.
CREATE_S = 45.0
# Longer than this no answer is had held back; that much a create call takes longer.
MAX_WAIT_S = 15


@dataclass(frozen=True, slots=True)
class PredictionRequest:
    """One run to be paid for."""

    model: ModelReference
    input: Mapping[str, Any]
    webhook: str | None = None
    """Where callbacks go; its query comes back untouched. None: no callbacks."""
    webhook_events: tuple[str, ...] = ()
    """Of start, output, logs, completed; empty means Replicate's default (output and completed)."""
    cancel_after_s: int | None = None
    """Replicate gives up this long after creation (5 s at least): `aborted` if it never started, else `canceled`."""
    wait_s: int | None = None
    """Have the answer held back this long (1..`MAX_WAIT_S`) for a result; None answers at once. It may still be
    unfinished."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token it is."""

    username: str
    type: str
    """user or organization."""


@dataclass(frozen=True, slots=True)
class InputField:
    """One input of a model; `type` is JSON Schema's word, or `enum`, or `any`."""

    name: str
    type: str
    required: bool = False
    choices: tuple[str | int | float, ...] = ()
    """The only values it takes; empty where it takes others too."""
    minimum: float | None = None
    maximum: float | None = None
    """Both inclusive."""


class StreamEventKind(StrEnum):
    """What a stream tells of. https://replicate.com/docs/topics/predictions/streaming."""

    OUTPUT = "output"
    LOGS = "logs"
    ERROR = "error"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of a prediction's stream: the next piece of its text or its logs, or how it ended."""

    kind: StreamEventKind
    data: str
    id: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Predictions, newest first; `complete` if there are no more of them."""

    predictions: Sequence[Prediction]
    complete: bool


class ReplicateGateway(Protocol):
    """Replicate for one account. Every call ends within a bounded time and raises GatewayError only.

    Everything but `create` is safe to repeat and is repeated inside a few times within that time.
    All calls may raise GatewayBusyError, GatewayUnreachableError, CredentialsRefusedError, CreditExhaustedError
    and GatewayProtocolError; all but the POST of `create` GatewayUnavailableError.
    """

    async def create(self, request: PredictionRequest) -> Prediction:
        """A new prediction. Sent once, never repeated inside, and over within `CREATE_S` and `request.wait_s` seconds.

        OutcomeUnknownError is the one error after which a prediction may exist; every other one means that none
        was created. A cancelled call leaves the outcome unknown too.

        Raises:
            OutcomeUnknownError: sent, but no usable answer came.
            PredictionRejectedError: the model does not take this input.
            PayloadTooLargeError: the input is too large.
            ModelNotFoundError: no such model, version or deployment.
            GatewayUnavailableError: the model's latest version could not be looked up.
        """
        ...

    async def get(self, prediction_id: str) -> Prediction:
        """The prediction as it is now. Its data is removed an hour after its end.

        Raises:
            PredictionNotFoundError: there is none.
        """
        ...

    async def cancel(self, prediction_id: str) -> Prediction:
        """The prediction after the wish to stop it; one that has ended already comes back unchanged.

        Raises:
            PredictionNotFoundError: there is none.
        """
        ...

    async def recent(self, *, created_after: datetime, created_before: datetime, limit: int) -> Listing:
        """At most `limit` predictions of this account created between two zone-aware moments, newest first.

        Those without a readable creation time are included. Finds predictions whose creation got no answer.
        """
        ...

    def stream(self, url: str) -> AsyncGenerator[StreamEvent, None]:
        """The events of a prediction from its `stream_url`, from its first to `done` or `error`.

        A lost connection is made again where the stream was lost, a few times. Bounded in time and size; close it
        (`contextlib.aclosing`) when the rest is not wanted.

        Raises:
            PredictionNotFoundError: the stream is no more.
            GatewayUnavailableError: it was lost for good; the prediction may run on.
        """
        ...

    async def upload(self, content: bytes, *, filename: str, content_type: str) -> str:
        """A URL that models of this account can read `content` from, for 24 hours.

        Raises:
            PayloadTooLargeError: more than Replicate takes (100 MB).
        """
        ...

    async def withdraw(self, url: str) -> None:
        """Delete what `upload` gave this URL for, before its 24 hours are over; no matter if it is gone already."""
        ...

    async def webhook_secret(self) -> str:
        """The account's `whsec_…` signing secret."""
        ...

    async def account(self) -> Account:
        """Whose token this is; the cheapest proof that it works."""
        ...

    async def input_schema(self, model: ModelReference) -> dict[str, InputField]:
        """The inputs a model takes, by name; empty where Replicate does not tell (a bare version id).

        Raises:
            ModelNotFoundError: no such model, version or deployment.
        """
        ...
