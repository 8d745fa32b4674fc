"""The inputs of a model, read from the OpenAPI document that comes with its version. Pure."""

from collections.abc import Iterator
from typing import Any

from replicate_gateway.protocol import InputField


def input_fields(version: object) -> dict[str, InputField]:
    """The inputs by name that the document of a version describes; empty where it describes none."""
    schemas = version
    for key in ("openapi_schema", "components", "schemas"):
        schemas = _mapping(schemas).get(key)
    schema = _mapping(_mapping(schemas).get("Input"))
    listed = schema.get("required")
    required = set(map(str, listed)) if isinstance(listed, list) else set()
    return {
        name: _field(name, _mapping(described), _mapping(schemas), required=name in required)
        for name, described in _mapping(schema.get("properties")).items()
    }


def _field(name: str, described: dict[str, Any], schemas: dict[str, Any], *, required: bool) -> InputField:
    return InputField(
        name,
        _type(described),
        required,
        next(filter(None, map(_choices, _parts(described, schemas))), ()),
        _number(described.get("minimum")),
        _number(described.get("maximum")),
    )


def _type(described: dict[str, Any]) -> str:
    kind = described.get("type")
    if isinstance(kind, str):
        return kind
    return "enum" if "enum" in described or "allOf" in described or "$ref" in described else "any"


def _parts(described: dict[str, Any], schemas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The description, and what it refers to.

    cog writes choices as a reference to a schema of their own: {"allOf": [{"$ref": "#/components/schemas/…"}]}.
    """
    yield described
    listed = described.get("allOf")
    for part in (described, *(listed if isinstance(listed, list) else ())):
        reference = _mapping(part).get("$ref")
        if isinstance(reference, str):
            yield _mapping(schemas.get(reference.rpartition("/")[2]))


def _choices(described: dict[str, Any]) -> tuple[str | int | float, ...]:
    listed = described.get("enum")
    return tuple(one for one in listed if isinstance(one, str | int | float)) if isinstance(listed, list) else ()


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
