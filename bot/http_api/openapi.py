"""The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), made from the operations and their models.

Since OpenAPI 3.1 a schema is plain JSON Schema 2020-12, which is what pydantic writes: nothing is translated.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.http_api import problems
from bot.http_api.door import garments_taken
from bot.http_api.models import MAX_GARMENTS, Problem, TaskOptions, TaskRequest
from bot.http_api.operations import OPERATIONS, Operation, Parameter, Success
from bot.http_api.orders import GARMENTS, PERSON
from replicate_gateway.presets import Preset

_REF = "#/components/schemas/{model}"
_JSON, _FORM = "application/json", "multipart/form-data"
_FORM_SCHEMA = "TaskForm"
_SECURITY: Sequence[Mapping[str, Sequence[str]]] = [{"bearer": []}, {"apiKey": []}]


def document(presets: Mapping[str, Preset]) -> dict[str, Any]:
    """The document for these presets."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Darkroom",
            "version": "1",
            "summary": "Photos in, better photos out.",
            "description": (
                "A front end starts a task, polls it every few seconds, and shows the result. A task is the same job "
                "as one from the Telegram chat: recorded before it is answered, resumed whatever crashes."
            ),
        },
        "servers": [{"url": "/api/v1"}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(presets),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        "security": _SECURITY,
    }


def preset_line(preset: Preset) -> str:
    """What a caller has to know of a preset."""
    garments = garments_taken(preset)
    takes = "" if garments == "0" else f"; {garments} garments"
    hints = "; needs prompt_hints" if preset.prompt_required else ""
    return f"{preset.name}: {preset.title('en')}{takes}{hints}"


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "responses": {str(success.status): _success(success) for success in operation.successes}
        | _failures(operation.problems),
    }
    if operation.parameters:
        described["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.takes_order:
        described["requestBody"] = {
            "required": True,
            "content": {
                _JSON: {"schema": _ref(TaskRequest)},
                # https://spec.openapis.org/oas/v3.1.1#special-considerations-for-multipart-content
                _FORM: {"schema": {"$ref": _REF.format(model=_FORM_SCHEMA)}},
            },
        }
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.description,
        "required": parameter.where == "path",
        "schema": parameter.schema,
    }


def _success(success: Success) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": success.description}
    if success.headers:
        answer["headers"] = {name: _header(meaning) for name, meaning in success.headers.items()}
    if success.body:
        answer["content"] = {_JSON: {"schema": _ref(success.body)}}
    return answer


def _failures(codes: Sequence[str]) -> dict[str, Any]:
    """By status; the codes that share one are told apart by the problem's `code`."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(problems.KINDS[code].status, []).append(code)
    return {str(status): _failure(found) for status, found in sorted(by_status.items())}


def _failure(codes: Sequence[str]) -> dict[str, Any]:
    lines = [f"`{code}`: {problems.KINDS[code].title}. {problems.KINDS[code].meaning}" for code in codes]
    answer: dict[str, Any] = {
        "description": "\n\n".join(lines),
        "content": {problems.MEDIA_TYPE: {"schema": _problem(codes)}},
    }
    if problems.KINDS[codes[0]].status in {429, 503}:
        answer["headers"] = {"Retry-After": _header("Try again in so many seconds.")}
    return answer


def _problem(codes: Sequence[str]) -> dict[str, Any]:
    return {"allOf": [_ref(Problem), {"properties": {"code": {"enum": list(codes)}}}]}


def _header(meaning: str) -> dict[str, Any]:
    return {"description": meaning, "schema": {"type": "string"}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _schemas(presets: Mapping[str, Preset]) -> dict[str, Any]:
    answers = {success.body for operation in OPERATIONS for success in operation.successes if success.body}
    _, definitions = models_json_schema(
        [
            (TaskOptions, "validation"),
            (TaskRequest, "validation"),
            (Problem, "serialization"),
            *((model, "serialization") for model in sorted(answers, key=lambda model: model.__name__)),
        ],
        ref_template=_REF,
    )
    schemas: dict[str, Any] = definitions["$defs"]
    options = schemas.pop(TaskOptions.__name__)
    schemas[_FORM_SCHEMA] = _form(options)
    for name in (_FORM_SCHEMA, TaskRequest.__name__):
        preset = schemas[name]["properties"]["preset"]
        preset["enum"] = list(presets)
        preset["description"] += " " + "; ".join(f"{preset_line(one)}." for one in presets.values())
    return schemas


def _form(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options beside the pictures themselves."""
    picture = {"type": "string", "contentMediaType": "application/octet-stream"}
    return {
        "type": "object",
        "description": "A task whose pictures are sent along.",
        "additionalProperties": False,
        "required": [PERSON],
        "properties": {
            **{name: dict(schema) for name, schema in options["properties"].items()},
            PERSON: {**picture, "description": "The photo to work on; for a try-on, the person."},
            GARMENTS: {
                "type": "array",
                "items": picture,
                "maxItems": MAX_GARMENTS,
                "description": "Further pictures: one part of this name each.",
            },
        },
    }
