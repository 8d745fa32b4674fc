import dataclasses

import pytest

from mock_server.replicate.scenario import (
    Scenario,
    ScenarioSwitches,
    requested_fields,
    scenario_fields,
    scenario_from,
)


def test_a_text_names_fields_and_bare_words_mean_yes():
    assert scenario_fields(" fail = oom , webhook_lost,, delay_s=0.5 ") == {
        "fail": "oom",
        "webhook_lost": "true",
        "delay_s": "0.5",
    }


def test_texts_become_the_types_of_their_fields():
    scenario = scenario_from(
        {"delay_s": "0.5", "webhook_copies": "3", "webhook_lost": "yes", "create_html": "no", "create_status": "503"}
    )
    assert scenario == Scenario(delay_s=0.5, webhook_copies=3, webhook_lost=True, create_status=503)


def test_json_values_are_taken_as_they_are():
    values = {"delay_s": 1, "hold": None, "fail": "x", "webhook_early": True}
    assert scenario_from(values) == Scenario(delay_s=1.0, fail="x", webhook_early=True)


def test_every_scenario_survives_the_way_through_json():
    scenario = Scenario(create_status=429, fail="oom", webhook_signature="stale", output="gone")
    assert scenario_from(dataclasses.asdict(scenario)) == scenario


def test_named_fields_replace_those_of_the_base():
    base = Scenario(fail="x", delay_s=3)
    assert scenario_from({"fail": None}, base) == Scenario(delay_s=3)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"explode": "1"}, "explode"),
        ({"create_status": 200}, "create_status"),
        ({"create_status": "often"}, "create_status"),
        ({"webhook_copies": 0}, "webhook_copies"),
        ({"webhook_copies": 101}, "webhook_copies"),
        ({"delay_s": -1}, "delay_s"),
        ({"delay_s": "nan"}, "delay_s"),
        ({"delay_s": "inf"}, "delay_s"),
        ({"delay_s": True}, "delay_s"),
        ({"delay_s": [1]}, "delay_s"),
        ({"webhook_lost": "maybe"}, "webhook_lost"),
        ({"webhook_lost": None}, "webhook_lost"),
        ({"output": "stolen"}, "output"),
        ({"output": ["url"]}, "output"),
        ({"hold": "succeeded"}, "hold"),
        ({"end": "succeeded"}, "end"),
    ],
)
def test_an_impossible_value_is_refused_by_name(values, named):
    with pytest.raises(ValueError, match=named):
        scenario_from(values)


def test_an_ordinary_input_asks_for_nothing():
    assert requested_fields({"prompt": "a [nice] cat", "seed": 4, "images": ["https://x/"], "mask": None}) == {}


def test_the_key_wins_over_the_text():
    asked = {"prompt": "[mock:fail=text, delay_s=1]", "mock_scenario": {"fail": "key"}}
    assert requested_fields(asked) == {"fail": "key", "delay_s": "1"}


def test_a_key_that_is_neither_object_nor_text_is_refused():
    with pytest.raises(ValueError, match="mock_scenario"):
        requested_fields({"mock_scenario": 5})


def test_a_queued_scenario_is_used_as_often_as_asked_for():
    switches = ScenarioSwitches()
    queued = Scenario(fail="x")
    switches.queue(queued, 2)
    assert [switches.draw({}) for _ in range(3)] == [queued, queued, Scenario()]


def test_reset_turns_everything_off():
    switches = ScenarioSwitches()
    switches.default = Scenario(fail="x")
    switches.queue(Scenario(fail="y"), 3)
    switches.reset()
    assert switches.draw({}) == Scenario()
