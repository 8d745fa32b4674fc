"""What the product may ask of Replicate, whoever answers: the real API, the mock, or a recording fake.

Imports nothing heavy, so that use cases can name these types without loading the official client.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from replicate_gateway.models import ModelReference
from replicate_gateway.prediction import Prediction


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


class ReplicateGateway(Protocol):
    """Replicate for one account. Every call ends within a bounded time and raises GatewayError only.

    Everything but `create` is safe to repeat and is repeated inside a few times within that time.
    All calls may raise GatewayBusyError, GatewayUnreachableError, CredentialsRefusedError, CreditExhaustedError
    and GatewayProtocolError; all but the POST of `create` GatewayUnavailableError.
    """

    async def create(self, request: PredictionRequest) -> Prediction:
        """A new prediction. Sent once, never repeated inside.

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

    async def recent(self, *, created_after: datetime, limit: int) -> list[Prediction]:
        """At most `limit` predictions of this account created after a zone-aware moment, newest first.

        Those without a readable creation time are included. Finds predictions whose creation got no answer.
        """
        ...

    async def upload(self, content: bytes, *, filename: str, content_type: str) -> str:
        """A URL that models of this account can read `content` from, for 24 hours.

        Raises:
            PayloadTooLargeError: more than Replicate takes (100 MB).
        """
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
