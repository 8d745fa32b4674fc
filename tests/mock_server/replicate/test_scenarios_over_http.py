"""Every scenario field that concerns the create call, the outcome or the output, seen from outside."""

import asyncio
import io

import aiohttp
import pytest
from PIL import Image

from mock_server.replicate.scenario import FAILURE_TEXTS, Scenario
from tests.support.waiting import eventually, loop_turns

CREATE = {"version": "acme/any", "input": {}}


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (401, "Unauthenticated"),
        (402, "Insufficient credit"),
        (404, None),
        (409, None),
        (422, "Invalid version or not permitted"),
        (500, "Internal server error"),
        (503, "Service unavailable"),
    ],
)
async def test_a_create_can_be_refused_with_any_error(api, mock, status, title):
    mock.control.scenario = Scenario(create_status=status)
    answer, problem, headers = await api.call("POST", "/v1/predictions", json=CREATE)
    assert (answer, problem.get("title")) == (status, title)
    assert headers["Content-Type"].startswith("application/problem+json")
    assert mock.control.predictions() == ()


async def test_throttling_can_tell_the_wait_in_four_ways(api, mock):
    answers = {}
    for where in ("header", "body", "text", "nowhere"):
        mock.control.next_scenario(Scenario(create_status=429, retry_after_s=9, retry_after_in=where))
        status, problem, headers = await api.call("POST", "/v1/predictions", json=CREATE)
        assert status == 429
        answers[where] = (headers.get("Retry-After"), problem.get("retry_after"), "~9s" in problem["detail"])
    assert answers == {
        "header": ("9", None, False),
        "body": (None, 9, True),
        "text": (None, None, True),
        "nowhere": (None, None, False),
    }


async def test_an_error_can_be_a_page_of_html(api, mock):
    mock.control.scenario = Scenario(create_status=502, create_html=True)
    status, text, headers = await api.call("POST", "/v1/predictions", json=CREATE)
    assert (status, headers["Content-Type"].split(";")[0]) == (502, "text/html")
    assert text.startswith("<!DOCTYPE html>")


async def test_a_slow_create_runs_before_it_answers(api, mock):
    mock.control.scenario = Scenario(create_delay_s=30)
    call = asyncio.create_task(api.call("POST", "/v1/predictions", json=CREATE))
    await eventually(lambda: [p for p in mock.control.predictions() if p.status == "succeeded"])
    assert not call.done()
    call.cancel()
    await asyncio.wait({call})


async def test_a_dropped_create_runs_without_an_answer(api, mock):
    mock.control.scenario = Scenario(create_dropped=True)
    with pytest.raises(aiohttp.ClientConnectionError):
        await api.call("POST", "/v1/predictions", json=CREATE)
    (prediction,) = mock.control.predictions()
    assert (await mock.control.ended(prediction.id)).status == "succeeded"
    await eventually(lambda: mock.control.calls)
    assert mock.control.calls[0].status is None


@pytest.mark.parametrize("kind", [*FAILURE_TEXTS, "my own words"])
async def test_a_prediction_can_fail_with_a_message(api, kind):
    ended = await api.finish({"prompt": f"a cat [mock:fail={kind}]"})
    assert (ended["status"], ended["error"]) == ("failed", FAILURE_TEXTS.get(kind, kind))
    assert ended["output"] is None


@pytest.mark.parametrize("end", ["canceled", "aborted"])
async def test_a_prediction_can_end_by_itself(api, end):
    ended = await api.finish({"mock_scenario": {"end": end}})
    assert (ended["status"], ended["error"], ended["output"]) == (end, None, None)
    assert (ended["started_at"] is None) == (end == "aborted")
    assert ("predict_time" in ended["metrics"]) == (end == "canceled")


async def test_the_delay_can_be_overridden(start_mock, api_of):
    mock = await start_mock(delay_s=(3600, 3600))
    assert (await api_of(mock).finish({"mock_scenario": "delay_s=0"}))["status"] == "succeeded"


@pytest.mark.parametrize("status", ["starting", "processing"])
async def test_a_held_prediction_waits_for_its_release(api, mock, status):
    mock.control.scenario = Scenario(hold=status)
    first, second = await api.create({}), await api.create({})
    await eventually(lambda: mock.control.status(first["id"]) == status)
    assert mock.control.release(first["id"]) == 1
    assert (await mock.control.ended(first["id"])).status == "succeeded"
    assert mock.control.status(second["id"]) == status
    assert mock.control.release() == 1
    assert mock.control.release() == 0
    await mock.control.ended(second["id"])


async def test_a_request_wins_over_the_queue_and_the_queue_over_the_global_scenario(api, mock):
    mock.control.scenario = Scenario(fail="global")
    mock.control.next_scenario(Scenario(fail="queued", delay_s=0.001), count=2)
    errors = [
        (await api.finish(model_input))["error"]
        for model_input in ({}, {"prompt": "[mock:fail=asked]"}, {}, {"mock_scenario": {"fail": None}})
    ]
    assert errors == ["queued", "asked", "global", None]


async def test_an_output_can_be_a_data_uri(api):
    ended = await api.finish({"mock_scenario": {"output": "data_uri"}})
    assert ended["output"].startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("url", 200, "image/jpeg"),
        ("gone", 404, "text/plain"),
        ("html", 200, "text/html"),
        ("redirect", 302, "application/octet-stream"),
    ],
)
async def test_an_output_url_can_misbehave(api, kind, status, content_type):
    ended = await api.finish({"mock_scenario": {"output": kind}})
    answer = await api.bytes_at(ended["output"])
    assert answer[:2] == (status, content_type)


async def test_a_redirecting_output_names_the_other_host(api, session):
    asked = {"output": "redirect", "output_redirect_to": "http://other.invalid/x.png"}
    ended = await api.finish({"mock_scenario": asked})
    async with session.get(ended["output"], allow_redirects=False) as answer:
        assert answer.headers["Location"] == "http://other.invalid/x.png"


@pytest.mark.parametrize(("kind", "length"), [("too_large", "300000"), ("endless", None)])
async def test_a_huge_output_declares_its_length_or_not(api, session, kind, length):
    ended = await api.finish({"mock_scenario": {"output": kind, "output_bytes": 300_000}})
    async with session.get(ended["output"]) as answer:
        assert answer.headers.get("Content-Length") == length
        assert len(await answer.read()) == 300_000


async def test_a_client_may_turn_away_from_a_huge_output(api, mock, session):
    ended = await api.finish({"mock_scenario": {"output": "endless", "output_bytes": 2**40}})
    answer = await session.get(ended["output"])
    assert await answer.content.read(1000)
    answer.close()
    await eventually(lambda: [call for call in mock.control.calls if call.path.startswith("/output/")])


async def test_a_corrupt_output_is_half_a_picture(api):
    ended = await api.finish({"mock_scenario": {"output": "corrupt"}})
    status, content_type, body = await api.bytes_at(ended["output"])
    assert (status, content_type) == (200, "image/jpeg")
    with pytest.raises(OSError, match="truncated"), Image.open(io.BytesIO(body)) as picture:
        picture.load()


async def test_an_output_url_expires(start_mock, api_of, clock):
    mock = await start_mock(clock=clock, output_ttl_s=100)
    api = api_of(mock)
    ended = await api.finish({})
    clock.now += 99
    assert (await api.bytes_at(ended["output"]))[0] == 200
    clock.now += 1
    assert (await api.bytes_at(ended["output"]))[0] == 404
    later = await api.finish({})
    assert (await api.bytes_at(later["output"]))[0] == 200


async def test_an_output_can_look_like_replicate_s_own_and_be_an_input_again(api, mock, session):
    ended = await api.finish({"mock_scenario": {"output": "https"}})
    assert ended["output"].startswith("https://replicate.delivery/xezq/")
    path = ended["output"].removeprefix("https://replicate.delivery")
    assert (await api.bytes_at(mock.base_url + path))[:2] == (200, "image/jpeg")
    again = await api.finish({"image": ended["output"]})
    assert (again["status"], again["error"]) == ("succeeded", None)
    waited = {"version": "acme/any", "input": {"mock_scenario": {"output": "https"}}}
    _, answer, _ = await api.call("POST", "/v1/predictions", json=waited, headers={"Prefer": "wait"})
    assert answer["output"].startswith("data:image/jpeg;base64,")


async def test_a_slow_output_dribbles(api, mock, session):
    ended = await api.finish({"mock_scenario": {"output": "slow", "output_slow_s": 1000}})
    mock.control.run_at(10_000)
    asked_at = mock.control.now
    async with session.get(ended["output"]) as answer:
        body = await answer.read()
    assert mock.control.now >= asked_at + 1000
    with Image.open(io.BytesIO(body)) as picture:
        picture.load()


async def test_the_api_can_be_down_or_slow_while_creating_works(api, mock):
    created = await api.finish({})
    mock.control.scenario = Scenario(api_status=503)
    for method, path in (("GET", "/v1/predictions"), ("POST", f"/v1/predictions/{created['id']}/cancel")):
        status, problem, _ = await api.call(method, path)
        assert (status, problem["title"]) == (503, "Service unavailable")
    await api.create({})
    mock.control.scenario = Scenario(api_status=429, retry_after_in="header", retry_after_s=4, api_delay_s=100)
    mock.control.run_at(1000)
    asked_at = mock.control.now
    status, _, headers = await api.call("GET", "/v1/account")
    assert mock.control.now >= asked_at + 100
    assert (status, headers["Retry-After"]) == (429, "4")


async def test_a_queue_and_a_cold_start_come_before_the_start(api, mock):
    mock.control.scenario = Scenario(queue_s=100, cold_start_s=1000)
    first, second, other = [await api.create({}, model) for model in ("acme/any", "acme/any", "acme/other")]
    mock.control.advance(101)
    await mock.control.ended(second["id"])
    assert {mock.control.status(one["id"]) for one in (first, other)} == {"starting"}
    mock.control.advance(1000)
    assert (await mock.control.ended(first["id"])).status == "succeeded"
    await mock.control.ended(other["id"])
    mock.control.advance(400)
    cold_again = await api.create({}, "acme/any")
    mock.control.advance(101)
    await loop_turns()
    assert mock.control.status(cold_again["id"]) == "starting"


async def test_an_output_needs_its_whole_path_and_no_token(api):
    ended = await api.finish({})
    assert (await api.bytes_at(ended["output"]))[0] == 200
    token = ended["output"].split("/")[4]
    assert (await api.bytes_at(ended["output"].replace(token, "guessed")))[0] == 404
