import dataclasses

import pytest
from openapi_spec_validator import validate

from mock_server.replicate.control_api.openapi import control_document
from mock_server.replicate.control_api.operations import OPERATIONS
from mock_server.replicate.scenario import Scenario


@pytest.fixture(scope="module")
def document():
    return control_document("http://mock")


def test_the_document_is_valid_openapi(document):
    validate(document)


async def test_it_is_served_with_the_caller_s_origin(api, mock):
    status, served, _ = await api.call("GET", "/_mock/openapi.json")
    assert (status, served) == (200, control_document(mock.base_url))


def test_every_route_of_the_surface_is_in_it_with_a_sentence(document):
    routes = {(operation.path, operation.method) for operation in OPERATIONS}
    assert routes == {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert all(one["summary"] for methods in document["paths"].values() for one in methods.values())


def test_every_field_of_a_scenario_is_in_it_with_meaning_and_default(document):
    properties = document["components"]["schemas"]["Scenario"]["properties"]
    assert set(properties) == {field.name for field in dataclasses.fields(Scenario)}
    assert all(described["description"].endswith(".") for described in properties.values())
    assert {name: described["default"] for name, described in properties.items()} == dataclasses.asdict(Scenario())
    assert properties["hold"]["anyOf"] == [{"type": "string", "enum": ["starting", "processing"]}, {"type": "null"}]


async def test_answers_have_the_properties_it_promises(api, mock):
    for operation in OPERATIONS:
        if "{id}" in operation.path:
            continue
        status, answer, _ = await api.call(operation.method.upper(), operation.path)
        assert status == 200, operation.path
        assert set(answer) == set(operation.answer)
