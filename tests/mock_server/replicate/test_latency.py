import random
import statistics

import pytest

from mock_server.replicate.latency import WARM_FOR_S, Latency
from mock_server.replicate.scenario import Scenario


def draws(scenario, count=2000, usual=(2.0, 5.0)):
    latency = Latency(usual, random.Random(3))
    return [latency.draw(scenario, "a/b", 0) for _ in range(count)]


def lives(scenario):
    return [phases.starting_s + phases.running_s for phases in draws(scenario)]


def test_the_usual_lives_lie_evenly_between_the_two_limits():
    drawn = lives(Scenario())
    assert 2 <= min(drawn) < 2.1
    assert 4.9 < max(drawn) <= 5
    assert statistics.mean(drawn) == pytest.approx(3.5, abs=0.1)


def test_a_life_of_its_own_is_exact():
    assert set(lives(Scenario(delay_s=7))) == {7.0}


def test_a_median_and_a_95th_percentile_are_kept():
    drawn = sorted(lives(Scenario(delay_s=3, delay_p95_s=20)))
    assert statistics.median(drawn) == pytest.approx(3, rel=0.1)
    assert drawn[1900] == pytest.approx(20, rel=0.2)


def test_a_queue_and_a_boot_are_spent_before_the_start():
    latency = Latency((1, 1), random.Random(3))
    scenario = Scenario(queue_s=10, cold_start_s=60)
    first, second = latency.draw(scenario, "a/b", 0), latency.draw(scenario, "a/b", 70)
    assert first.starting_s == pytest.approx(70.2)
    assert second.starting_s == pytest.approx(10.2)
    assert first.running_s == second.running_s == pytest.approx(0.8)
    much_later = latency.draw(scenario, "a/b", 100 + WARM_FOR_S)
    assert much_later.starting_s == pytest.approx(70.2)
    latency.reset()
    assert latency.draw(scenario, "a/b", 500).starting_s == pytest.approx(70.2)


def test_memory_for_warm_models_is_bounded():
    latency = Latency((1, 1), random.Random(3))
    for number in range(10_050):
        latency.draw(Scenario(), f"a/{number}", 0)
    assert len(latency._ran_at) == 10_000
