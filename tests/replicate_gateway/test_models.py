import pytest

from replicate_gateway.models import ModelReference, ModelReferenceError

VERSION = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sczhou/codeformer", ModelReference("sczhou", "codeformer")),
        ("851-labs/background-remover", ModelReference("851-labs", "background-remover")),
        (f"sczhou/codeformer:{VERSION}", ModelReference("sczhou", "codeformer", VERSION)),
        (VERSION, ModelReference(version=VERSION)),
        ("deployment:me/my.app_2", ModelReference("me", "my.app_2", deployment=True)),
    ],
)
def test_each_form_is_parsed_and_written_back(text, expected):
    assert ModelReference.parse(f" {text}\n") == expected
    assert str(expected) == text


def test_official_is_part_of_the_reference():
    assert ModelReference.parse("a/b", official=True) == ModelReference("a", "b", official=True)


@pytest.mark.parametrize(
    "text",
    ["", "codeformer", "a/b/c", "a/b:latest", f"a/b:{VERSION}0", VERSION[:-1], VERSION.upper(), "a/..", "../b", "a/b?x",
     "a /b", "https://replicate.com/a/b", f"deployment:a/b:{VERSION}", "deployment:", f"deployment:{VERSION}", "ä/b"],
)  # fmt: skip
def test_other_texts_name_no_model(text):
    with pytest.raises(ModelReferenceError, match="names no model"):
        ModelReference.parse(text)


@pytest.mark.parametrize("text", [VERSION, f"a/b:{VERSION}", "deployment:a/b"])
def test_official_models_run_by_name_only(text):
    with pytest.raises(ModelReferenceError, match="official"):
        ModelReference.parse(text, official=True)
