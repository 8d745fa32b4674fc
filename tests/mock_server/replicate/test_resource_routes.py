import hashlib
import re

import aiohttp
import pytest

from mock_server.replicate.resource_routes import NOT_MODELLED


def form(content=b"bytes", **fields):
    data = aiohttp.FormData()
    if content is not None:
        data.add_field("content", content, filename="a.png", content_type="image/png")
    for name, value in fields.items():
        data.add_field(name, value)
    return data


async def test_a_model_shows_its_latest_version_and_schema(api):
    status, model, _ = await api.call("GET", "/v1/models/sczhou/codeformer")
    assert (status, model["owner"], model["name"], model["visibility"]) == (200, "sczhou", "codeformer", "public")
    assert model["is_official"] is False
    assert re.fullmatch(r"[0-9a-f]{64}", model["latest_version"]["id"])
    inputs = model["latest_version"]["openapi_schema"]["components"]["schemas"]["Input"]
    assert inputs["required"] == ["image"]
    assert inputs["properties"]["codeformer_fidelity"] == {
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


async def test_account_and_webhook_secret(api, mock):
    assert (await api.call("GET", "/v1/account"))[1]["type"] == "user"
    assert (await api.call("GET", "/v1/webhooks/default/secret"))[1] == {"key": mock.webhook_secret}


async def test_an_upload_is_described_and_removed(api, mock):
    status, file, _ = await api.call("POST", "/v1/files", data=form(metadata='{"a": 1}'))
    assert status == 201
    assert file == {
        "id": file["id"],
        "name": "a.png",
        "content_type": "image/png",
        "size": 5,
        "etag": file["checksums"]["md5"],
        "checksums": {"sha256": hashlib.sha256(b"bytes").hexdigest(), "md5": hashlib.md5(b"bytes").hexdigest()},
        "metadata": {"a": 1},
        "created_at": file["created_at"],
        "expires_at": file["expires_at"],
        "urls": {"get": f"{mock.base_url}/v1/files/{file['id']}"},
    }
    assert (await api.call("GET", file["urls"]["get"]))[1] == file
    assert (await api.call("DELETE", file["urls"]["get"]))[0] == 204
    assert (await api.call("DELETE", file["urls"]["get"]))[0] == 404
    assert (await api.call("GET", file["urls"]["get"]))[0] == 404


async def test_extra_form_fields_override_name_and_type(api):
    _, file, _ = await api.call("POST", "/v1/files", data=form(filename="b.jpg", type="image/jpeg"))
    assert (file["name"], file["content_type"]) == ("b.jpg", "image/jpeg")


@pytest.mark.parametrize(
    "data", [b"plain", form(content=None, metadata="{}"), form(metadata="[1]"), form(metadata="{")]
)
async def test_a_faulty_upload_is_a_bad_request_and_leaves_nothing(api, data):
    assert (await api.call("POST", "/v1/files", data=data))[0] == 400
    assert (await api.call("GET", "/v1/files"))[1]["results"] == []


async def test_an_upload_above_the_limit_is_refused(start_mock, api_of):
    api = api_of(await start_mock(max_file_bytes=1000))
    status, problem, _ = await api.call("POST", "/v1/files", data=form(b"x" * 2000))
    assert (status, "must be less than" in problem["detail"]) == (413, True)
    assert (await api.call("POST", "/v1/files", data=form(b"x" * 1000)))[0] == 201


async def test_an_upload_may_be_larger_than_a_json_body(start_mock, api_of):
    api = api_of(await start_mock(max_body_bytes=100))
    assert (await api.call("POST", "/v1/files", data=form(b"x" * 5000)))[1]["size"] == 5000


async def test_uploads_expire_after_a_day(start_mock, api_of, clock):
    api = api_of(await start_mock(clock=clock))
    _, file, _ = await api.call("POST", "/v1/files", data=form())
    clock.now += 24 * 3600
    assert (await api.call("GET", file["urls"]["get"]))[0] == 404
    assert (await api.call("GET", "/v1/files"))[1]["results"] == []


@pytest.mark.parametrize(("method", "path", "what"), NOT_MODELLED)
async def test_what_is_documented_but_absent_says_so(api, method, path, what):
    status, problem, _ = await api.call(method, re.sub(r"\{\w+\}", "x", path))
    assert status == 501
    assert what in problem["detail"]
    assert "README" in problem["detail"]
