"""The README of the mock says what there is: its lists are those of the code."""

import dataclasses
from pathlib import Path

import pytest

from mock_server.replicate.api.unmodelled import NOT_MODELLED
from mock_server.replicate.control_api.operations import OPERATIONS
from mock_server.replicate.models.catalogue import KNOWN_MODELS
from mock_server.replicate.scenario import FAILURE_TEXTS, Scenario
from mock_server.replicate.scenario_names import NAMED_SCENARIOS

README = (Path(__file__).parents[3] / "mock_server" / "README.md").read_text()


def expected_lines():
    """What is generated: after a change paste the lines that the failing test shows."""
    names, failures = (", ".join(f"`{name}`" for name in known) for known in (NAMED_SCENARIOS, FAILURE_TEXTS))
    yield f"Names: {names}; and every kind of failure: {failures}."
    for field in dataclasses.fields(Scenario):
        yield f"| `{field.name}` | `{field.default}` | {field.metadata['meaning']} |"
    for operation in OPERATIONS:
        yield f"| `{operation.method.upper()} {operation.path}` | {operation.handler.__doc__.strip()} |"


@pytest.mark.parametrize("line", list(expected_lines()))
def test_the_readme_has_this_line(line):
    assert line in README.splitlines()


@pytest.mark.parametrize("model", KNOWN_MODELS, ids=lambda model: model.name)
def test_the_readme_names_every_model(model):
    assert model.name in README


def test_the_readme_tells_what_is_absent():
    absent = README.partition("## Absent")[2]
    assert all(what.split(" of ")[-1] in absent for _, _, what in NOT_MODELLED)
