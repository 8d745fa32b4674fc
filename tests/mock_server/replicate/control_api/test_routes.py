import asyncio

import pytest

from mock_server.replicate.scenario import Scenario
from tests.support.waiting import eventually


async def test_the_global_scenario_is_set_shown_and_reset(api, mock):
    status, shown, _ = await api.call("PUT", "/_mock/scenario", json={"fail": "oom", "webhook_copies": 2})
    assert (status, shown["scenario"]["fail"]) == (200, "oom")
    assert mock.control.scenario == Scenario(fail="oom", webhook_copies=2)
    await api.call("PUT", "/_mock/scenario", json={})
    _, shown, _ = await api.call("GET", "/_mock/scenario")
    assert (shown["scenario"]["fail"], shown["next"]) == (None, [])


async def test_scenarios_are_queued_for_the_next_creates(api, mock):
    body = {"count": 2, "scenario": {"create_status": 429}}
    assert (await api.call("POST", "/_mock/scenario/next", json=body))[0] == 200
    assert mock.control.queued_scenarios == (Scenario(create_status=429),) * 2
    answers = [
        (await api.call("POST", "/v1/predictions", json={"version": "acme/any", "input": {}}))[0] for _ in range(3)
    ]
    assert answers == [429, 429, 201]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/_mock/scenario", {"explode": True}),
        ("PUT", "/_mock/scenario", {"create_status": 200}),
        ("POST", "/_mock/scenario/next", {"count": 0}),
        ("POST", "/_mock/scenario/next", {"count": True}),
        ("POST", "/_mock/scenario/next", {"scenario": "fail"}),
        ("PUT", "/_mock/scenario", {"like": "nonsense"}),
        ("POST", "/_mock/time", {"advance_s": -1}),
        ("POST", "/_mock/time", {"advance_s": "1"}),
        ("POST", "/_mock/time", {"speed": 0}),
        ("POST", "/_mock/time", {"speed": True}),
        ("GET", "/_mock/journal?since=yesterday", None),
        ("POST", "/_mock/files/x/link", {"expires_in_s": 0}),
    ],
)
async def test_an_impossible_wish_is_refused_in_a_sentence(api, mock, method, path, body):
    status, answer, _ = await api.call(method, path, json=body)
    assert status == 400
    assert " " in answer["error"]
    assert mock.control.scenario == Scenario()
    assert mock.control.queued_scenarios == ()


async def test_held_predictions_are_released_over_http(api, mock):
    mock.control.scenario = Scenario(hold="starting")
    first, second = await api.create({}), await api.create({})
    assert (await api.call("POST", f"/_mock/release/{first['id']}"))[1] == {"released": 1}
    assert (await api.call("POST", "/_mock/release"))[1] == {"released": 1}
    assert (await api.call("POST", "/_mock/release/nope"))[0] == 404
    assert (await mock.control.ended(second["id"])).status == "succeeded"


async def test_the_journal_shows_calls_and_deliveries_but_neither_tokens_nor_pictures(api, mock, receiver):
    uri = "data:image/png;base64," + "A" * 5000
    await api.finish({"image": uri}, webhook=receiver.url)
    await mock.control.idle()
    _, journal, _ = await api.call("GET", "/_mock/journal")
    create = journal["calls"][0]
    assert (create["method"], create["path"], create["status"]) == ("POST", "/v1/predictions", 201)
    assert create["body"]["input"]["image"].endswith("… (5022 characters)")
    assert [delivery["event"] for delivery in journal["deliveries"]] == ["completed"]
    assert "r8_test" not in str(journal)
    assert mock.webhook_secret not in str(journal)


async def test_the_journal_is_bounded(start_mock, api_of):
    mock = await start_mock(journal_size=3)
    for _ in range(5):
        await api_of(mock).call("GET", "/v1/account")
    assert len(mock.control.calls) == 3


async def test_a_webhook_is_sent_again_over_http(api, mock, receiver):
    ended = await api.finish({}, webhook=receiver.url, webhook_events_filter=["completed"])
    assert (await api.call("POST", f"/_mock/webhooks/{ended['id']}/resend"))[1] == {"sent": True}
    await mock.control.idle()
    assert len(receiver.webhooks) == 2


async def test_outputs_are_made_to_expire(api):
    ended = await api.finish({})
    await api.call("POST", "/_mock/outputs/expire")
    assert (await api.bytes_at(ended["output"]))[0] == 404


async def test_reset_stops_and_forgets_everything(api, mock, receiver):
    ended = await api.finish({}, webhook=receiver.url)
    mock.control.scenario = Scenario(hold="processing", fail="x")
    mock.control.next_scenario(Scenario(hold="starting"))
    held = await api.create({})
    assert (await api.call("POST", "/_mock/reset"))[0] == 200
    assert mock.control.predictions() == ()
    assert mock.control.calls == ()
    assert mock.control.scenario == Scenario()
    assert (await api.bytes_at(ended["output"]))[0] == 404
    assert (await api.call("GET", f"/v1/predictions/{held['id']}"))[0] == 404
    assert (await api.finish({}))["status"] == "succeeded"


async def test_reset_lets_go_of_a_waiting_create(api, mock, session):
    mock.control.scenario = Scenario(hold="starting")
    body = {"version": "acme/any", "input": {}}
    call = asyncio.create_task(api.call("POST", "/v1/predictions", json=body, headers={"Prefer": "wait"}))
    await eventually(mock.control.predictions)
    await mock.control.reset()
    assert (await call)[1]["status"] == "starting"


async def test_an_unknown_control_path_is_not_found(api):
    assert (await api.call("GET", "/_mock/nonsense"))[0] == 404


async def test_a_named_scenario_is_set_by_its_name_and_changed_by_fields(api, mock):
    _, named, _ = await api.call("GET", "/_mock/scenarios")
    assert {"name": "slow", "label": "Slow: 20 s for a photo", "fields": {"delay_s": 20}} in named["scenarios"]
    await api.call("PUT", "/_mock/scenario", json={"like": "slow", "webhook_copies": 2})
    assert mock.control.scenario == Scenario(delay_s=20, webhook_copies=2)
    await api.call("POST", "/_mock/scenario/next", json={"scenario": {"like": "oom"}})
    assert mock.control.queued_scenarios == (Scenario(fail="oom"),)


async def test_reset_goes_back_to_the_scenario_of_the_start(start_mock, api_of):
    mock = await start_mock(scenario=Scenario(fail="oom"))
    mock.control.scenario = Scenario()
    await api_of(mock).call("POST", "/_mock/reset")
    assert (await api_of(mock).finish({}))["error"].startswith("CUDA out of memory")


async def test_time_is_pushed_ahead_and_made_faster_over_http(api, mock):
    created = await api.create({"mock_scenario": "delay_s=1000"})
    _, before, _ = await api.call("GET", "/_mock/time")
    _, after, _ = await api.call("POST", "/_mock/time", json={"advance_s": 201})
    assert after["now"] - before["now"] >= 201
    await eventually(lambda: mock.control.status(created["id"]) == "processing")
    _, faster, _ = await api.call("POST", "/_mock/time", json={"speed": 10_000})
    assert faster["speed"] == 10_000
    ended = await mock.control.ended(created["id"])
    assert ended.metrics["total_time"] >= 1000


async def test_an_hour_ahead_outputs_and_data_are_gone_and_reset_brings_time_back(api, mock):
    ended = await api.finish({"prompt": "private"})
    await api.call("POST", "/_mock/time", json={"advance_s": 3600})
    assert (await api.bytes_at(ended["output"]))[0] == 404
    assert (await api.get(ended["id"]))["data_removed"] is True
    await api.call("POST", "/_mock/reset")
    later = await api.finish({})
    assert later["created_at"][:13] == ended["created_at"][:13]
    assert (await api.call("GET", "/v1/account"))[0] == 200


async def test_the_journal_can_leave_out_what_is_older(start_mock, api_of, clock):
    api = api_of(await start_mock(clock=clock))
    await api.call("GET", "/v1/account")
    clock.now += 10
    await api.call("GET", "/v1/hardware")
    _, journal, _ = await api.call("GET", "/_mock/journal", params={"since": str(clock.now)})
    assert [call["path"] for call in journal["calls"]] == ["/v1/hardware"]
    assert journal["calls"][0]["took_s"] >= 0
