"""Replicate behind a circuit: while it is down, calls end at once instead of one time-out after the other."""

from collections.abc import AsyncGenerator, Coroutine
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from bot.jobs.guards.circuit import Circuit, CircuitOpenError, Heard
from bot.jobs.guards.meter import SILENT, Meter, Timed
from replicate_gateway.errors import (
    GatewayBusyError,
    GatewayError,
    GatewayUnavailableError,
    GatewayUnreachableError,
    OutcomeUnknownError,
)
from replicate_gateway.models import ModelReference
from replicate_gateway.prediction import Prediction
from replicate_gateway.protocol import Account, InputField, Listing, PredictionRequest, ReplicateGateway, StreamEvent

T = TypeVar("T")
_DOWN = (GatewayUnavailableError, GatewayUnreachableError, OutcomeUnknownError)


class GuardedReplicate(ReplicateGateway):
    """The same promises; while the circuit is open every call raises `GatewayUnreachableError`: it was not sent."""

    def __init__(self, gateway: ReplicateGateway, circuit: Circuit, meter: Meter = SILENT) -> None:
        self._gateway, self._circuit = gateway, circuit
        self._heard = Heard(circuit, down=_DOWN, answered=GatewayError)
        self._told = partial(meter.call_ended, "replicate")

    async def create(self, request: PredictionRequest) -> Prediction:
        """See `ReplicateGateway.create`."""
        return await self._through("create", self._gateway.create(request))

    async def get(self, prediction_id: str) -> Prediction:
        """See `ReplicateGateway.get`."""
        return await self._through("get", self._gateway.get(prediction_id))

    async def cancel(self, prediction_id: str) -> Prediction:
        """See `ReplicateGateway.cancel`."""
        return await self._through("cancel", self._gateway.cancel(prediction_id))

    async def recent(self, *, created_after: datetime, created_before: datetime, limit: int) -> Listing:
        """See `ReplicateGateway.recent`."""
        found = self._gateway.recent(created_after=created_after, created_before=created_before, limit=limit)
        return await self._through("recent", found)

    def stream(self, url: str) -> AsyncGenerator[StreamEvent, None]:
        """See `ReplicateGateway.stream`. Streams are served elsewhere than the API, and say nothing of its health."""
        return self._gateway.stream(url)

    async def upload(self, content: bytes, *, filename: str, content_type: str) -> str:
        """See `ReplicateGateway.upload`."""
        return await self._through(
            "upload", self._gateway.upload(content, filename=filename, content_type=content_type)
        )

    async def withdraw(self, url: str) -> None:
        """See `ReplicateGateway.withdraw`."""
        await self._through("withdraw", self._gateway.withdraw(url))

    async def webhook_secret(self) -> str:
        """See `ReplicateGateway.webhook_secret`."""
        return await self._through("webhook_secret", self._gateway.webhook_secret())

    async def account(self) -> Account:
        """See `ReplicateGateway.account`."""
        return await self._through("account", self._gateway.account())

    async def input_schema(self, model: ModelReference) -> dict[str, InputField]:
        """See `ReplicateGateway.input_schema`."""
        return await self._through("input_schema", self._gateway.input_schema(model))

    async def _through(self, name: str, call: Coroutine[Any, Any, T]) -> T:
        with Timed(self._told, name, _outcome):
            return await self._guarded(call)

    async def _guarded(self, call: Coroutine[Any, Any, T]) -> T:
        try:
            self._circuit.enter()
        except CircuitOpenError as error:
            call.close()
            raise GatewayUnreachableError(str(error)) from error
        with self._heard:
            return await call


def _outcome(error: Exception) -> str:
    match error:
        case GatewayUnreachableError() if isinstance(error.__cause__, CircuitOpenError):
            return "held_back"
        case GatewayUnreachableError() | GatewayUnavailableError():
            return "unreachable"
        case OutcomeUnknownError():
            return "unknown"
        case GatewayBusyError():
            return "busy"
        case _:
            return "refused"
