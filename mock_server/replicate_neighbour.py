"""The mock Replicate as a neighbour of the emulated Telegram: its journal and its switches, for the chat page."""

import re
from typing import Any

from mock_server.replicate.journal import Call, Delivery
from mock_server.replicate.prediction import Prediction
from mock_server.replicate.prediction_json import prediction_json
from mock_server.replicate.scenario_names import NAMED_SCENARIOS
from mock_server.replicate.scenario_reading import scenario_from
from mock_server.replicate.server import MockReplicate
from mock_server.telegram.neighbour import NeighbourRecord

_SCENARIOS = {name: scenario_from(named.fields) for name, named in NAMED_SCENARIOS.items()}
_PREDICTION_PATH = re.compile(r"/v1/predictions/(\w+)|/output/[^/]+/(\w+)/")
# What makes a link a key: signatures and references in queries, the token in the path of an output or a stream.
_SECRET_IN_URL = re.compile(
    r"(?<=[?&])(ref|s|sig|signature|token|x-amz-(?:signature|credential|security-token))=[^&\s\"]+", re.IGNORECASE
)
_TOKEN_IN_PATH = re.compile(r"/(output/|xezq/|v1/streams/|v1/files/bcwr-)[^/\s\"]+")
_NOW = "the prediction as it is now"


class ReplicateNeighbour:
    """A `Neighbour` over the control object of a running mock."""

    name = "Replicate"

    def __init__(self, mock: MockReplicate) -> None:
        self._base_url, self._control = mock.base_url, mock.control

    def records(self) -> list[NeighbourRecord]:
        """Give calls and webhooks in the order in which they ended."""
        predictions = {prediction.id: prediction for prediction in self._control.predictions()}
        by_webhook = {_webhook_of(prediction): prediction for prediction in predictions.values()}
        calls = [
            self._call(call, predictions.get(_id_in(call.path)) or by_webhook.get(_webhook_in(call.body)))
            for call in self._control.calls
        ]
        deliveries = [self._delivery(one, predictions.get(one.prediction_id)) for one in self._control.deliveries]
        return sorted(calls + deliveries, key=lambda record: record.at)

    def scenarios(self) -> dict[str, str]:
        """Give the ways the mock can behave."""
        return {name: named.label for name, named in NAMED_SCENARIOS.items()}

    def scenario(self) -> str:
        """Give the one that holds for all predictions."""
        now = self._control.scenario
        return next((name for name, scenario in _SCENARIOS.items() if scenario == now), "")

    def choose(self, scenario: str) -> None:
        """Let it hold for every prediction from now on."""
        self._control.scenario = _SCENARIOS[scenario]

    def release(self) -> int:
        """Let held predictions go on."""
        return self._control.release()

    def _call(self, call: Call, prediction: Prediction | None) -> NeighbourRecord:
        query = f"?{call.query}" if call.query else ""
        curl: dict[str, Any] = {"method": call.method, "url": f"{self._base_url}{call.path}{query}", "headers": {}}
        if call.path.startswith("/v1/"):
            curl["headers"] = {"Authorization": "Bearer $REPLICATE_API_TOKEN"}
        if call.body is not None:
            curl["headers"] |= {"Content-Type": "application/json"}
            curl["body"] = call.body
        return NeighbourRecord(
            at=call.at,
            to_bot=False,
            title=f"{call.method} {_without_secrets(call.path)}",
            status=call.status,
            error="the answer was dropped on purpose" if call.status is None else None,
            request=_without_secrets(call.body),
            response=None if prediction is None else {_NOW: _without_secrets(prediction_json(prediction))},
            keys=_keys(call.path, prediction),
            curl=_without_secrets(curl),
        )

    def _delivery(self, delivery: Delivery, prediction: Prediction | None) -> NeighbourRecord:
        repeat = f"{self._base_url}/_mock/webhooks/{delivery.prediction_id}/resend"
        body = {} if prediction is None else {_NOW: prediction_json(prediction)}
        request = {"url": delivery.url, "webhook-id": delivery.webhook_id, "attempt": delivery.attempt, **body}
        return NeighbourRecord(
            at=delivery.at,
            to_bot=True,
            title=f"webhook {delivery.event}",
            status=delivery.status,
            error=delivery.error,
            request=_without_secrets(request),
            response=None,
            keys=(delivery.prediction_id,),
            curl={"method": "POST", "url": repeat, "headers": {}},
        )


def _id_in(path: str) -> str:
    found = _PREDICTION_PATH.match(path)
    return (found[1] or found[2]) if found else ""


def _keys(path: str, prediction: Prediction | None) -> tuple[str, ...]:
    known = prediction.id if prediction is not None else _id_in(path)
    return (known,) if known else ()


def _webhook_of(prediction: Prediction) -> str | None:
    subscription = prediction.order.subscription
    return subscription.url if subscription is not None else None


def _webhook_in(body: Any) -> str:
    return str(body.get("webhook", "")) if isinstance(body, dict) else ""


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return _TOKEN_IN_PATH.sub(r"/\1***", _SECRET_IN_URL.sub(r"\1=***", value))
    if isinstance(value, dict):
        return {key: _without_secrets(one) for key, one in value.items()}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value
