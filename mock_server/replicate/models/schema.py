"""The OpenAPI document of a model's version, as Cog writes it: choices are schemas of their own, inputs are ordered.

https://github.com/replicate/cog/blob/main/docs/python.md
"""

from typing import Any

from mock_server.replicate.models.spec import InputField, ModelSpec, OutputShape


def openapi_schema(model: ModelSpec) -> dict[str, Any]:
    """The document; clients read `components.schemas.Input` and `.Output`."""
    properties = {field.name: _property(field, order) for order, field in enumerate(model.inputs)}
    inputs: dict[str, Any] = {"type": "object", "title": "Input", "properties": properties}
    if required := [field.name for field in model.inputs if field.required]:
        inputs["required"] = required
    choices = {field.name: _choices(field) for field in model.inputs if field.choices}
    return {
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": {},
        "components": {"schemas": {"Input": inputs, "Output": _output(model.output), **choices}},
    }


def _property(field: InputField, order: int) -> dict[str, Any]:
    described: dict[str, Any] = {"x-order": order}
    if field.description:
        described["description"] = field.description
    bounds = {"default": field.default, "minimum": field.minimum, "maximum": field.maximum}
    described |= {key: value for key, value in bounds.items() if value is not None}
    if field.choices:
        return {"allOf": [{"$ref": f"#/components/schemas/{field.name}"}], **described}
    item = {"type": field.type, "format": "uri"} if field.is_uri else {"type": field.type}
    kind = {"type": "array", "items": item} if field.is_list else item
    return {**kind, "title": field.name.replace("_", " ").title(), **described}


def _choices(field: InputField) -> dict[str, Any]:
    return {"type": field.type, "enum": list(field.choices), "title": field.name, "description": "An enumeration."}


def _output(shape: OutputShape) -> dict[str, Any]:
    url = {"type": "string", "format": "uri"}
    if shape is OutputShape.TEXT:
        streamed = {"x-cog-array-type": "iterator", "x-cog-array-display": "concatenate"}
        return {"type": "array", "title": "Output", "items": {"type": "string"}, **streamed}
    if shape is OutputShape.LIST:
        return {"type": "array", "title": "Output", "items": url}
    if shape is OutputShape.OBJECT:
        return {"type": "object", "title": "Output", "properties": {"image": {**url, "title": "Image"}}}
    return {**url, "title": "Output"}
