"""The JSON forms a prediction is shown in: created, waited for, and as it is.

Recorded answers differ in which keys they carry: https://github.com/replicate/replicate-python/tree/main/tests
"""

from typing import Any

from mock_server.replicate.prediction import Prediction
from mock_server.replicate.wire_format import timestamp

UNSET_AT_CREATION = ("output", "started_at", "completed_at", "metrics")


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
    return {key: value for key, value in prediction_json(prediction).items() if key not in UNSET_AT_CREATION}


def waited_json(prediction: Prediction, output: Any) -> dict[str, Any]:
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
    stream = f"{origin}{prediction.stream.path}"
    return {"get": api, "cancel": f"{api}/cancel", "web": f"{origin}/p/{prediction.id}", "stream": stream}


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
