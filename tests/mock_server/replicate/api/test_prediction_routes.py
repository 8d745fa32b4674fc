import asyncio
import base64
import re

import pytest

from mock_server.replicate.scenario import Scenario
from mock_server.replicate.wire_format import version_id
from tests.support.waiting import eventually

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
CODEFORMER = f"sczhou/codeformer:{version_id('sczhou/codeformer')}"


async def test_a_create_answer_has_the_recorded_shape(api, mock):
    mock.control.scenario = Scenario(hold="starting")
    status, prediction, headers = await api.call(
        "POST",
        "/v1/predictions",
        json={
            "version": "acme/any",
            "input": {"prompt": "x"},
            "webhook": "https://bot.example/hook?job=1",
            "webhook_events_filter": ["completed"],
        },
    )
    assert status == 201
    assert re.fullmatch(r"[0-9a-z]{26}", prediction["id"])
    assert TIMESTAMP.fullmatch(prediction.pop("created_at"))
    api_url = f"{mock.base_url}/v1/predictions/{prediction['id']}"
    urls = prediction.pop("urls")
    assert urls.pop("web").endswith(prediction.pop("id"))
    assert re.fullmatch(rf"{mock.base_url}/v1/files/bcwr-[a-z2-7]{{52}}", urls.pop("stream"))
    assert urls == {"get": api_url, "cancel": f"{api_url}/cancel"}
    assert prediction == {
        "model": "acme/any",
        "version": "hidden",
        "input": {"prompt": "x"},
        "logs": "",
        "data_removed": False,
        "error": None,
        "source": "api",
        "status": "starting",
        "webhook": "https://bot.example/hook?job=1",
        "webhook_events_filter": ["completed"],
    }
    assert headers["ratelimit-remaining"] == "599"
    assert headers["ratelimit-reset"] == "1"


async def test_get_shows_null_for_what_is_unset_and_everything_at_the_end(api, mock):
    mock.control.scenario = Scenario(hold="starting")
    created = await api.create({"prompt": "x"})
    waiting = await api.get(created["id"])
    unset = {"output", "started_at", "completed_at", "metrics"}
    assert set(waiting) - set(created) == unset
    assert all(waiting[key] is None for key in unset)

    mock.control.release(created["id"])
    await mock.control.ended(created["id"])
    ended = await api.get(created["id"])
    assert ended["status"] == "succeeded"
    assert ended["output"].startswith(f"{mock.base_url}/output/")
    assert ended["metrics"].keys() == {"predict_time", "total_time"}
    assert TIMESTAMP.fullmatch(ended["started_at"])
    assert created["created_at"] <= ended["started_at"] <= ended["completed_at"]
    assert "Using seed:" in ended["logs"]
    assert re.search(r"^100%\|█{10}\| 10/10 \[", ended["logs"], re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "version", "model", "shown"),
    [
        ("/v1/predictions", version_id("sczhou/codeformer"), "sczhou/codeformer", version_id("sczhou/codeformer")),
        ("/v1/predictions", CODEFORMER, "sczhou/codeformer", version_id("sczhou/codeformer")),
        ("/v1/predictions", "google/nano-banana", "google/nano-banana", "hidden"),
        ("/v1/predictions", "acme/any:" + "ab" * 32, "acme/any", "ab" * 32),
        ("/v1/models/google/nano-banana/predictions", None, "google/nano-banana", "hidden"),
        ("/v1/models/acme/any/predictions", None, "acme/any", "hidden"),
        ("/v1/deployments/acme/codeformer/predictions", None, "sczhou/codeformer", version_id("sczhou/codeformer")),
        ("/v1/deployments/acme/mine/predictions", None, "acme/mine", version_id("acme/mine")),
    ],
)
async def test_every_way_to_name_a_model_runs_it(api, path, version, model, shown, picture):
    uri = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
    body = {"input": {"image": uri, "prompt": "x"}} | ({"version": version} if version else {})
    status, prediction, _ = await api.call("POST", path, json=body)
    assert (status, prediction["model"], prediction["version"]) == (201, model, shown)
    assert prediction.get("deployment") == ("/".join(path.split("/")[3:5]) if "deployments" in path else None)


async def test_a_version_seen_in_a_model_leads_back_to_it(api):
    _, model, _ = await api.call("GET", "/v1/models/acme/seen")
    prediction = await api.create({}, version=model["latest_version"]["id"])
    assert prediction["model"] == "acme/seen"


@pytest.mark.parametrize(
    ("path", "version", "status"),
    [
        ("/v1/predictions", "0" * 64, 422),
        ("/v1/predictions", "no version", 422),
        ("/v1/predictions", "missing/model", 422),
        ("/v1/predictions", "sczhou/codeformer", 422),
        ("/v1/models/missing/model/predictions", None, 404),
        ("/v1/models/sczhou/codeformer/predictions", None, 404),
    ],
)
async def test_what_cannot_be_run_is_refused_as_a_problem(api, path, version, status):
    answer, problem, headers = await api.call("POST", path, json={"version": version, "input": {"image": "https://x/"}})
    assert answer == status
    assert headers["Content-Type"].startswith("application/problem+json")
    if status == 422:
        assert problem["title"] == "Invalid version or not permitted"


async def test_an_input_that_breaks_the_schema_is_listed_field_by_field(api):
    status, problem, _ = await api.call(
        "POST",
        "/v1/models/black-forest-labs/flux-kontext-pro/predictions",
        json={"input": {"safety_tolerance": 7, "seed": "many", "output_format": "gif", "input_image": "nothing"}},
    )
    assert status == 422
    assert problem["title"] == "Input validation failed"
    assert problem["detail"].startswith("- input: prompt is required\n")
    assert {(fault["field"], fault["type"]) for fault in problem["invalid_fields"]} == {
        ("input", "required"),
        ("input.safety_tolerance", "number_lte"),
        ("input.seed", "invalid_type"),
        ("input.output_format", "enum"),
        ("input.input_image", "format"),
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": "acme/any"}, "(root)"),
        ({"input": {}}, "(root)"),
        ({"version": "acme/any", "input": []}, "input"),
        ({"version": "acme/any", "input": {}, "webhook": "ftp://x/"}, "webhook"),
        ({"version": "acme/any", "input": {}, "webhook": "http://[broken"}, "webhook"),
        ({"version": "acme/any", "input": {}, "webhook": 5}, "webhook"),
        ({"version": "acme/any", "input": {}, "webhook": "http://x:port/"}, "webhook"),
        ({"version": "acme/any", "input": {}, "webhook": "https:///path"}, "webhook"),
        ({"version": "acme/any", "input": {}, "webhook_events_filter": ["end"]}, "webhook_events_filter"),
        ({"version": "acme/any", "input": {"mock_scenario": "explode"}}, "input"),
        ({"version": "acme/any", "input": {"prompt": "[mock:delay_s=soon]"}}, "input"),
    ],
)
async def test_a_faulty_body_names_its_field(api, body, field):
    status, problem, _ = await api.call("POST", "/v1/predictions", json=body)
    assert (status, problem["invalid_fields"][0]["field"]) == (422, field)


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"\xff", b'{"input": NaN}', b"[" * 100_000])
async def test_a_body_that_is_no_object_is_a_bad_request(api, raw):
    status, problem, _ = await api.call("POST", "/v1/predictions", data=raw)
    assert (status, problem["status"]) == (400, 400)


async def test_a_body_above_the_limit_is_refused(start_mock, api_of):
    api = api_of(await start_mock(max_body_bytes=1000))
    status, problem, _ = await api.call("POST", "/v1/predictions", json={"version": "a/b", "input": {"p": "x" * 2000}})
    assert status == 413
    assert "must be less than" in problem["detail"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer  ", "Basic abc", "r8_test"])
async def test_a_call_without_a_token_is_unauthenticated(api, header):
    status, text, headers = await api.call("GET", "/v1/predictions", headers={"Authorization": header})
    assert status == 401
    assert text == {
        "title": "Unauthenticated",
        "detail": "You did not pass a valid authentication token",
        "status": 401,
    }
    assert headers["Content-Type"].startswith("application/problem+json")


async def test_problem_bodies_end_with_a_line_feed(mock, session):
    async with session.get(f"{mock.base_url}/v1/account") as answer:
        assert (await answer.read()).endswith(b"}\n")


async def test_only_the_configured_token_is_let_in_by_either_scheme(start_mock, api_of):
    api = api_of(await start_mock(api_token="r8_right"))
    answers = [
        (await api.call("GET", "/v1/account", headers={"Authorization": header}))[0]
        for header in ("Bearer r8_right", "Token r8_right", "Bearer r8_wrong", "Bearer r8_rightÿ")
    ]
    assert answers == [200, 200, 401, 401]


async def test_unknown_predictions_and_paths_are_404_problems(api):
    for method, path in [
        ("GET", "/v1/predictions/nope"),
        ("POST", "/v1/predictions/nope/cancel"),
        ("GET", "/v1/nonsense"),
    ]:
        status, problem, _ = await api.call(method, path)
        assert (status, problem["status"]) == (404, 404)


async def test_cancel_ends_a_running_prediction_at_once(api, mock):
    mock.control.scenario = Scenario(hold="processing")
    created = await api.create({})
    await eventually(lambda: mock.control.status(created["id"]) == "processing")
    status, prediction, _ = await api.call("POST", f"/v1/predictions/{created['id']}/cancel")
    assert (status, prediction["status"]) == (200, "canceled")
    assert prediction["completed_at"]
    assert prediction["metrics"]["predict_time"] >= 0
    mock.control.release()
    await mock.control.idle()
    assert (await api.get(created["id"]))["status"] == "canceled"


async def test_cancel_leaves_an_ended_prediction_unchanged(api):
    ended = await api.finish({})
    status, prediction, _ = await api.call("POST", f"/v1/predictions/{ended['id']}/cancel")
    assert (status, prediction) == (200, ended)


async def test_prefer_wait_answers_with_data_uris_before_the_status_catches_up(api, picture_url):
    status, answer, headers = await api.call(
        "POST",
        "/v1/predictions",
        json={"version": "acme/any", "input": {"image": picture_url}},
        headers={"Prefer": "wait=10"},
    )
    assert (status, headers["Preference-Applied"]) == (201, "wait=10")
    assert answer["status"] == "processing"
    assert answer["output"].startswith("data:image/jpeg;base64,")
    assert "completed_at" not in answer
    assert (await api.get(answer["id"]))["output"].startswith("http://")


async def test_prefer_wait_shows_a_failure_as_it_is(api):
    _, answer, headers = await api.call(
        "POST",
        "/v1/predictions",
        json={"version": "acme/any", "input": {"prompt": "[mock:fail=boom]"}},
        headers={"Prefer": "wait"},
    )
    assert (answer["status"], answer["error"], headers["Preference-Applied"]) == ("failed", "boom", "wait")


async def test_prefer_wait_that_runs_out_shows_a_prediction_that_starts_even_when_it_runs(api, mock):
    mock.control.scenario = Scenario(hold="processing")
    call = asyncio.create_task(
        api.call("POST", "/v1/predictions", json={"version": "acme/any", "input": {}}, headers={"Prefer": "wait=500"})
    )
    await eventually(lambda: [one for one in mock.control.predictions() if one.status == "processing"])
    mock.control.advance(60)
    status, answer, headers = await call
    assert (status, answer["status"], headers["Location"]) == (202, "starting", answer["urls"]["get"])
    assert headers["Preference-Applied"] == "wait=500"
    assert "output" not in answer


@pytest.mark.parametrize("shape", ["list", "object"])
async def test_prefer_wait_inlines_every_file_of_an_output(api, shape):
    body = {"version": "acme/any", "input": {"num_outputs": 2, "mock_scenario": {"output_as": shape}}}
    _, answer, _ = await api.call("POST", "/v1/predictions", json=body, headers={"Prefer": "wait"})
    files = answer["output"] if shape == "list" else [answer["output"][name] for name in ("image", "image_1")]
    assert len(files) == 2
    assert all(file.startswith("data:image/jpeg;base64,") for file in files)


async def test_cancel_after_sets_a_deadline(api, mock, start_mock):
    status, prediction, _ = await api.call(
        "POST",
        "/v1/predictions",
        json={"version": "acme/any", "input": {"mock_scenario": "hold=starting"}},
        headers={"Cancel-After": "1h30m45s"},
    )
    assert status == 201
    assert prediction["deadline"][:13] != prediction["created_at"][:13]


@pytest.mark.parametrize(("hold", "end"), [("starting", "aborted"), ("processing", "canceled")])
async def test_a_deadline_aborts_what_never_started_and_cancels_what_runs(api, mock, hold, end):
    _, prediction, _ = await api.call(
        "POST",
        "/v1/predictions",
        json={"version": "acme/any", "input": {"mock_scenario": {"hold": hold}}},
        headers={"Cancel-After": "5m"},
    )
    await eventually(lambda: mock.control.status(prediction["id"]) == hold)
    mock.control.advance(299)
    assert mock.control.status(prediction["id"]) == hold
    mock.control.advance(2)
    assert (await mock.control.ended(prediction["id"])).status == end


async def test_a_run_of_half_an_hour_times_out(api, mock):
    created = await api.create({"mock_scenario": "hold=processing"})
    await eventually(lambda: mock.control.status(created["id"]) == "processing")
    mock.control.advance(1801)
    await mock.control.ended(created["id"])
    ended = await api.get(created["id"])
    assert (ended["status"], ended["error"]) == ("failed", "Prediction timed out.")
    assert ended["metrics"]["predict_time"] >= 1800


@pytest.mark.parametrize("header", ["4s", "soon", "", "1d"])
async def test_a_deadline_too_short_or_unreadable_is_refused(api, header):
    status, _, _ = await api.call(
        "POST", "/v1/predictions", json={"version": "acme/any", "input": {}}, headers={"Cancel-After": header}
    )
    assert status == 422


async def test_pages_hold_a_hundred_newest_first_and_link_both_ways(api, mock):
    mock.control.scenario = Scenario(hold="starting")
    ids = [(await api.create({"number": number}))["id"] for number in range(205)]
    _, first, _ = await api.call("GET", "/v1/predictions")
    assert first["next"].startswith(f"{mock.base_url}/v1/predictions?cursor=")
    assert first["previous"] is None
    assert first["results"][0]["input"] == {"number": 204}
    newer = (await api.create({}))["id"]
    _, second, _ = await api.call("GET", first["next"])
    _, third, _ = await api.call("GET", second["next"])
    seen = [row["id"] for page in (first, second, third) for row in page["results"]]
    assert seen == ids[::-1]
    assert third["next"] is None
    _, back, _ = await api.call("GET", second["previous"])
    assert [row["id"] for row in back["results"]] == [row["id"] for row in first["results"]]
    _, top, _ = await api.call("GET", back["previous"])
    assert [row["id"] for row in top["results"]] == [newer]


async def test_the_list_is_narrowed_by_time_and_source(start_mock, api_of, clock):
    api = api_of(await start_mock(clock=clock))
    first = await api.create({})
    clock.now += 60
    second = await api.create({})

    async def listed(**query: str) -> list[str]:
        status, page, _ = await api.call("GET", "/v1/predictions", params=query)
        assert status == 200
        return [row["id"] for row in page["results"]]

    assert await listed(created_after=second["created_at"]) == [second["id"]]
    assert await listed(created_before=second["created_at"]) == [first["id"]]
    assert await listed(source="web") == []
    assert (await api.call("GET", "/v1/predictions", params={"created_after": "today"}))[0] == 422
    assert (await api.call("GET", "/v1/predictions", params={"source": "me"}))[0] == 422
    assert (await api.call("GET", "/v1/predictions", params={"cursor": "x"}))[0] == 404


async def test_an_hour_after_the_end_the_data_are_removed(start_mock, api_of, clock):
    api = api_of(await start_mock(clock=clock))
    ended = await api.finish({"prompt": "private"})
    clock.now += 3599
    assert (await api.get(ended["id"]))["input"] == {"prompt": "private"}
    clock.now += 1
    removed = await api.get(ended["id"])
    assert (removed["input"], removed["output"], removed["logs"]) == ({}, None, "")
    assert removed["data_removed"] is True
    assert removed["metrics"] == ended["metrics"]


async def test_creates_above_the_rate_are_throttled_until_time_passes(start_mock, api_of, clock):
    api = api_of(await start_mock(clock=clock, rate_limit_creates_per_min=2))
    await api.create({})
    await api.create({})
    status, problem, headers = await api.call("POST", "/v1/predictions", json={"version": "a/b", "input": {}})
    assert status == 429
    assert problem == {"detail": "Request was throttled. Your rate limit resets in ~30s."}
    assert headers["ratelimit-remaining"] == "0"
    assert (await api.call("GET", "/v1/predictions"))[0] == 200
    clock.now += 30
    await api.create({})


async def test_the_oldest_ended_predictions_are_forgotten_first(start_mock, api_of):
    mock = await start_mock(max_predictions=3)
    api = api_of(mock)
    held = await api.create({"mock_scenario": "hold=starting"})
    ended = [(await api.finish({}))["id"] for _ in range(3)]
    left = {prediction.id for prediction in mock.control.predictions()}
    assert left == {held["id"], *ended[1:]}
