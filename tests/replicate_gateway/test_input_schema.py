import pytest

from replicate_gateway.input_schema import input_fields
from replicate_gateway.protocol import InputField


def version(schema, **schemas):
    return {"openapi_schema": {"components": {"schemas": {"Input": schema, **schemas}}}}


def test_fields_have_a_type_and_say_whether_they_are_required():
    properties = {
        "image": {"type": "string"},
        "scale": {"type": "number"},
        "kind": {"allOf": [{"$ref": "#/x"}]},
        "raw": {},
    }
    assert input_fields(version({"required": ["image"], "properties": properties})) == {
        "image": InputField("image", "string", required=True),
        "scale": InputField("scale", "number"),
        "kind": InputField("kind", "enum"),
        "raw": InputField("raw", "any"),
    }


def test_choices_and_bounds_are_read_where_cog_and_others_write_them():
    properties = {
        "size": {"allOf": [{"$ref": "#/components/schemas/size"}], "default": "2K"},
        "format": {"$ref": "#/components/schemas/format"},
        "ratio": {"type": "string", "enum": ["1:1", "16:9"]},
        "fidelity": {"type": "number", "minimum": 0, "maximum": 1.0},
        "odd": {"type": "integer", "minimum": True, "maximum": "9", "enum": "no", "allOf": [5, {"$ref": 5}]},
    }
    schemas = {"size": {"enum": ["1K", "2K", None]}, "format": {"type": "string", "enum": ["jpg"]}}
    assert input_fields(version({"properties": properties}, **schemas)) == {
        "size": InputField("size", "enum", choices=("1K", "2K")),
        "format": InputField("format", "enum", choices=("jpg",)),
        "ratio": InputField("ratio", "string", choices=("1:1", "16:9")),
        "fidelity": InputField("fidelity", "number", minimum=0, maximum=1.0),
        "odd": InputField("odd", "integer"),
    }


@pytest.mark.parametrize(
    "document", [None, 5, {}, {"openapi_schema": None}, version(None), version({"properties": [], "required": 5})]
)
def test_a_version_without_a_schema_has_no_fields(document):
    assert input_fields(document) == {}
