"""The inputs of a model, read from the OpenAPI document that comes with its version. Pure."""

from typing import Any

from replicate_gateway.protocol import InputField


def input_fields(version: object) -> dict[str, InputField]:
    """The inputs by name that the document of a version describes; empty where it describes none."""
    node = version
    for key in ("openapi_schema", "components", "schemas", "Input"):
        node = _mapping(node).get(key)
    schema = _mapping(node)
    listed = schema.get("required")
    required = set(map(str, listed)) if isinstance(listed, list) else set()
    return {
        name: InputField(name, _type(_mapping(described)), name in required)
        for name, described in _mapping(schema.get("properties")).items()
    }


def _type(described: dict[str, Any]) -> str:
    kind = described.get("type")
    if isinstance(kind, str):
        return kind
    # cog writes choices as a reference to a schema of their own: {"allOf": [{"$ref": …}]}.
    return "enum" if "enum" in described or "allOf" in described or "$ref" in described else "any"


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
