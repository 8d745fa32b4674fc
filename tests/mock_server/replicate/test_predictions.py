import random

import pytest

from mock_server.replicate.progress import progress_line
from mock_server.replicate.scenario import Scenario
from tests.support.waiting import eventually


async def seeds_and_bytes(mock, api):
    seeds, bodies = [], []
    for _ in range(3):
        ended = await api.finish({"prompt": "a cat"})
        seeds.append(ended["logs"].splitlines()[0])
        bodies.append((await api.bytes_at(ended["output"]))[2])
    return seeds, bodies


async def test_one_random_seed_gives_one_sequence_of_results_but_new_ids(start_mock, api_of):
    first, second, other = [await start_mock(random_seed=seed) for seed in (5, 5, 6)]
    results = [await seeds_and_bytes(mock, api_of(mock)) for mock in (first, second, other)]
    assert results[0] == results[1]
    assert results[0] != results[2]
    ids = [{prediction.id for prediction in mock.control.predictions()} for mock in (first, second)]
    assert ids[0].isdisjoint(ids[1])


async def test_the_asked_for_seed_is_used(api):
    ended = [await api.finish({"prompt": "a cat", "seed": 42}) for _ in range(2)]
    assert all(one["logs"].startswith("Using seed: 42\n") for one in ended)
    bodies = [(await api.bytes_at(one["output"]))[2] for one in ended]
    assert bodies[0] == bodies[1]


async def test_a_life_takes_the_drawn_delay(start_mock, api_of):
    mock = await start_mock(delay_s=(0.02, 0.02))
    metrics = (await api_of(mock).finish({}))["metrics"]
    assert metrics["total_time"] >= 0.02
    assert 0 < metrics["predict_time"] <= metrics["total_time"]


async def test_list_models_give_lists_as_long_as_asked_for(api):
    asked = {"prompt": "x", "size": "1K", "sequential_image_generation": "auto", "max_images": 3}
    several = await api.finish(asked, "bytedance/seedream-4")
    assert [url.rsplit("/", 1)[1] for url in several["output"]] == ["0.jpg", "1.jpg", "2.jpg"]
    assert len({(await api.bytes_at(url))[2] for url in several["output"]}) == 3
    one = await api.finish({"prompt": "x", "size": "1K", "max_images": 3}, "bytedance/seedream-4")
    assert len(one["output"]) == 1
    assert len((await api.finish({"num_outputs": 4}))["output"]) == 4


async def test_the_output_format_is_what_was_asked_for(api):
    jpg = await api.finish({"prompt": "x", "output_format": "jpg"}, "black-forest-labs/flux-kontext-pro")
    png = await api.finish({"prompt": "x"}, "black-forest-labs/flux-kontext-pro")
    kinds = [(await api.bytes_at(one["output"]))[1] for one in (jpg, png)]
    assert kinds == ["image/jpeg", "image/png"]


async def test_a_text_grows_piece_by_piece(api, mock, receiver):
    ended = await api.finish(
        {"prompt": "tell me all"}, "openai/o4-mini", webhook=receiver.url, webhook_events_filter=["output"]
    )
    await mock.control.idle()
    lengths = [len(webhook.body["output"]) for webhook in receiver.webhooks]
    assert lengths == sorted(set(lengths))
    assert lengths[-1] == len(ended["output"])
    assert "".join(ended["output"]).endswith("You asked: tell me all")
    assert ended["logs"] == ""
    metrics = ended["metrics"]
    assert metrics["output_token_count"] == len(ended["output"])
    assert metrics["input_token_count"] > 0
    assert {"time_to_first_token", "tokens_per_second", "predict_time", "total_time"} < set(metrics)


async def test_a_text_has_no_more_pieces_than_asked_for(api):
    ended = await api.finish({"prompt": "tell me all", "max_completion_tokens": 5}, "openai/o4-mini")
    assert len(ended["output"]) == 5


@pytest.mark.parametrize(
    ("shape", "kind"), [("string", str), ("list", list), ("object", dict), ("text", list), (None, str)]
)
async def test_an_output_takes_the_shape_a_scenario_asks_for(api, picture_url, shape, kind):
    ended = await api.finish({"image": picture_url, "mock_scenario": {"output_as": shape}})
    assert isinstance(ended["output"], kind)
    if shape == "object":
        assert (await api.bytes_at(ended["output"]["image"]))[0] == 200
    if shape == "text":
        assert "160 by 120 pixels" in "".join(ended["output"])


async def test_progress_follows_the_steps_asked_for_and_stops_where_a_run_fails(api):
    ended = await api.finish({"steps": 30})
    shown = [line for line in ended["logs"].splitlines() if "|" in line]
    assert [line.split("|")[0].strip() for line in shown] == [f"{percent}%" for percent in range(0, 101, 10)]
    assert shown[0].endswith("| 0/30 [00:00<?, ?it/s]")
    assert " 30/30 " in shown[-1]
    failed = await api.finish({"steps": 30, "mock_scenario": "oom"})
    assert " 40%" in failed["logs"]
    assert " 50%" not in failed["logs"]


async def test_metrics_of_a_cancel_before_the_start_have_no_run_time(api, mock):
    mock.control.scenario = Scenario(hold="starting")
    created = await api.create({})
    _, canceled, _ = await api.call("POST", f"/v1/predictions/{created['id']}/cancel")
    assert canceled["metrics"].keys() == {"total_time"}
    assert canceled["started_at"] is None


async def test_many_predictions_at_once_all_end(api, mock):
    for _ in range(40):
        await api.create({"prompt": "x"})
    await eventually(lambda: all(one.is_terminal for one in mock.control.predictions()), within=30)
    assert {one.status for one in mock.control.predictions()} == {"succeeded"}


@pytest.mark.parametrize(
    "hostile",
    [
        {"seed": 10**400},
        {"seed": -1},
        {"scale": 10**400},
        {"scale": -5, "upscale": True},
        {"prompt": "\ud800 half a pair"},
        {"prompt": "x" * 100_000},
        {"num_outputs": 10**9},
        {"num_outputs": "many", "background_type": [1, 2, 3]},
        {"output_format": {"a": 1}},
    ],
)
async def test_hostile_values_neither_crash_nor_hang_a_model(api, picture_url, hostile):
    for model in ("acme/any", "black-forest-labs/flux-kontext-pro"):
        body = {"version": model, "input": {"image": picture_url, "prompt": "x"} | hostile}
        status, prediction, _ = await api.call("POST", "/v1/predictions", json=body)
        if status == 201:
            await api.mock.control.ended(prediction["id"])
            assert (await api.get(prediction["id"]))["status"] == "succeeded"
        else:
            assert status == 422


async def test_a_fault_of_the_mock_fails_the_prediction_instead_of_hanging_it(api, mock, caplog):
    mock.control._outputs._directory.rmdir()
    ended = await api.finish({"prompt": "x"})
    assert (ended["status"], ended["output"]) == ("failed", None)
    assert "mock_task_crashed" in caplog.text


async def test_expired_outputs_leave_the_disk(start_mock, api_of, clock):
    mock = await start_mock(clock=clock, output_ttl_s=10)
    api = api_of(mock)
    await api.finish({})
    outputs = mock.control._outputs
    (path,) = [output.path for output in outputs._outputs.values()]
    assert path.exists()
    clock.now += 10
    await api.create({})
    await eventually(lambda: not path.exists())


async def test_a_failing_text_takes_its_time_too(api, mock):
    created = await api.create({"prompt": "x", "mock_scenario": "oom, delay_s=100"}, "openai/o4-mini")
    mock.control.advance(30)
    await eventually(lambda: mock.control.status(created["id"]) == "processing")
    mock.control.advance(100)
    assert (await mock.control.ended(created["id"])).status == "failed"


@pytest.mark.parametrize("seconds", [0.0, 0.004, 3.0, 4000.0])
def test_a_line_of_progress_is_what_clients_parse(seconds):
    from replicate.prediction import Prediction

    for step in range(5):
        progress = Prediction.Progress.parse(progress_line(step, 4, seconds * random.random()))
        assert (progress.current, progress.total, progress.percentage) == (step, 4, step / 4)
