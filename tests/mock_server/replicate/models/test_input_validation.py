import pytest

from mock_server.replicate.models.catalogue import BACKGROUND_REMOVER, CODEFORMER, NANO_BANANA, REAL_ESRGAN
from mock_server.replicate.models.input_validation import check_input
from mock_server.replicate.models.spec import Family, ModelSpec
from mock_server.replicate.problems import Problem

URL = "https://x/1.jpg"


@pytest.mark.parametrize(
    ("model", "model_input"),
    [
        (CODEFORMER, {"image": URL}),
        (CODEFORMER, {"image": URL, "upscale": 2.0, "codeformer_fidelity": 1, "face_upsample": False}),
        (CODEFORMER, {"image": "data:image/png;base64,AAAA", "unknown": object()}),
        (NANO_BANANA, {"prompt": "x", "image_input": [URL, URL]}),
        (NANO_BANANA, {"prompt": "x", "image_input": None}),
        (ModelSpec(owner="a", name="b", family=Family.GENERIC, known=False), {"anything": []}),
    ],
)
def test_what_fits_the_schema_passes(model, model_input):
    check_input(model, model_input)


@pytest.mark.parametrize(
    ("model", "model_input", "field", "kind"),
    [
        (CODEFORMER, {}, "input", "required"),
        (CODEFORMER, {"image": None}, "input", "required"),
        (CODEFORMER, {"image": 5}, "input.image", "invalid_type"),
        (CODEFORMER, {"image": "/tmp/x.jpg"}, "input.image", "format"),
        (CODEFORMER, {"image": "http://[x"}, "input.image", "format"),
        (CODEFORMER, {"image": URL, "upscale": 2.5}, "input.upscale", "invalid_type"),
        (CODEFORMER, {"image": URL, "upscale": True}, "input.upscale", "invalid_type"),
        (CODEFORMER, {"image": URL, "face_upsample": "yes"}, "input.face_upsample", "invalid_type"),
        (CODEFORMER, {"image": URL, "codeformer_fidelity": -0.1}, "input.codeformer_fidelity", "number_gte"),
        (REAL_ESRGAN, {"image": URL, "scale": 11}, "input.scale", "number_lte"),
        (REAL_ESRGAN, {"image": URL, "scale": "4"}, "input.scale", "invalid_type"),
        (BACKGROUND_REMOVER, {"image": URL, "format": {}}, "input.format", "invalid_type"),
        (NANO_BANANA, {"prompt": "x", "image_input": URL}, "input.image_input", "invalid_type"),
        (NANO_BANANA, {"prompt": "x", "image_input": [URL, 5]}, "input.image_input.1", "invalid_type"),
        (NANO_BANANA, {"prompt": "x", "output_format": "gif"}, "input.output_format", "enum"),
    ],
)
def test_what_does_not_fit_is_named(model, model_input, field, kind):
    with pytest.raises(Problem) as error:
        check_input(model, model_input)
    (fault,) = error.value.body["invalid_fields"]
    assert (fault["field"], fault["type"]) == (field, kind)
    assert error.value.body["detail"] == f"- {field}: {fault['description']}\n"
