"""The control surface as one table: method, path, handler, and the JSON that goes in and out.

The routes and the OpenAPI document are both made of it. Apart from everything Replicate documents; no token.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from mock_server.replicate.control_api import handlers

Schema = Mapping[str, Any]

NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer"}
YES: Schema = {"type": "boolean"}
SCENARIO: Schema = {"$ref": "#/components/schemas/Scenario"}
WANTED_SCENARIO: Schema = {"$ref": "#/components/schemas/WantedScenario"}
CALL: Schema = {"$ref": "#/components/schemas/Call"}
DELIVERY: Schema = {"$ref": "#/components/schemas/Delivery"}
TIME: Schema = {"now": NUMBER, "speed": NUMBER}


def list_of(schema: Schema) -> Schema:
    """An array of it."""
    return {"type": "array", "items": schema}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of the control surface; its handler's docstring says what it does."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.Response]]
    answer: Mapping[str, Schema]
    """The properties of the answer."""
    body: Schema | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)


OPERATIONS = (
    Operation(
        method="get",
        path="/_mock/scenario",
        handler=handlers.get_scenario,
        answer={"scenario": SCENARIO, "next": list_of(SCENARIO)},
    ),
    Operation(
        method="put",
        path="/_mock/scenario",
        handler=handlers.put_scenario,
        body=WANTED_SCENARIO,
        answer={"scenario": SCENARIO},
    ),
    Operation(
        method="post",
        path="/_mock/scenario/next",
        handler=handlers.queue_scenario,
        body={"type": "object", "properties": {"scenario": WANTED_SCENARIO, "count": {**COUNT, "default": 1}}},
        answer={"scenario": SCENARIO, "count": COUNT},
    ),
    Operation(
        method="get",
        path="/_mock/scenarios",
        handler=handlers.list_scenarios,
        answer={"scenarios": list_of({"type": "object"})},
    ),
    Operation(
        method="get",
        path="/_mock/journal",
        handler=handlers.get_journal,
        query={"since": NUMBER},
        answer={"calls": list_of(CALL), "deliveries": list_of(DELIVERY)},
    ),
    Operation(method="post", path="/_mock/release", handler=handlers.release_all, answer={"released": COUNT}),
    Operation(method="post", path="/_mock/release/{id}", handler=handlers.release_one, answer={"released": COUNT}),
    Operation(method="post", path="/_mock/webhooks/{id}/resend", handler=handlers.resend_webhook, answer={"sent": YES}),
    Operation(method="post", path="/_mock/outputs/expire", handler=handlers.expire_outputs, answer={"expired": YES}),
    Operation(method="get", path="/_mock/time", handler=handlers.get_time, answer=TIME),
    Operation(
        method="post",
        path="/_mock/time",
        handler=handlers.warp_time,
        body={"type": "object", "properties": {"advance_s": NUMBER, "speed": NUMBER}},
        answer=TIME,
    ),
    Operation(
        method="post",
        path="/_mock/files/{id}/link",
        handler=handlers.link_file,
        body={"type": "object", "properties": {"expires_in_s": {**COUNT, "default": 3600}}},
        answer={"url": {"type": "string", "format": "uri"}},
    ),
    Operation(method="post", path="/_mock/reset", handler=handlers.reset, answer={"reset": YES}),
)
