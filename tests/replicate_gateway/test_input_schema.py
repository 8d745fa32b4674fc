import pytest

from replicate_gateway.input_schema import input_fields
from replicate_gateway.protocol import InputField


def version(schema):
    return {"openapi_schema": {"components": {"schemas": {"Input": schema}}}}


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


@pytest.mark.parametrize(
    "document", [None, 5, {}, {"openapi_schema": None}, version(None), version({"properties": [], "required": 5})]
)
def test_a_version_without_a_schema_has_no_fields(document):
    assert input_fields(document) == {}
