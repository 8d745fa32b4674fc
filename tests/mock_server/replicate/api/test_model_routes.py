import re

import pytest

from mock_server.replicate.models.catalogue import KNOWN_MODELS


async def test_a_model_shows_its_latest_version_and_schema(api):
    status, model, _ = await api.call("GET", "/v1/models/sczhou/codeformer")
    assert (status, model["owner"], model["name"], model["visibility"]) == (200, "sczhou", "codeformer", "public")
    assert model["is_official"] is False
    assert re.fullmatch(r"[0-9a-f]{64}", model["latest_version"]["id"])
    inputs = model["latest_version"]["openapi_schema"]["components"]["schemas"]["Input"]
    assert inputs["required"] == ["image"]
    described = inputs["properties"]["codeformer_fidelity"]
    assert described.pop("description")
    assert described == {
        "type": "number",
        "title": "Codeformer Fidelity",
        "x-order": 1,
        "default": 0.5,
        "minimum": 0,
        "maximum": 1,
    }


async def test_output_schemas_tell_string_list_and_text_apart(api):
    outputs = []
    for name in ("sczhou/codeformer", "bytedance/seedream-4", "openai/o4-mini"):
        _, model, _ = await api.call("GET", f"/v1/models/{name}")
        outputs.append(model["latest_version"]["openapi_schema"]["components"]["schemas"]["Output"])
    assert [output["type"] for output in outputs] == ["string", "array", "array"]
    assert outputs[2]["x-cog-array-display"] == "concatenate"


async def test_versions_are_listed_and_found_by_id_only(api):
    _, page, _ = await api.call("GET", "/v1/models/acme/any/versions")
    (version,) = page["results"]
    status, found, _ = await api.call("GET", f"/v1/models/acme/any/versions/{version['id']}")
    assert (status, found) == (200, version)
    assert (await api.call("GET", f"/v1/models/acme/any/versions/{'0' * 64}"))[0] == 404


async def test_models_of_the_missing_owner_do_not_exist(api):
    assert (await api.call("GET", "/v1/models/missing/any"))[0] == 404
    assert (await api.call("GET", "/v1/models/bad%20name/any"))[0] == 404


async def test_choices_are_schemas_of_their_own_as_cog_writes_them(api):
    _, model, _ = await api.call("GET", "/v1/models/tencentarc/gfpgan")
    schemas = model["latest_version"]["openapi_schema"]["components"]["schemas"]
    assert schemas["Input"]["properties"]["version"]["allOf"] == [{"$ref": "#/components/schemas/version"}]
    assert schemas["version"]["enum"] == ["v1.2", "v1.3", "v1.4", "RestoreFormer"]


async def listed(api, path):
    """The names on all pages."""
    names = []
    while path is not None:
        status, page, _ = await api.call("GET", path)
        assert status == 200
        names.append([f"{model['owner']}/{model['name']}" for model in page["results"]])
        path = page["next"]
    return names


async def test_models_are_listed_in_pages_newest_first_or_oldest_first(start_mock, api_of):
    api = api_of(await start_mock(page_size=4))
    pages = await listed(api, "/v1/models")
    assert [len(page) for page in pages] == [4, 4, 3]
    newest = sorted(KNOWN_MODELS, key=lambda model: -model.released_at)
    assert [name for page in pages for name in page] == [model.full_name for model in newest]
    oldest = await listed(api, "/v1/models?sort_by=model_created_at&sort_direction=asc")
    assert [name for page in oldest for name in page] == [model.full_name for model in reversed(newest)]


@pytest.mark.parametrize("query", ["sort_by=fame", "sort_direction=up"])
async def test_another_order_is_refused(api, query):
    assert (await api.call("GET", f"/v1/models?{query}"))[0] == 422


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("codeformer", "codeformer"),
        ('"nano banana pro"', "nano-banana-pro"),
        ("virtual try on", "idm-vton"),
        ("xyzzy", None),
        ("", None),
    ],
)
async def test_models_are_searched_by_the_words_of_a_plain_body(api, text, first):
    status, page, _ = await api.call("QUERY", "/v1/models", data=text, headers={"Content-Type": "text/plain"})
    assert (status, page["next"], page["previous"]) == (200, None, None)
    assert [model["name"] for model in page["results"][:1]] == ([first] if first else [])


async def test_runs_are_counted(api):
    await api.finish({})
    assert (await api.call("GET", "/v1/models/acme/any"))[1]["run_count"] == 1


async def test_readmes_say_what_the_mock_does_and_examples_are_none(api):
    status, text, headers = await api.call("GET", "/v1/models/sczhou/codeformer/readme")
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/plain")
    assert "## In this mock" in text
    assert "`codeformer_fidelity`" in text
    status, problem, _ = await api.call("GET", "/v1/models/acme/any/readme")
    assert (status, problem["detail"]) == (404, "README not found")
    assert (await api.call("GET", "/v1/models/acme/any/examples"))[1]["results"] == []
    assert (await api.call("GET", "/v1/models/missing/any/examples"))[0] == 404
