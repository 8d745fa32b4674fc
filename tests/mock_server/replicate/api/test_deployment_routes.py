import pytest

from mock_server.replicate.wire_format import version_id

VERSION = version_id("sczhou/codeformer")
WANTED = {
    "name": "restorer",
    "model": "sczhou/codeformer",
    "version": VERSION,
    "hardware": "gpu-t4",
    "min_instances": 0,
    "max_instances": 3,
}


async def created(api, **changes):
    status, deployment, _ = await api.call("POST", "/v1/deployments", json=WANTED | changes)
    assert status == 200, deployment
    return deployment


async def test_a_deployment_is_created_changed_and_deleted(api):
    deployment = await created(api)
    release = deployment["current_release"]
    assert (deployment["owner"], deployment["name"], release["number"]) == ("mock", "restorer", 1)
    assert release["configuration"] == {"hardware": "gpu-t4", "min_instances": 0, "max_instances": 3}
    assert (release["model"], release["version"], release["created_by"]["username"]) == (
        "sczhou/codeformer",
        VERSION,
        "mock",
    )
    assert (await api.call("GET", "/v1/deployments/mock/restorer"))[1] == deployment

    status, changed, _ = await api.call(
        "PATCH", "/v1/deployments/mock/restorer", json={"max_instances": 5, "hardware": "cpu"}
    )
    assert (status, changed["current_release"]["number"]) == (200, 2)
    assert changed["current_release"]["configuration"] == {"hardware": "cpu", "min_instances": 0, "max_instances": 5}
    assert (await api.call("DELETE", "/v1/deployments/mock/restorer"))[0] == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert (await api.call(method, "/v1/deployments/mock/restorer"))[0] == 404


async def test_a_deployment_runs_its_model_and_version(api, picture_url):
    await created(api, version="ab" * 32)
    _, prediction, _ = await api.call(
        "POST", "/v1/deployments/mock/restorer/predictions", json={"input": {"image": picture_url}}
    )
    shown = (prediction["model"], prediction["version"], prediction["deployment"])
    assert shown == ("sczhou/codeformer", "ab" * 32, "mock/restorer")
    assert (await api.call("POST", "/v1/deployments/mock/other/predictions", json={"input": {}}))[0] == 404


async def test_deployments_of_others_are_implied(api):
    status, deployment, _ = await api.call("GET", "/v1/deployments/acme/codeformer")
    assert (status, deployment["current_release"]["model"]) == (200, "sczhou/codeformer")
    assert (await api.call("GET", "/v1/deployments/acme/mine"))[1]["current_release"]["model"] == "acme/mine"
    assert (await api.call("DELETE", "/v1/deployments/acme/mine"))[0] == 404
    assert (await api.call("GET", "/v1/deployments/missing/mine"))[0] == 404


async def test_the_list_comes_in_pages_newest_release_first(start_mock, api_of):
    api = api_of(await start_mock(page_size=2))
    for name in ("a", "b", "c"):
        await created(api, name=name)
    await api.call("PATCH", "/v1/deployments/mock/a", json={})
    _, first, _ = await api.call("GET", "/v1/deployments")
    _, second, _ = await api.call("GET", first["next"])
    assert [row["name"] for page in (first, second) for row in page["results"]] == ["a", "c", "b"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": "not a name"},
        {"name": 5},
        {"hardware": "abacus"},
        {"min_instances": 6},
        {"max_instances": 21},
        {"max_instances": True},
        {"max_instances": "3"},
        {"version": "0" * 64},
        {"version": "x"},
        {"model": "missing/model"},
    ],
)
async def test_an_impossible_deployment_is_refused_and_not_kept(api, change):
    status, problem, _ = await api.call("POST", "/v1/deployments", json=WANTED | change)
    assert (status, problem["status"]) == (422, 422)
    assert (await api.call("GET", "/v1/deployments"))[1]["results"] == []


async def test_a_name_is_taken_once_and_a_change_is_checked(api):
    await created(api)
    assert (await api.call("POST", "/v1/deployments", json=WANTED))[0] == 422
    assert (await api.call("PATCH", "/v1/deployments/mock/restorer", json={"hardware": "abacus"}))[0] == 422
    assert (await api.call("PATCH", "/v1/deployments/mock/restorer", json={"version": "x"}))[0] == 422
