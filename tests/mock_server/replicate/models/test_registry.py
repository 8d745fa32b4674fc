import pytest

from mock_server.replicate.models.catalogue import KNOWN_MODELS
from mock_server.replicate.models.collections import COLLECTIONS
from mock_server.replicate.models.readme import readme_of
from mock_server.replicate.models.registry import MOST_SEEN_VERSIONS, ModelRegistry
from mock_server.replicate.models.spec import Family, OutputShape
from mock_server.replicate.problems import Problem


@pytest.mark.parametrize("name", ["acme/any", "a/b", "stability-ai/sdxl", "x/y.z_1-2"])
def test_every_well_formed_name_is_a_generic_picture_model(name):
    model = ModelRegistry().get(*name.split("/"))
    assert (model.full_name, model.family, model.output) == (name, Family.GENERIC, OutputShape.ONE)
    assert not model.known


@pytest.mark.parametrize("name", ["-/b", "a/", "a/b c", "é/b", "missing/b", f"a/{'x' * 101}"])
def test_other_names_are_no_models(name):
    with pytest.raises(Problem):
        ModelRegistry().get(*name.split("/"))


def test_memory_for_versions_seen_is_bounded():
    registry = ModelRegistry()
    for number in range(MOST_SEEN_VERSIONS + 5):
        registry.get("a", f"m{number}")
    assert len(registry._seen) == MOST_SEEN_VERSIONS


def test_every_known_model_has_a_readme_a_moment_and_a_collection():
    assert all(readme_of(model) for model in KNOWN_MODELS)
    assert len({model.released_at for model in KNOWN_MODELS}) == len(KNOWN_MODELS)
    collected = {model.full_name for collection in COLLECTIONS for model in collection.models}
    assert collected == {model.full_name for model in KNOWN_MODELS}


def test_defaults_fill_what_was_not_given():
    model = ModelRegistry().get("tencentarc", "gfpgan")
    seen = model.with_defaults({"img": "https://x/", "scale": None, "extra": 1})
    assert seen == {"img": "https://x/", "version": "v1.4", "scale": 2, "extra": 1}
