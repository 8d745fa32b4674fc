import dataclasses
import random

import pytest

from mock_server.replicate.scenario import Scenario
from mock_server.replicate.scenario_names import NAMED_SCENARIOS
from mock_server.replicate.scenario_reading import (
    read_scenario,
    requested_fields,
    scenario_fields,
    scenario_from,
    scenario_from_environment,
)
from mock_server.replicate.scenario_switches import ScenarioSwitches


def test_a_text_names_fields_and_bare_words_mean_yes():
    assert scenario_fields(" fail = oom , webhook_on_aborted,, delay_s=0.5 , well") == {
        "fail": "oom",
        "webhook_on_aborted": "true",
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
        ({"api_status": 200}, "api_status"),
        ({"chance": 1.5}, "chance"),
        ({"delay_p95_s": 5}, "delay_p95_s"),
        ({"delay_s": 5, "delay_p95_s": 4}, "delay_p95_s"),
        ({"output_as": "number"}, "output_as"),
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
    switches = ScenarioSwitches(Scenario(), random.Random(1))
    queued = Scenario(fail="x")
    switches.queue(queued, 2)
    assert [switches.draw({}) for _ in range(3)] == [queued, queued, Scenario()]


def test_reset_turns_everything_off():
    switches = ScenarioSwitches(Scenario(delay_s=9), random.Random(1))
    switches.default = Scenario(fail="x")
    switches.queue(Scenario(fail="y"), 3)
    switches.reset()
    assert switches.draw({}) == Scenario(delay_s=9)


def test_a_chance_befalls_its_share_of_the_creates():
    switches = ScenarioSwitches(Scenario(fail="x", chance=0.3), random.Random(1))
    failed = sum(switches.draw({}).fail == "x" for _ in range(1000))
    assert 250 < failed < 350
    assert ScenarioSwitches(Scenario(fail="x", chance=0), random.Random(1)).draw({}) == Scenario()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Scenario()),
        ("well", Scenario()),
        ("slow", Scenario(delay_s=20)),
        ("oom", Scenario(fail="oom")),
        ("director", Scenario(fail="director")),
        ("slow, webhook_copies=5, webhook_lost", Scenario(delay_s=20, webhook_copies=5, webhook_lost=True)),
        ("delay_s=3, delay_p95_s=20", Scenario(delay_s=3, delay_p95_s=20)),
    ],
)
def test_one_line_names_a_scenario(text, wanted):
    assert read_scenario(text) == wanted


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("faults.toml", 'like = "slow"\nwebhook_copies = 5\n'),
        ("faults.json", '{"delay_s": 20, "webhook_copies": 5}'),
    ],
)
def test_a_file_holds_a_scenario(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_scenario(str(tmp_path / name)) == Scenario(delay_s=20, webhook_copies=5)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("missing.toml", None, "No such file"),
        ("broken.toml", "delay_s = ", "broken.toml"),
        ("list.json", "[1]", "fields of a scenario"),
        ("like.toml", 'like = "nonsense"', "no scenario is called 'nonsense'"),
        ("like.json", '{"like": 5}', "no scenario is called 5"),
        ("field.json", '{"explode": 5}', "explode"),
    ],
)
def test_a_file_that_holds_none_is_refused_by_name(tmp_path, name, text, why):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=why) as error:
        read_scenario(str(tmp_path / name))
    assert name in str(error.value)


def test_an_unknown_word_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'slwo'.*slow, busy"):
        read_scenario("slwo")


def test_every_named_scenario_is_one():
    assert all(scenario_from(named.fields) for named in NAMED_SCENARIOS.values())
    assert len({scenario_from(named.fields) for named in NAMED_SCENARIOS.values()}) == len(NAMED_SCENARIOS)


def test_the_environment_names_a_scenario():
    assert scenario_from_environment({}) == scenario_from_environment({"MOCK_REPLICATE_SCENARIO": ""}) == Scenario()
    assert scenario_from_environment({"MOCK_REPLICATE_SCENARIO": "nsfw"}) == Scenario(fail="nsfw")
