"""Checks an input against its model's schema and words the faults as Replicate does."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from mock_server.replicate.models.spec import InputField, ModelSpec
from mock_server.replicate.problems import invalid_input

Fault = dict[str, str]

URI_SCHEMES = frozenset({"http", "https", "data"})


def check_input(model: ModelSpec, model_input: Mapping[str, Any]) -> None:
    """Passes an input that fits the schema; unknown fields pass, as they do at Replicate.

    Raises:
        Problem: 422 that lists every fault.
    """
    if faults := [fault for field in model.inputs for fault in _faults(field, model_input)]:
        raise invalid_input(faults)


def _faults(field: InputField, model_input: Mapping[str, Any]) -> Iterator[Fault]:
    value = model_input.get(field.name)
    if value is None:
        if field.required:
            yield {"type": "required", "field": "input", "description": f"{field.name} is required"}
        return
    path = f"input.{field.name}"
    if not field.is_list:
        yield from _item_faults(field, path, value)
    elif not isinstance(value, list):
        yield _wrong_type(path, "array", value)
    else:
        for index, item in enumerate(value):
            yield from _item_faults(field, f"{path}.{index}", item)


def _item_faults(field: InputField, path: str, value: Any) -> Iterator[Fault]:
    if not _has_type(field.type, value):
        yield _wrong_type(path, field.type, value)
        return
    if field.choices and value not in field.choices:
        wanted = ", ".join(f'"{choice}"' for choice in field.choices)
        yield {
            "type": "enum",
            "field": path,
            "description": f"{path} must be one of the following: {wanted}",
        }
    if field.is_uri and not is_uri(value):
        yield {"type": "format", "field": path, "description": "Does not match format 'uri'"}
    if field.minimum is not None and value < field.minimum:
        text = f"Must be greater than or equal to {field.minimum:g}"
        yield {"type": "number_gte", "field": path, "description": text}
    if field.maximum is not None and value > field.maximum:
        text = f"Must be less than or equal to {field.maximum:g}"
        yield {"type": "number_lte", "field": path, "description": text}


def is_uri(text: str) -> bool:
    """Whether a model could fetch it: http, https or data."""
    try:
        return urlsplit(text[:2000]).scheme in URI_SCHEMES
    except ValueError:
        return False


def _has_type(wanted: str, value: Any) -> bool:
    if isinstance(value, bool):
        return wanted == "boolean"
    if wanted == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if wanted == "number":
        return isinstance(value, (int, float))
    return wanted == "string" and isinstance(value, str)


def _wrong_type(path: str, wanted: str, value: Any) -> Fault:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    given = names.get(type(value), "null")
    text = f"Invalid type. Expected: {wanted}, given: {given}"
    return {"type": "invalid_type", "field": path, "description": text}
