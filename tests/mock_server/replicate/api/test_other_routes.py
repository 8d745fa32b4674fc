import re

import pytest

from mock_server.replicate.api.unmodelled import NOT_MODELLED


async def test_account_and_webhook_secret(api, mock):
    assert (await api.call("GET", "/v1/account"))[1]["type"] == "user"
    assert (await api.call("GET", "/v1/webhooks/default/secret"))[1] == {"key": mock.webhook_secret}


async def test_hardware_is_a_bare_array(api):
    _, hardware, _ = await api.call("GET", "/v1/hardware")
    assert {"name": "CPU", "sku": "cpu"} in hardware


async def test_collections_hold_known_models(api):
    _, page, _ = await api.call("GET", "/v1/collections")
    assert page["next"] is None
    for listed in page["results"]:
        status, collection, _ = await api.call("GET", f"/v1/collections/{listed['slug']}")
        assert status == 200
        assert {key: collection[key] for key in listed} == listed
        assert all(model["latest_version"]["id"] for model in collection["models"])
        assert collection["models"]
    assert (await api.call("GET", "/v1/collections/nonsense"))[0] == 404


async def test_search_finds_models_and_collections(api):
    status, found, _ = await api.call("GET", "/v1/search", params={"query": "remove background", "limit": "2"})
    assert (status, found["query"], found["pages"]) == (200, "remove background", [])
    assert {one["model"]["name"] for one in found["models"]} == {"background-remover", "remove-bg"}
    assert all(one["metadata"]["score"] == 1 for one in found["models"])
    assert "remove-backgrounds" in [one["slug"] for one in found["collections"]]


async def test_search_wants_a_query_and_a_sensible_limit(api):
    status, problem, _ = await api.call("GET", "/v1/search")
    assert (status, problem) == (400, {"detail": 'Query parameter "query" is required'})
    for limit in ("0", "51", "many", "-1"):
        assert (await api.call("GET", "/v1/search", params={"query": "x", "limit": limit}))[0] == 422


async def test_nothing_is_ever_trained(api):
    assert (await api.call("GET", "/v1/trainings"))[1] == {"next": None, "previous": None, "results": []}
    for method, path in (("GET", "/v1/trainings/x"), ("POST", "/v1/trainings/x/cancel")):
        status, problem, headers = await api.call(method, path)
        assert (status, problem["status"]) == (404, 404)
        assert headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize(("method", "path", "what"), NOT_MODELLED)
async def test_what_is_documented_but_absent_says_so(api, method, path, what):
    status, problem, _ = await api.call(method, re.sub(r"\{\w+\}", "x", path))
    assert status == 501
    assert what in problem["detail"]
    assert "README" in problem["detail"]
