"""What a create call says of the prediction that is wanted.

https://replicate.com/docs/reference/http#predictions.create
"""

from typing import Any

from replicate_gateway.protocol import PredictionRequest

_SHORTEST_CANCEL_AFTER_S = 5  # https://replicate.com/changelog/2025-10-16-prediction-deadlines


def body_of(request: PredictionRequest) -> dict[str, Any]:
    """What the request's body says besides the model, as the client's own arguments."""
    options: dict[str, Any] = {"input": dict(request.input)}
    if request.webhook is not None:
        options["webhook"] = request.webhook
        if request.webhook_events:
            options["webhook_events_filter"] = list(request.webhook_events)
    return options


def headers_of(request: PredictionRequest) -> dict[str, str]:
    """Headers for this one request; the transport adds them.

    The client knows no Cancel-After, and its `wait` leaves half a second for an answer to arrive after the wait.
    """
    headers = {}
    if request.cancel_after_s is not None:
        headers["Cancel-After"] = f"{max(request.cancel_after_s, _SHORTEST_CANCEL_AFTER_S)}s"
    if request.wait_s is not None:
        headers["Prefer"] = f"wait={request.wait_s}"
    return headers
