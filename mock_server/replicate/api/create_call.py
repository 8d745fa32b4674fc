"""Reads a create call into an order, or says what is wrong with it."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from yarl import URL

from mock_server.replicate import problems
from mock_server.replicate.models.input_validation import check_input
from mock_server.replicate.models.registry import Target
from mock_server.replicate.parts import PARTS, origin_of
from mock_server.replicate.prediction import DEFAULT_EVENTS, EVENTS, Order, Subscription
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.wire_format import parse_duration

LONGEST_URL = 8_000


def model_input_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The `input` of a create call.

    Raises:
        Problem: 422 when it is missing or no object.
    """
    if "input" not in body:
        raise problems.invalid_field("(root)", "input is required", "required")
    model_input = body["input"]
    if not isinstance(model_input, dict):
        raise problems.invalid_field("input", "Invalid type. Expected: object", "invalid_type")
    return model_input


def read_order(request: web.Request, body: Mapping[str, Any], target: Target, scenario: Scenario) -> Order:
    """The order of a create call.

    Raises:
        Problem: 422 with every fault of the input, or the first one of the webhook or `Cancel-After`.
    """
    model_input = model_input_of(body)
    check_input(target.model, model_input)
    return Order(
        target=target,
        model_input=model_input,
        scenario=scenario,
        origin=origin_of(request),
        subscription=_subscription(body),
        cancel_after_s=_cancel_after(
            request.headers.get("Cancel-After"), request.app[PARTS].config.shortest_cancel_after_s
        ),
    )


def _subscription(body: Mapping[str, Any]) -> Subscription | None:
    shown_filter = _events_filter(body.get("webhook_events_filter"))
    if (url := body.get("webhook")) is not None:
        events = DEFAULT_EVENTS if shown_filter is None else frozenset(shown_filter)
        subscription = Subscription(url=_checked_url("webhook", url), shown_filter=shown_filter)
        subscription.events = frozenset(event for event in EVENTS if event in events)
        return subscription
    if (url := body.get("webhook_completed")) is not None:
        return Subscription(url=_checked_url("webhook_completed", url), events=frozenset({"completed"}))
    return None


def _events_filter(value: Any) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or any(event not in EVENTS for event in value):
        wanted = ", ".join(f'"{event}"' for event in EVENTS)
        text = f"webhook_events_filter must be one of the following: {wanted}"
        raise problems.invalid_field("webhook_events_filter", text, "enum")
    return value


def _checked_url(field: str, value: Any) -> str:
    try:
        url = URL(value, encoded=True) if isinstance(value, str) and len(value) <= LONGEST_URL else URL()
        usable = url.scheme in ("http", "https") and bool(url.host) and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise problems.invalid_field(field, "Does not match format 'uri'")
    return str(value)


def _cancel_after(header: str | None, shortest_s: int) -> int | None:
    if header is None:
        return None
    try:
        seconds = parse_duration(header)
    except ValueError as error:
        raise problems.invalid_field("Cancel-After", str(error)) from None
    if seconds < shortest_s:
        text = f"Must be greater than or equal to {shortest_s} seconds"
        raise problems.invalid_field("Cancel-After", text, "number_gte")
    return seconds
