"""The mock knows every model that the bot ships, with the inputs that the bot gives it."""

import pytest

from mock_server.replicate.models.catalogue import KNOWN_MODELS
from mock_server.replicate.models.input_validation import check_input
from mock_server.replicate.models.model_json import version_json
from mock_server.replicate.models.spec import OutputShape
from replicate_gateway.input_schema import input_fields
from replicate_gateway.presets import OutputKind, load_presets

MODELS = {model.full_name: model for model in KNOWN_MODELS}
PRESETS = load_presets()
URL = "https://x/1.jpg"


@pytest.fixture(params=PRESETS.values(), ids=PRESETS)
def preset(request):
    return request.param


@pytest.fixture
def model(preset):
    return MODELS[preset.model.slug]


def test_the_inputs_a_preset_maps_exist_and_have_the_right_type(preset, model):
    inputs = {field.name: field for field in model.inputs}
    for name in filter(None, (preset.image_field, *preset.extra_image_fields)):
        assert inputs[name].is_uri
        assert not inputs[name].is_list
    if preset.images_field:
        assert inputs[preset.images_field].is_uri
        assert inputs[preset.images_field].is_list
    if preset.prompt_field:
        assert inputs[preset.prompt_field].type == "string"
    if preset.seed_field:
        assert inputs[preset.seed_field].type == "integer"
    assert set(preset.fixed) <= set(inputs)


def test_an_input_as_the_bot_sends_it_passes_the_schema(preset, model):
    for images in {preset.min_images, preset.max_images}:
        check_input(model, preset.build_input(images=[URL] * images, prompt="a hat", seed=2**31 - 1))


def test_official_and_kind_of_output_are_the_same(preset, model):
    assert model.official == preset.official
    assert (model.output is OutputShape.TEXT) == (preset.output_kind is OutputKind.TEXT)


def test_the_gateway_reads_every_input_out_of_the_schema(model):
    read = input_fields(version_json(model))
    assert {name for name, field in read.items() if field.required} == {
        one.name for one in model.inputs if one.required
    }
    kinds = {one.name: "enum" if one.choices else "array" if one.is_list else one.type for one in model.inputs}
    assert {name: field.type for name, field in read.items()} == kinds
