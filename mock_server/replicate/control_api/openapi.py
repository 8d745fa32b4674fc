"""The OpenAPI document of the control surface, made of its table and of the scenario's fields."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mock_server.replicate.control_api.operations import OPERATIONS, Operation
from mock_server.replicate.journal import Call, Delivery
from mock_server.replicate.scenario import Scenario
from mock_server.replicate.scenario_names import NAMED_SCENARIOS

JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def control_document(origin: str) -> dict[str, Any]:
    """The document, OpenAPI 3.1; `origin` is where the mock is."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    scenario = _schema_of(Scenario)
    like = {"type": "string", "enum": list(NAMED_SCENARIOS), "description": "The named scenario to start from."}
    wanted: dict[str, Any] = {
        **scenario,
        "properties": {"like": like, **scenario["properties"]},
        "additionalProperties": False,
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Control of the mock Replicate",
            "version": "1",
            "description": "What a test or a person turns, and can look at. No token; not part of Replicate.",
        },
        "servers": [{"url": origin}],
        "paths": paths,
        "components": {
            "schemas": {
                "Scenario": scenario,
                "WantedScenario": wanted,
                "Call": _schema_of(Call),
                "Delivery": _schema_of(Delivery),
                "Fault": _object({"error": {"type": "string"}}),
            }
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.handler.__name__,
        "summary": (operation.handler.__doc__ or "").strip(),
        "responses": {
            "200": _answer("Done", _object(operation.answer)),
            "400": _answer("An impossible wish, said in a sentence", {"$ref": "#/components/schemas/Fault"}),
        },
    }
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()
    ]
    if "{id}" in operation.path:
        parameters.append({"name": "id", "in": "path", "required": True, "schema": {"type": "string"}})
        described["responses"]["404"] = {"description": "Unknown"}
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {"content": {"application/json": {"schema": operation.body}}}
    return described


def _answer(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _schema_of(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    properties = {one.name: _property(one, hints[one.name]) for one in fields(kind)}
    return {"type": "object", "properties": properties}


def _property(described: Field[Any], hint: Any) -> dict[str, Any]:
    shown = _type(hint)
    if "meaning" in described.metadata:
        shown["description"] = described.metadata["meaning"]
    return shown if described.default is MISSING else {**shown, "default": described.default}


def _type(hint: Any) -> dict[str, Any]:
    if get_origin(hint) is Literal:
        return {"type": "string", "enum": list(get_args(hint))}
    if get_origin(hint) in (Union, UnionType):
        return {"anyOf": [_type(option) for option in get_args(hint)]}
    if hint is type(None):
        return {"type": "null"}
    return {"type": JSON_TYPES[hint]} if hint in JSON_TYPES else {}
